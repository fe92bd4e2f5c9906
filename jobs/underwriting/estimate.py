"""Estimated payments: how an owed amount is repaid out of sales that are assumed.

Sales are a number of each day here, no distribution: the mean of past months
(historical method) or our own expectation (underwriting method). Each day the holdback
rate of them is paid until nothing is left; where a minimum is agreed, what is missing
to it is paid at the end of its interval.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileLine
from jobs.underwriting.money import round_half_up
from jobs.underwriting.policy import Policy
from jobs.underwriting.rate import Payments

#: Nothing is estimated beyond ten years.
LONGEST_DAYS = 3_650
MONTHS = range(4, 13)  # Mean sales are of a fixed number of months: 4 to 12.

_WHOLE = 1e-9  # A last payment smaller than this share of a day's is a rounding error.


@dataclass(frozen=True)
class Minimum:
    """Least to be repaid in each interval, minor units [sellers]."""

    interval_days: int
    amount_minor: IntegerArray


def agreed_minimum(owed_minor: IntegerArray, policy: Policy) -> Minimum | None:
    """Return the policy's share of what is owed [sellers]; None where it asks none."""
    if policy.minimums is None:
        return None
    amount = round_half_up(owed_minor / policy.minimums.owed_parts)
    return Minimum(policy.minimums.interval_days, amount)


@dataclass(frozen=True)
class Pace:
    """Holdback a day, float64 [sellers, stretches] in minor units.

    A stretch ends with its day in ``ends_days``, the last one never.
    """

    daily: FloatArray
    ends_days: IntegerArray


class Estimate(NamedTuple):
    """Payments in days from the advance, and the day of the last [sellers].

    ``term_days`` is NaN where nothing more is paid before all is repaid.
    """

    payments: Payments
    term_days: FloatArray


def historical_pace(monthly_sales_minor: IntegerArray, holdback_rate: float) -> Pace:
    """Return p = r x mean monthly sales x 12 / 365 a day, for ever.

    ``monthly_sales_minor`` is [sellers, months], the last 4 to 12 months.

    Raises:
        ValueError: another number of months.

    """
    months = monthly_sales_minor.shape[1]
    if months not in MONTHS:
        message = f"Mean sales are of 4 to 12 months, not of {months}."
        raise ValueError(message)
    return steady_pace(monthly_sales_minor.sum(axis=1) / months, holdback_rate)


def steady_pace(mean_month_minor: FloatArray, holdback_rate: float) -> Pace:
    """Return p = r x mean monthly sales x 12 / 365 a day, for ever; 0 if below it."""
    daily = holdback_rate * np.maximum(mean_month_minor, 0.0) * 12 / 365
    return Pace(daily[:, None], np.array([LONGEST_DAYS]))


def underwriting_pace(
    line: QuantileLine, horizons_days: IntegerArray, holdback_rate: float
) -> Pace:
    """Return r (E[S_b] - E[S_a]) / (b - a) a day between horizons; the last goes on.

    ``line`` is [edges, sellers, horizons]; E[S] is the whole integral of Q.
    """
    expected = np.maximum.accumulate(line.integrals[-1], axis=1)
    lengths = np.diff(horizons_days, prepend=0)
    daily = holdback_rate * np.diff(expected, axis=1, prepend=0.0) / lengths
    return Pace(daily, horizons_days)


def estimate_payments(
    pace: Pace, owed_minor: IntegerArray, minimum: Minimum | None = None
) -> Estimate:
    """Pay the pace each day until what is owed is repaid; the last payment is the rest.

    At the end of an interval what is missing to min(minimum, balance at its start) is
    paid too. Every array is [sellers].
    """
    balance = owed_minor.astype(np.float64)
    start_balance, term = balance.copy(), np.full(balance.shape, np.nan)
    runs: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    start = 0
    for end in _ends(pace, minimum):
        if runs and not (balance > 0).any():
            break
        column = min(int(np.searchsorted(pace.ends_days, end)), pace.daily.shape[1] - 1)
        daily = pace.daily[:, column]
        days, is_last = _days(balance, daily, end - start)
        balance = balance - days * daily
        rest, day = np.where(is_last, balance, 0.0), start + days + 1
        if minimum and end % minimum.interval_days == 0:
            due = np.minimum(minimum.amount_minor, start_balance)
            missing = np.clip(due - (start_balance - balance), 0.0, balance)
            rest = np.where(is_last, rest, missing)
            day = np.where(is_last, day, float(end))
        balance = np.where(rest >= balance, 0.0, balance - rest)
        term = np.where((balance == 0) & np.isnan(term), day, term)
        runs += [(daily, np.full(balance.shape, start + 1.0), days)]
        runs += [(rest, day, np.ones(balance.shape))]
        if minimum and end % minimum.interval_days == 0:
            start_balance = balance.copy()
        start = end
    return Estimate(_payments(runs), term)


def _ends(pace: Pace, minimum: Minimum | None) -> list[int]:
    """Days at which the pace may change or a minimum is due, up to the longest."""
    ends = {int(day) for day in pace.ends_days[:-1]} | {LONGEST_DAYS}
    if minimum:
        ends |= set(range(minimum.interval_days, LONGEST_DAYS, minimum.interval_days))
    return sorted(ends)


def _days(
    balance: FloatArray, daily: FloatArray, length: int
) -> tuple[FloatArray, BooleanArray]:
    """Whole days of full payments, and whether the day after pays the rest."""
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(daily > 0, np.ceil(balance / daily - _WHOLE), np.inf)
    is_last = (balance > 0) & (needed <= length)
    days = np.where(is_last, needed - 1, np.where(balance > 0, float(length), 0.0))
    return days, is_last


def _payments(runs: list[tuple[FloatArray, FloatArray, FloatArray]]) -> Payments:
    amounts, periods, counts = (
        np.stack([run[part] for run in runs], axis=1) for part in range(3)
    )
    is_paid: npt.NDArray[np.bool_] = (counts > 0) & (amounts > 0)
    used = np.asarray(is_paid.any(axis=0))
    used[0] = True  # One run at least, if only of nothing.
    return Payments(
        np.where(is_paid, amounts, 0.0)[:, used],
        periods[:, used],
        np.zeros(amounts.shape)[:, used],
        np.where(is_paid, counts, 1.0)[:, used],
    )
