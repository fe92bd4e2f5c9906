"""Experts and features have no unit, are finite, and agree where there is no doubt."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from panels import calendars, panel_of, random_panel, scaled

from jobs.forecasting.experts import EXPERTS, LOG_FLOOR, Evidence, weigh
from jobs.forecasting.features import FEATURES, OWN, SHARED, in_order
from jobs.forecasting.panel import Panel
from jobs.forecasting.pooled import pool
from jobs.forecasting.smoothing import smooth
from jobs.forecasting.snapshot import take_snapshot, weekday_profile, year_maps

HORIZONS_DAYS = np.array([7, 30, 90, 365])
DAYS = 900


@cache
def _panel() -> Panel:
    return random_panel(40, DAYS, seed=6)


def _evidence(panel: Panel) -> Evidence:
    maps = year_maps(calendars(), panel.start_date, panel.days)
    profile = weekday_profile(panel)
    snapshot = take_snapshot(panel, maps, profile, HORIZONS_DAYS)
    origin = np.array([panel.days])
    mean, deviation = smooth(panel.sales, panel.birth_index, origin, HORIZONS_DAYS)
    pooled = pool(panel, snapshot, profile)
    return weigh(panel, snapshot, (mean[0], deviation[0]), pooled, HORIZONS_DAYS)


def _feature(evidence: Evidence, name: str) -> NDArray[np.float64]:
    return evidence.shared[:, SHARED.index(name)]


def test_everything_is_finite_at_every_age() -> None:
    """In a panel of a week, of a month and of years; of sellers who never sold, too."""
    for days in (7, 8, 29, 100, 400, DAYS):
        evidence = _evidence(_panel().cut(days))

        assert (40, 4, len(EXPERTS)) == evidence.experts.shape
        assert (40, len(FEATURES)) == evidence.features(2).shape
        for part in vars(evidence).values():
            assert np.isfinite(part).all()


def test_nothing_but_the_base_has_a_unit() -> None:
    """Sales a hundredfold have a hundredfold base and are otherwise the same."""
    here, there = _evidence(_panel()), _evidence(scaled(_panel(), 100))

    assert pytest.approx(100 * here.base, rel=1e-5) == there.base
    for name in ("experts", "shared", "own", "risk"):
        assert pytest.approx(getattr(here, name), abs=1e-3) == getattr(there, name)


def test_a_constant_series_is_expected_to_go_on_by_every_expert() -> None:
    """All four say base x 1, in euros and in yen, at every horizon."""
    panel = panel_of(np.outer(np.resize([70.0, 9_000.0], 12), np.ones(DAYS)))

    evidence = _evidence(panel)

    expected = np.outer(panel.sales[:, 0], HORIZONS_DAYS)
    assert pytest.approx(expected, rel=0.01) == evidence.base
    assert pytest.approx(np.log(1 + LOG_FLOOR), abs=0.03) == evidence.experts


def test_a_year_that_repeats_is_known_to_the_experts_of_the_year() -> None:
    """Sellers of one season each year are expected to have it again."""
    day = np.arange(1_092)
    year = 1 + 0.6 * np.sin(2 * np.pi * day / 364)
    panel = panel_of(np.outer(np.resize([300.0, 9_000.0], 12), year))
    # The panel ends where a year does, so the next 90 days are the season's rise.
    coming = year[:90].sum() / 90

    evidence = _evidence(panel)

    run_rate = evidence.base[:, 2] / 90
    expected = np.log(coming * panel.sales[:, 0] / run_rate + LOG_FLOOR)
    for name in ("own_year", "pooled_year", "seasonal"):
        found = evidence.experts[:, 2, EXPERTS.index(name)]
        assert pytest.approx(expected, abs=0.12) == found


def test_risk_grows_with_sparsity_and_idleness() -> None:
    """Who sells daily is the safest, who has gone quiet the riskiest."""
    sales = np.zeros((3, 400))
    sales[0], sales[1, ::9], sales[2, :340] = 100.0, 900.0, 100.0

    risk = _evidence(panel_of(sales)).risk

    assert risk[0] < risk[1]
    assert risk[0] < risk[2]


def test_only_series_with_a_past_are_learned_from() -> None:
    """28 days of life and a sale in the last 120, a sale before the panel or none."""
    sales = np.zeros((5, 400))
    sales[0, 372:], sales[1, 373:] = 5.0, 5.0
    sales[2, 300], sales[3, 200] = 5.0, 5.0

    is_typical = _evidence(panel_of(sales)).is_typical

    assert is_typical.tolist() == [True, False, True, False, False]


def test_features_say_what_their_names_say() -> None:
    """Idle days, zero shares and size, in a market of hand-made sellers."""
    sales = np.outer([1.0, 100, 1, 100, 4, 100], np.ones(400))
    sales[0, 390:], sales[1, 1::2] = 0.0, 0.0
    evidence = _evidence(panel_of(sales))

    assert pytest.approx(np.log1p(10)) == _feature(evidence, "idle")[0]
    assert pytest.approx(0.5) == _feature(evidence, "zero_28")[1]
    assert pytest.approx(0.5, abs=0.02) == _feature(evidence, "zero_112")[1]
    assert _feature(evidence, "size").argmax() == 4
    assert {1.0} == set(_feature(evidence, "one"))
    assert pytest.approx(0, abs=0.01) == _feature(evidence, "size")[2]


def test_growth_over_the_year_has_its_sign() -> None:
    """Twice last year's sales is log 2, half is its opposite; without a year 0."""
    sales = np.full((12, 800), 100.0)
    sales[0, 436:], sales[1, 436:], sales[2, :600] = 200.0, 50.0, 0.0

    growth = _feature(_evidence(panel_of(sales)), "year_growth")

    assert pytest.approx([np.log(2), -np.log(2), 0.0], abs=0.05) == growth[:3]
    assert growth[2] == 0.0


def test_features_come_in_their_order_or_not_at_all() -> None:
    """A name that is missing is an error, not a shift of columns."""
    columns = {name: np.full(2, float(place)) for place, name in enumerate(OWN)}

    assert [list(range(len(OWN)))] * 2 == in_order(columns, OWN).tolist()
    with pytest.raises(KeyError, match="smoothing"):
        in_order({name: columns[name] for name in OWN if name != "smoothing"}, OWN)


def test_the_names_are_told_apart() -> None:
    """Every feature has a name of its own."""
    assert len(set(FEATURES)) == len(FEATURES)
    assert FEATURES[0] == "one"


def test_sellers_are_read_alone() -> None:
    """Given what is pooled, no seller's evidence depends on another's."""
    panel = _panel()
    maps = year_maps(calendars(), panel.start_date, panel.days)
    profile = weekday_profile(panel)
    pooled = pool(panel, take_snapshot(panel, maps, profile, HORIZONS_DAYS), profile)

    def read(part: Panel) -> Evidence:
        snapshot = take_snapshot(part, maps, profile, HORIZONS_DAYS)
        origin = np.array([part.days])
        mean, deviation = smooth(part.sales, part.birth_index, origin, HORIZONS_DAYS)
        return weigh(part, snapshot, (mean[0], deviation[0]), pooled, HORIZONS_DAYS)

    whole = read(panel)
    for row in range(40):
        alone = read(panel.take(np.array([row])))
        for name, part in vars(alone).items():
            assert getattr(whole, name)[row].tobytes() == part[0].tobytes(), name


def test_closed_days_are_no_days_without_sales() -> None:
    """A seller open on two days a week who always sells is not sparse."""
    sales = np.zeros((4, 300))
    sales[:, 0::7], sales[:, 3::7], sales[1:] = 50.0, 50.0, 60.0
    panel = panel_of(sales)
    is_open = panel.is_open.copy()
    is_open[0] = sales[0] > 0

    open_always = _evidence(panel)
    closed = _evidence(replace(panel, is_open=is_open))

    assert _feature(open_always, "zero_112")[0] > 0.6
    assert _feature(closed, "zero_112")[0] == 0.0
