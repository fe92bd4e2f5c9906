"""Features are what was known on the day, and equal a plain loop."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import cut_panel, panel_of, random_panel

from jobs.forecasting.empirical_features import accumulate, features_at, target
from jobs.forecasting.panel import Panel

NAMES = ("run_rate", "zero_share", "age_days", "observed_days", "idle_days")


def _by_hand(panel: Panel, row: int, origin: int) -> tuple[float, float, int, int, int]:
    """Return the features of one series on one day by plain loops."""
    birth = int(panel.birth_index[row])
    if origin < birth:
        return 0.0, 1.0, 0, 0, 0
    known = [int(amount) for amount in panel.sales[row, max(birth, 0) : origin + 1]]
    total = sum(known) / len(known)
    for tenths, window in ((4, 28), (3, 56), (2, 112)):
        recent = known[-window:]
        total += tenths * (sum(recent) / len(recent))
    recent = known[-112:]
    idle = 0
    while idle < len(known) and known[-1 - idle] == 0:
        idle += 1
    zero_share = recent.count(0) / len(recent)
    return total / 10, zero_share, origin - birth + 1, len(known), idle


def test_features_equal_a_plain_loop() -> None:
    """Every feature of every series on several days is what a loop finds."""
    panel = random_panel(count=30, days=160)
    origins = np.array([0, 1, 27, 100, 159])

    features = features_at(accumulate(panel), origins)

    compared = 0
    for row in range(30):
        for place, origin in enumerate(origins):
            found = [getattr(features, name)[row, place] for name in NAMES]
            assert found == pytest.approx(_by_hand(panel, row, int(origin)))
            compared += 1
    assert compared == 150


def test_features_do_not_see_past_the_origin() -> None:
    """A panel cut at the origin gives the same bits as the whole panel."""
    panel = random_panel(days=400)
    history = accumulate(panel)

    for origin in (0, 34, 180, 398):
        cut = cut_panel(panel, panel.start_date + timedelta(days=origin))
        whole = features_at(history, np.array([origin]))
        known = features_at(accumulate(cut), np.array([origin]))
        for name in NAMES:
            assert np.array_equal(getattr(whole, name), getattr(known, name))


def test_the_target_is_the_sum_of_the_days_after_the_origin() -> None:
    """The origin's own day is history and the last day of the horizon is not lost."""
    panel = panel_of(np.array([[1, 2, 4, 8, 16], [0, 0, 300, 0, 5]]))

    sold = target(accumulate(panel), np.array([0, 1]), 3)

    assert sold.tolist() == [[14, 28], [300, 305]]


def test_a_first_sale_before_the_panel_counts_for_the_age_only() -> None:
    """The run rate divides by the days seen, the age by the days lived."""
    older = panel_of([[0, 0, 60, 0], [0, 80, 0, 0]], birth=[-96, 1])

    features = features_at(accumulate(older), np.array([3]))

    assert features.age_days[:, 0].tolist() == [100, 3]
    assert features.observed_days[:, 0].tolist() == [4, 3]
    assert features.run_rate[:, 0].tolist() == pytest.approx([15, 80 / 3])


@given(st.integers(1, 2**24), st.integers(1, 200))
def test_a_constant_series_has_exactly_its_daily_sales_as_run_rate(
    amount: int, days: int
) -> None:
    """The weights of the blend are whole tenths, so no fraction of a cent is lost."""
    panel = panel_of(np.full((2, days), float(amount)))

    features = features_at(accumulate(panel), np.array([days - 1]))

    assert features.run_rate[:, 0].tolist() == [amount, amount]


def test_whoever_ever_sold_has_a_run_rate() -> None:
    """The whole life keeps a little weight, however long the seller has been quiet."""
    sales = np.zeros((2, 700))
    sales[0, 0] = 1

    features = features_at(accumulate(panel_of(sales)), np.array([699]))

    assert features.run_rate[0, 0] > 0
    assert features.run_rate[1, 0] == 0
