"""The rate solver: whatever the flows, a small residual or a stated outcome."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.rate import (
    AT_ONCE,
    BELOW,
    FOUND,
    NEGATIVE,
    NEVER,
    RESIDUAL_RATE,
    Payments,
    period_rates,
)

RUN = st.tuples(
    st.one_of(st.just(0), st.integers(1, 10**13)),  # up to 100 billion euros
    st.integers(0, 20_000),  # fifty years of days
    st.one_of(st.just(0.0), st.floats(1e-6, 0.999)),
    st.integers(1, 4_000),
)


def payments(*rows: list[tuple[float, float, float, float]]) -> Payments:
    """Return payments of rows of (amount, t, f, count), as many runs in each."""
    values = np.array(rows, dtype=np.float64)
    return Payments(*np.moveaxis(values, 2, 0))


def worth(rate: float, runs: list[tuple[float, float, float, float]]) -> float:
    """Add up every single payment's worth at a rate of its period."""
    with np.errstate(over="ignore"):  # what is worth nothing any more
        return sum(
            amount / ((1 + f * rate) * (1 + rate) ** (t + period))
            for amount, t, f, count in runs
            for period in range(int(count))
        )


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**13), st.lists(RUN, min_size=1, max_size=5))
def test_always_converges_or_says_why_not(
    advance: int, runs: list[tuple[int, int, float, int]]
) -> None:
    """Extreme flows have a rate of the right sign, or an outcome that fits them."""
    found = period_rates(np.array([float(advance)]), payments(runs))
    outcome, rate = found.outcome[0], found.period_rate[0]
    total = sum(amount * count for amount, _, _, count in runs)
    at_once = sum(amount for amount, t, f, _ in runs if t == 0 and f == 0)

    if outcome in {FOUND, NEGATIVE}:
        assert abs(found.residual_rate[0]) <= RESIDUAL_RATE
        assert (outcome == NEGATIVE) == (total < advance)
        assert rate <= 0 if total <= advance else rate >= 0
    elif outcome == BELOW:
        assert total < advance
        assert all(t + count - 1 == 0 for amount, t, _, count in runs if amount)
    else:
        assert np.isnan(rate)
        assert outcome == (NEVER if total == 0 else AT_ONCE)
        assert total == 0 or at_once >= advance


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**9),
            st.lists(
                st.tuples(
                    st.integers(1, 10**8),
                    st.integers(1, 60),
                    st.sampled_from([0.0, 0.25, 19 / 30]),
                    st.integers(1, 40),
                ),
                min_size=3,
                max_size=3,
            ),
        ),
        min_size=2,
        max_size=4,
    )
)
def test_many_at_once_are_each_as_a_plain_loop_finds_it(
    cases: list[tuple[int, list[tuple[int, int, float, int]]]],
) -> None:
    """The sum over single payments, at the rate found in one call, is the advance."""
    advances = np.array([float(advance) for advance, _ in cases])
    found = period_rates(advances, payments(*(runs for _, runs in cases)))

    for place, (advance, runs) in enumerate(cases):
        if found.period_rate[place] > -0.9:
            assert worth(found.period_rate[place], runs) == pytest.approx(advance)
        alone = period_rates(advances[[place]], payments(runs))
        assert found.period_rate[place] == pytest.approx(alone.period_rate[0])


def test_no_rate_for_an_advance_of_nothing() -> None:
    """An advance of 0 and a negative payment are refused with what is expected."""
    with pytest.raises(ValueError, match="above 0, and no payment below"):
        period_rates(np.array([0.0]), payments([(1, 1, 0, 1)]))
    with pytest.raises(ValueError, match="above 0, and no payment below"):
        period_rates(np.array([1.0]), payments([(-1, 1, 0, 1)]))
