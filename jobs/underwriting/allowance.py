"""Allowance for advances: stage, expected payoff and expected shortfall.

IFRS 9, 5.5: losses of twelve months in stage 1, to the end in stages 2 and 3. No
instalment is ever due, so stages go by the pace against the plan and by the days past
the planned payoff; the shortfall comes straight from the distribution of sales.
"""

from typing import NamedTuple

import numpy as np

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.distribution import (
    QuantileGrid,
    expected_minimum,
    line_at_day,
    quantile_at,
    quantile_line,
    repair,
)
from jobs.underwriting.money import round_up
from jobs.underwriting.policy import Staging
from jobs.underwriting.repayment import repayment_day

YEAR_DAYS = 365
_MEDIAN = 0.5


def stages(
    pace_rate: FloatArray,
    age_days: IntegerArray,
    past_plan_days: IntegerArray,
    staging: Staging,
) -> IntegerArray:
    """Stage 1, 2 or 3 of each advance [advances].

    ``pace_rate`` is repaid over planned, NaN before anything is planned;
    ``past_plan_days`` are the days since the planned payoff, 0 before it.
    """
    is_slow = (age_days >= staging.watch_age_days) & (
        pace_rate < staging.watch_pace_rate
    )
    is_watched = is_slow | (past_plan_days > staging.watch_past_plan_days)
    is_impaired = past_plan_days >= staging.impaired_past_plan_days
    return np.where(is_impaired, 3, np.where(is_watched, 2, 1))


class Payoff(NamedTuple):
    """Days from tonight until a balance is repaid, float64 [advances].

    By probability .10, .50 and .90, NaN beyond the last horizon; ``expected`` is a
    number in any case, 1 or more.
    """

    p10: FloatArray
    p50: FloatArray
    p90: FloatArray
    expected: FloatArray


def payoff_days(
    grid: QuantileGrid,
    balance_minor: IntegerArray,
    holdback_rates: FloatArray,
    staging: Staging,
) -> Payoff:
    """Forecast when each balance is repaid out of sales from tomorrow on.

    Where even the median sales of the last horizon H do not reach K = B / r, they are
    expected to go on as they came: H K / Q_H(1/2) days, at most the policy's longest.
    """
    line = quantile_line(repair(grid))
    owed = np.maximum(balance_minor, 1).astype(np.float64)
    # Divided here, since each advance has a holdback rate of its own.
    level = owed / holdback_rates
    p10, p50, p90 = (
        repayment_day(line, grid.horizons_days, level, 1.0, probability)
        for probability in (0.1, _MEDIAN, 0.9)
    )
    last = float(grid.horizons_days[-1])
    median = quantile_at(line_at_day(line, grid.horizons_days, last), _MEDIAN)
    with np.errstate(divide="ignore"):
        beyond = np.ceil(last * level / median)
    longest = float(staging.longest_expected_days)
    expected = np.where(np.isnan(p50), np.minimum(beyond, longest), p50)
    return Payoff(p10, p50, p90, expected)


def allowances(
    grid: QuantileGrid,
    balance_minor: IntegerArray,
    holdback_rates: FloatArray,
    expected: tuple[FloatArray, FloatArray],
    stage: IntegerArray,
) -> IntegerArray:
    """Discounted expected shortfall (D - E[min(D, r S)]) / (1 + e)^min(n, 365).

    ``expected`` are the days n until the balance B is repaid and the daily rate e. In
    stage 1, D is what of B is due within twelve months, B min(1, 365 / n); later it is
    all of B. Sales S reach to the last horizon, and what has not come by then is lost.
    Rounded up: an allowance is never short of the estimate.
    """
    days, daily_rates = expected
    share = np.where(stage == 1, np.minimum(1.0, YEAR_DAYS / days), 1.0)
    due = balance_minor * share
    line = quantile_line(repair(grid))
    last = line_at_day(line, grid.horizons_days, float(grid.horizons_days[-1]))
    collected = holdback_rates * expected_minimum(last, due / holdback_rates)
    worth = (1.0 + daily_rates) ** -np.minimum(days, YEAR_DAYS)
    # A millionth of a minor unit is what floats leave of nothing.
    return round_up(np.maximum(due - collected, 0.0) * worth, forgiving=1e-6)
