"""The allowance: published sums, stages at their thresholds, and what it never does."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from unit.underwriting.builders import grid, policy

from jobs.underwriting.allowance import allowances, payoff_days, stages
from jobs.underwriting.arrays import IntegerArray
from jobs.underwriting.distribution import QuantileGrid

STAGING = policy().staging
#: Owed in euro cents and in yen, held back at 10 and at 20 %.
BALANCES, HOLDBACKS = np.array([1_000_000, 90_000]), np.array([0.10, 0.20])


def lost_with(probability: float, share: float, owed: float) -> QuantileGrid:
    """Return a year's sales that repay ``owed`` at 10 %, or all but ``share`` of it."""
    level = owed / 0.10
    probabilities = np.array([1e-15, probability, probability + 1e-15, 0.99])
    values = level * np.array([1 - share, 1 - share, 1, 1])
    return QuantileGrid(values[None, None, :], np.array([365]), probabilities)


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.015, 30_000), (0.12, 240_000)]
)
def test_the_shortfall_is_probability_times_loss_times_exposure(
    probability: float, expected: int
) -> None:
    """1.5 % x 40 % x 5m = 30,000, and 12 % x 40 % x 5m = 240,000."""
    found = allowances(
        lost_with(probability, 0.4, 5e6),
        np.array([5_000_000]),
        np.array([0.10]),
        (np.array([200.0]), np.zeros(1)),
        np.array([1]),
    )

    assert found.tolist() == [expected]


def stage_of(pace: float, age_days: int, past_plan_days: int) -> int:
    """Return the stage of one advance by the policy in force."""
    assert STAGING
    one = (np.array([pace]), np.array([age_days]), np.array([past_plan_days]))
    return int(stages(*one, STAGING)[0])


@pytest.mark.parametrize(
    ("pace", "age_days", "past_plan_days", "expected"),
    [
        (np.nan, 0, 0, 1),
        (0.0, 29, 0, 1),
        (0.249, 30, 0, 2),
        (0.25, 30, 0, 1),
        (0.99, 200, 30, 1),
        (0.99, 200, 31, 2),
        (0.99, 200, 89, 2),
        (0.99, 200, 90, 3),
    ],
)
def test_stages_begin_at_their_thresholds(
    pace: float, age_days: int, past_plan_days: int, expected: int
) -> None:
    """Slow from day 30, late from day 31, impaired from day 90 after the plan."""
    assert stage_of(pace, age_days, past_plan_days) == expected


def allowance(days: float, stage: int, daily_minor: list[float]) -> IntegerArray:
    """Return the allowances of both sellers, their payoff so many days away."""
    expected = (np.full(2, days), np.full(2, 0.001))
    return allowances(
        grid(daily_minor), BALANCES, HOLDBACKS, expected, np.full(2, stage)
    )


def test_twelve_months_and_the_end_differ_only_beyond_a_year() -> None:
    """What is due after twelve months is no loss of stage 1, but of stage 2 and 3."""
    slow = [15_000.0, 600.0]

    assert (allowance(300, 1, slow) == allowance(300, 2, slow)).all()
    assert (allowance(700, 1, slow) < allowance(700, 2, slow)).all()
    assert (allowance(700, 2, slow) == allowance(700, 3, slow)).all()


def test_who_sells_more_needs_less_and_who_sells_nothing_all() -> None:
    """The allowance falls with sales; without any it is the discounted balance."""
    nothing, little, much = (
        allowance(365, 2, [factor * 30_000.0, factor * 1_200.0])
        for factor in (0, 1, 1.5)
    )

    assert nothing.tolist() == np.ceil(BALANCES * 1.001**-365).tolist()
    assert (nothing > little).all()
    assert (little > much).all()


def test_a_grid_that_falls_is_repaired_first() -> None:
    """A later horizon forecast below an earlier one counts as what came before it."""
    assert STAGING
    whole = grid([15_000.0, 600.0])
    fallen = whole.values.copy()
    fallen[:, -1] = 0.5 * fallen[:, -2]
    mended = whole.values.copy()
    mended[:, -1] = mended[:, -2]
    expected = (np.full(2, 300.0), np.full(2, 0.001))
    found, wanted = (
        (
            payoff_days(each, BALANCES, HOLDBACKS, STAGING).expected.tolist(),
            allowances(each, BALANCES, HOLDBACKS, expected, np.full(2, 2)).tolist(),
        )
        for each in (replace(whole, values=fallen), replace(whole, values=mended))
    )

    assert found == wanted


def test_payoffs_beyond_the_grid_go_on_as_the_median_came() -> None:
    """Within the grid the median's day; beyond it more of the same, to a limit."""
    assert STAGING
    sold: Any = grid([100_000.0, 1_000.0], spread=0.0)
    payoff = payoff_days(sold, BALANCES, HOLDBACKS, STAGING)
    none = payoff_days(grid([10_000.0, 0.0]), BALANCES, HOLDBACKS, STAGING)

    assert payoff.p50[0] == payoff.expected[0] == 100
    assert np.isnan(payoff.p50[1])
    assert payoff.expected[1] == 450
    assert none.expected.tolist() == [730, 730]
