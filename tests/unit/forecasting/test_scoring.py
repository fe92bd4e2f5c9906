"""Scores are the formulas, checked by hand and against plain loops."""

from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray
from panels import panel_of

from jobs.forecasting import scoring
from jobs.forecasting.grid import PROBABILITIES
from jobs.forecasting.naive import seasonal_naive
from jobs.forecasting.panel import Panel


def made_up(count: int = 40) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return outcomes and rising quantiles of as many rows."""
    random = np.random.default_rng(3)
    actual = np.round(random.gamma(1.0, 100.0, count))
    quantiles = np.sort(random.gamma(1.0, 100.0, (count, len(PROBABILITIES))), axis=1)
    return actual, quantiles


def test_the_loss_of_one_row_is_the_formula_by_hand() -> None:
    """All quantiles at 8 with 10 sold: 2 x the mean of p x 2, over 10."""
    actual, quantiles = np.array([10.0]), np.full((1, 11), 8.0)
    mean_probability = sum(PROBABILITIES) / 11

    found = scoring.weighted_quantile_loss(actual, quantiles, np.array(["EUR"]))

    assert pytest.approx(2 * mean_probability * 2 / 10) == found


def test_the_loss_equals_a_plain_loop() -> None:
    """The vectorised loss is the sum of rho over rows and probabilities."""
    actual, quantiles = made_up()
    total = 0.0
    for row, sold in enumerate(actual):
        for place, probability in enumerate(PROBABILITIES):
            miss = sold - quantiles[row, place]
            total += 2 * (probability * miss if miss > 0 else (probability - 1) * miss)

    found = scoring.weighted_quantile_loss(actual, quantiles, np.full(40, "EUR"))

    assert pytest.approx(total / 11 / actual.sum()) == found


def test_currencies_are_never_added() -> None:
    """Yen in hundredfold numbers weigh no more than euros do."""
    actual, quantiles = made_up()
    currency = np.array(["EUR", "JPY"] * 20)
    factor = np.where(currency == "JPY", 100.0, 1.0)
    by_currency = [
        scoring.weighted_quantile_loss(
            actual[currency == code], quantiles[currency == code], np.full(20, code)
        )
        for code in ("EUR", "JPY")
    ]

    found = scoring.weighted_quantile_loss(
        actual * factor, quantiles * factor[:, None], currency
    )

    assert pytest.approx(sum(by_currency) / 2) == found


def test_nothing_sold_has_no_loss_to_weigh() -> None:
    """Without any sales the weighted loss is not a number, not an error."""
    found = scoring.weighted_quantile_loss(
        np.zeros(2), np.ones((2, 11)), np.array(["EUR", "JPY"])
    )

    assert np.isnan(found)


@pytest.mark.parametrize(
    ("actual", "expected"), [(4.0, 1.0), (8.0, 1.0), (3.9, 0.0), (8.1, 0.0)]
)
def test_a_band_includes_its_edges(actual: float, expected: float) -> None:
    """Quantiles 1 … 11: the 80 % band runs from q0.1 = 4 to q0.9 = 8."""
    quantiles = np.arange(1.0, 12.0)[None, :]

    found = scoring.coverage(np.array([actual]), quantiles, scoring.BAND_80)

    assert expected == found.inside


def test_the_wide_band_is_from_the_second_to_the_second_last() -> None:
    """The 95 % band of quantiles 1 … 11 runs from 2 to 10; three outcomes lie above."""
    quantiles = np.tile(np.arange(1.0, 12.0), (8, 1))
    actual = np.array([1.5, 2.0, 3.0, 9.0, 10.0, 10.5, 11.0, 12.0])

    found = scoring.coverage(actual, quantiles, scoring.BAND_95)

    assert scoring.Coverage(1 / 8, 4 / 8, 3 / 8) == found


def test_nothing_lies_below_an_end_of_zero() -> None:
    """A seller who may sell nothing: a band from 0 holds each 0 and says so."""
    quantiles = np.concatenate([np.zeros((5, 4)), np.full((5, 7), 9.0)], axis=1)
    actual = np.array([0.0, 0.0, 1.0, 9.0, 10.0])

    found = scoring.coverage(actual, quantiles, scoring.BAND_80)

    assert scoring.Coverage(0.0, 4 / 5, 1 / 5) == found


def test_brier_and_calibration_error_by_hand() -> None:
    """Events said at .1 and .9, and neither happened: bins are .1 and .9 off."""
    probability = np.array([[0.1], [0.9]])
    happened = np.array([[False], [False]])
    bins = scoring.reliability(probability, happened)

    assert pytest.approx((0.01 + 0.81) / 2) == scoring.brier_score(
        probability, happened
    )
    assert pytest.approx((0.1 + 0.9) / 2) == scoring.calibration_error(bins)
    assert bins.count.tolist() == [1, 0, 0, 0, 0, 1]


def test_calibration_error_equals_a_plain_loop() -> None:
    """Each event falls into one of six bins; the error weighs bins by their events."""
    random = np.random.default_rng(5)
    probability = random.random((50, 4))
    probability[0] = [0.0, 1.0, 1 / 6, 5 / 6]
    happened = random.random((50, 4)) < probability**2
    members: list[list[tuple[float, bool]]] = [[] for _ in range(6)]
    for said, seen in zip(probability.ravel(), happened.ravel(), strict=True):
        members[min(int(said * 6), 5)].append((float(said), bool(seen)))
    total = 0.0
    for inside in members:
        said_mean = sum(said for said, _ in inside) / len(inside)
        seen_mean = sum(seen for _, seen in inside) / len(inside)
        total += len(inside) * abs(said_mean - seen_mean)

    found = scoring.calibration_error(scoring.reliability(probability, happened))

    assert pytest.approx(total / 200) == found


def test_no_events_have_no_scores() -> None:
    """Without events the Brier score and the calibration error are not numbers."""
    nothing, never = np.zeros((0, 4)), np.zeros((0, 4), dtype=np.bool_)

    assert np.isnan(scoring.brier_score(nothing, never))
    assert np.isnan(scoring.calibration_error(scoring.reliability(nothing, never)))


def test_the_trailing_rate_is_limited_by_age() -> None:
    """An old series averages 91 days, a young one its life, an unborn one is 0."""
    sales = np.ones((3, 120)) * [[2.0], [7.0], [0.0]]
    sales[1, :110] = 0.0

    found = scoring.trailing_rate(panel_of(sales, birth=[0, 110, 120]))

    assert found.tolist() == [2.0, 7.0, 0.0]


def test_the_zero_share_counts_open_days_since_birth() -> None:
    """Half of the open days without a sale is .5, closed and unborn days aside."""
    sales = np.zeros((2, 10))
    sales[:, [0, 9]] = 5.0
    panel = panel_of(sales, birth=[0, 8])
    is_open = panel.is_open.copy()
    is_open[0, 3:9] = False

    found = scoring.zero_share(
        Panel(**{**vars(panel), "is_open": is_open})  # type: ignore[arg-type]
    )

    assert found.tolist() == [0.5, 0.5]


def test_event_levels_are_shares_of_what_the_rate_promises() -> None:
    """A rate of 10 a day over 30 days promises 300."""
    found = scoring.event_levels(np.array([10.0]), 30)

    assert pytest.approx([180.0, 240.0, 285.0, 330.0]) == found[0].tolist()


def test_deciles_split_evenly_and_keep_equal_values_together() -> None:
    """A hundred different values make tens; one value repeated stays together."""
    assert np.bincount(scoring.decile_of(np.arange(100.0))).tolist() == [10] * 10
    assert len(set(scoring.decile_of(np.ones(7)).tolist())) == 1


@pytest.mark.parametrize("horizon_days", [1, 6, 7, 8, 30, 365])
def test_seasonal_naive_equals_a_plain_loop(horizon_days: int) -> None:
    """Mean and variance of the sum follow from adding day by day."""
    random = np.random.default_rng(9)
    sales = np.round(random.gamma(2.0, 50.0, (2, 40)))
    panel = panel_of(sales, birth=[0, 12])
    expected = np.zeros((2, 11))
    for row, birth in enumerate([0, 12]):
        changes = [sales[row, t] - sales[row, t - 7] for t in range(birth + 7, 40)]
        variance = sum(change**2 for change in changes) / len(changes)
        mean = sum(sales[row, 33 + day % 7] for day in range(horizon_days))
        factor = 0
        for position in range(7):
            days = len(range(position, horizon_days, 7))
            factor += sum(k * k for k in range(1, days + 1))
        normal = NormalDist(mean, (variance * factor) ** 0.5)
        expected[row] = [max(normal.inv_cdf(p), 0.0) for p in PROBABILITIES]

    found = seasonal_naive(panel, np.array([horizon_days]))[:, 0]

    assert np.allclose(expected, found, rtol=1e-6)


def test_seasonal_naive_of_a_series_of_one_week_has_no_spread() -> None:
    """Three days known: the two that sold come again each week, for certain."""
    sales = np.array([[0.0, 3.0, 4.0], [0.0, 300.0, 400.0]])

    found = seasonal_naive(panel_of(sales, birth=[1, 1]), np.array([7, 14]))

    assert found[:, :, 0].tolist() == [[7.0, 14.0], [700.0, 1400.0]]
    assert np.array_equal(found[..., 0], found[..., -1])
