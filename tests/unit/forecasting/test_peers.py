"""Peers get each series as they like it best, and give quantiles of its sums."""

from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray
from panels import panel_of

from jobs import peers
from jobs.forecasting.grid import PROBABILITIES
from jobs.forecasting.naive import seasonal_naive
from jobs.peers import (
    cumulative_quantiles,
    forecast_peer,
    histories_of,
    peer_pool,
    require_peers,
)
from jobs.settings import ConfigurationError


def needs(library: str) -> pytest.MarkDecorator:
    """Return the mark of a test that runs only where ``library`` is installed."""
    return pytest.mark.skipif(
        find_spec(library) is None,
        reason=f"{library} is not installed: pip install --editable '.[peers]'",
    )


PEERS = [
    pytest.param(name, marks=needs(library))
    for library, names in peers.LIBRARIES.items()
    for name in names
]


def seasonal_sales(days: int = 120) -> NDArray[np.float64]:
    """Return two sellers with a weekly season, the second one hundredfold."""
    random = np.random.default_rng(1)
    week = np.resize([10.0, 12, 14, 16, 18, 30, 40], days)
    return np.round(week * random.gamma(9.0, 1 / 9, (2, days)) * [[1.0], [100.0]])


def test_a_daily_history_begins_with_its_first_row() -> None:
    """Every day since the first counts, and a step is a day."""
    sales = seasonal_sales()
    old, young = histories_of(panel_of(sales, [0, 100]), np.array([30, 90]))

    assert old.values.tolist() == sales[0].tolist()
    assert young.values.tolist() == sales[1, 100:].tolist()
    assert old.steps.tolist() == [30, 90]
    assert (old.season_length, old.frequency) == (7, "D")


def test_a_weekly_history_holds_the_weeks_only() -> None:
    """Values on one weekday make weeks, as many ahead as the horizon holds."""
    sales = np.zeros((2, 800))
    sales[:, 3::7] = 5.0
    old, young = histories_of(panel_of(sales, [3, 500]), np.array([1, 28, 91]))

    assert old.values.tolist() == [5.0] * len(range(3, 800, 7))
    assert young.values.tolist() == [5.0] * len(range(500, 800, 7))
    ahead = [len([d for d in range(800, 800 + h) if d % 7 == 3]) for h in (1, 28, 91)]
    assert old.steps.tolist() == ahead
    assert (old.season_length, young.season_length) == (52, 1)
    assert old.frequency == "W"


def test_quantiles_are_of_the_sums_of_paths() -> None:
    """No step sums to 0, two steps to both values, and nothing falls below 0."""
    paths = np.array([[1.0, 2.0], [3.0, 4.0], [-9.0, 1.0]])

    found = cumulative_quantiles(paths, np.array([0, 1, 2]))

    assert found[0].tolist() == [0.0] * 11
    assert found[1, 5] == 1.0
    expected = np.maximum(np.quantile([3.0, 7.0, -8.0], PROBABILITIES), 0.0)
    assert found[2].tolist() == expected.tolist()


def test_an_unknown_peer_is_refused() -> None:
    """The message lists those there are."""
    with pytest.raises(ConfigurationError, match="no peer 'prophet'; there are stats"):
        require_peers(["statsmodels", "prophet"])


def test_a_peer_that_is_not_installed_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra that installs it is in the message."""
    monkeypatch.setattr(peers, "find_spec", lambda _name: None)

    with pytest.raises(ConfigurationError, match=r"run pip install --editable '"):
        require_peers(["flaircast"])


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_forecasts_each_series(name: str) -> None:
    """Medians lie near what the season promises, in each seller's own unit."""
    panel = panel_of(seasonal_sales(), [0, 0])

    with peer_pool() as pool:
        found = forecast_peer(name, panel, np.array([7, 28]), pool)

    assert found.failed_count == 0
    assert found.quantiles.shape == (2, 2, 11)
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()
    promised = np.outer([1.0, 100.0], [140.0, 560.0])
    assert np.allclose(found.quantiles[..., 5] / promised, 1.0, atol=0.25)


@needs("statsforecast")
def test_a_series_on_which_a_peer_fails_is_counted() -> None:
    """Three values are too few for AutoTheta; SeasonalNaive speaks in its place."""
    panel = panel_of(seasonal_sales(), [0, 117])
    horizons_days = np.array([7, 28])

    with peer_pool() as pool:
        found = forecast_peer("AutoTheta", panel, horizons_days, pool)

    assert found.failed_count == 1
    assert np.count_nonzero(found.has_failed) == 1
    assert found.first_error == "NotImplementedError: tiny datasets"
    naive = seasonal_naive(panel, horizons_days)
    assert np.array_equal(naive[1], found.quantiles[1])
    assert not np.array_equal(naive[0], found.quantiles[0])


@needs("statsforecast")
@pytest.mark.parametrize("form", ["AAN", "AAA", "MAN", "MAA", "MAM"])
def test_the_simulation_is_that_of_statsforecast(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same errors a path equals the library's own, for forms it can do."""
    from statsforecast.ets import etssimulate, switch  # noqa: PLC0415 - may be absent
    from statsforecast.models import AutoETS  # noqa: PLC0415 - may be absent

    values = seasonal_sales()[0]
    model = AutoETS(season_length=7, model=form).fit(values).model_
    monkeypatch.setattr(peers, "PATHS", 1)
    noise = np.random.default_rng(0).normal(size=20) * np.sqrt(model["sigma2"])
    alpha, beta, gamma, phi = (np.nan_to_num(part) for part in model["par"][:4])
    error, trend, season, damped = model["components"]
    expected = np.zeros(20)
    etssimulate(
        np.asarray(model["states"])[-1],
        7,
        switch(error),
        switch(trend),
        switch(season),
        alpha,
        beta,
        gamma,
        phi if damped != "N" else 1.0,
        20,
        expected,
        noise,
    )

    found = peers.simulate_ets(model, 20)[0]

    assert np.allclose(expected, found, rtol=1e-12)
