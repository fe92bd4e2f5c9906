"""Estimated payments against a loop over single days."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.distribution import quantile_line, repair
from jobs.underwriting.estimate import (
    LONGEST_DAYS,
    Estimate,
    Minimum,
    Pace,
    estimate_payments,
    historical_pace,
    underwriting_pace,
)

from .builders import HORIZONS, grid

ENDS = np.array([7, 30, 90])


def looped(
    daily: list[int], owed: int, interval: int, minimum: int
) -> dict[int, float]:
    """Pay day after day: the pace, and what is missing at the end of an interval."""
    balance, start, paid = float(owed), float(owed), {}
    for day in range(1, LONGEST_DAYS + 1):
        stretch = min(int(np.searchsorted(ENDS, day)), len(daily) - 1)
        payment = min(float(daily[stretch]), balance)
        if interval and day % interval == 0:
            due = min(minimum, start)
            payment += min(max(due - (start - balance + payment), 0), balance - payment)
            start = balance - payment
        if payment:
            paid[day] = payment
        balance -= payment
    return paid


def by_day(estimate: Estimate, seller: int) -> dict[int, float]:
    """Return the payments of one seller, every run written out."""
    paid: dict[int, float] = {}
    runs = estimate.payments
    for run in range(runs.amounts.shape[1]):
        amount = runs.amounts[seller, run]
        first, count = int(runs.periods[seller, run]), int(runs.counts[seller, run])
        for day in range(first, first + count if amount else first):
            paid[day] = paid.get(day, 0.0) + amount
    return paid


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 400), min_size=3, max_size=3), min_size=2, max_size=3
    ),
    st.integers(1, 30_000),
    st.sampled_from([(0, 0), (60, 500), (30, 5), (45, 100_000)]),
)
def test_pays_as_a_loop_over_days_does(
    daily: list[list[int]], owed: int, agreed: tuple[int, int]
) -> None:
    """Runs written out are the payments of each day, minimums included."""
    interval, amount = agreed
    sellers = len(daily)
    minimum = Minimum(interval, np.full(sellers, amount)) if interval else None
    pace = Pace(np.array(daily, dtype=np.float64), ENDS)
    estimate = estimate_payments(pace, np.full(sellers, owed), minimum)

    for seller in range(sellers):
        expected = looped(daily[seller], owed, interval, amount)
        assert expected == pytest.approx(by_day(estimate, seller))
        is_repaid = sum(expected.values()) == owed
        term = float(max(expected)) if is_repaid else np.nan
        assert term == pytest.approx(estimate.term_days[seller], nan_ok=True)


def test_expected_sales_pass_through_every_horizon() -> None:
    """What the underwriting method pays by a horizon is r E[S] there, and goes on."""
    line = quantile_line(repair(grid([25_000.0, 1_800_000.0])))
    pace = underwriting_pace(line, HORIZONS, 0.1)

    lengths = np.diff(HORIZONS, prepend=0)
    paid = (pace.daily * lengths).cumsum(axis=1)
    assert 0.1 * line.integrals[-1] == pytest.approx(paid)
    owed = np.rint(paid[:, -1] + 10 * pace.daily[:, -1]).astype(np.int64)
    assert estimate_payments(pace, owed).term_days == pytest.approx(375, abs=1)


@pytest.mark.parametrize("months", [3, 13])
def test_mean_sales_are_of_four_to_twelve_months(months: int) -> None:
    """Another number of months is refused."""
    with pytest.raises(ValueError, match="4 to 12 months"):
        historical_pace(np.full((2, months), 100), 0.1)
