"""The rate at which payments are worth an advance, for many advances at once.

    A = sum over j of P_j / [(1 + f_j i) (1 + i)^t_j]

i is the rate of one period, t whole periods and f a fraction of one (Regulation Z,
Appendix J); with f = 0 and t in years it is the equation of Directive 2008/48, Annex I.
Equal payments in consecutive periods are one run, whose sum is closed, so that a year
of daily payments costs no more than a few single ones.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.search import Bracket, root_between

#: What can become of a rate; an outcome's place is its number in ``Rates.outcome``.
OUTCOMES = (
    "found",
    "negative",
    "never_repays",
    "repaid_at_once",
    "below_any_rate",
    "not_converged",
)
FOUND, NEGATIVE, NEVER, AT_ONCE, BELOW, LOST = range(len(OUTCOMES))

#: Payments at the rate found are worth the advance to this share of it, or the search
#: has failed and says so.
RESIDUAL_RATE = 1e-9
_TOLERANCE = 1e-12  # What the search aims at, a little above what floats can hold.
_LOWEST = -700.0  # log(1 + i) below which nothing is left of 1 + i in a float.


@dataclass(frozen=True)
class Payments:
    """Runs of equal payments, float64 [advances, runs].

    A run pays ``amounts`` (minor units, 0 or more; 0 is no payment) ``counts`` times:
    first after ``periods`` t >= 0 and ``fractions`` 0 <= f < 1, then once a period.
    """

    amounts: FloatArray
    periods: FloatArray
    fractions: FloatArray
    counts: FloatArray

    @property
    def totals(self) -> FloatArray:
        """Sum of all payments [advances]."""
        return _sum(self.amounts * self.counts)

    def take(self, rows: BooleanArray) -> "Payments":
        """Return the payments of these rows only."""
        columns = (self.amounts, self.periods, self.fractions, self.counts)
        return Payments(*(values[rows] for values in columns))


class Rates(NamedTuple):
    """Rates of one period [advances]; NaN but for the first two outcomes.

    ``found``: a rate of 0 or more. ``negative``: the payments sum to less than the
    advance, and their rate is below 0. ``never_repays``: they sum to 0, no rate does.
    ``repaid_at_once``: what is paid on the day of the advance repays it, so every rate
    does. ``below_any_rate``: not even -100 % a period makes payments worth the advance
    that sum to less and all fall within one period. ``not_converged``: the search left
    more than ``RESIDUAL_RATE``. ``residual_rate`` is worth / advance - 1.
    """

    period_rate: FloatArray
    residual_rate: FloatArray
    outcome: IntegerArray


def period_rates(advance: FloatArray, payments: Payments) -> Rates:
    """Return the rate i of each advance [advances], in minor units and above 0.

    With one advance before all payments the worth of the payments falls as i rises, so
    there is one rate at most. It is searched in log(1 + i), where the logarithm of the
    worth is almost a line, between ends that provably hold it.

    Raises:
        ValueError: an advance of 0 or less, or a negative payment.

    """
    if not (advance > 0).all() or not (payments.amounts >= 0).all():
        message = "An advance must be above 0, and no payment below it."
        raise ValueError(message)
    shape = advance.shape
    is_now = (payments.periods == 0) & (payments.fractions == 0)
    left = advance - _sum(np.where(is_now, payments.amounts, 0.0))
    later = _without_first(payments, is_now)
    totals = payments.totals
    outcome = np.full(shape, FOUND)
    outcome[totals < advance] = NEGATIVE
    outcome[later.totals == 0] = BELOW
    outcome[left <= 0] = AT_ONCE
    outcome[totals == 0] = NEVER
    rates, residual = np.full(shape, np.nan), np.full(shape, np.nan)
    rows = outcome <= NEGATIVE
    if rows.any():
        exponents, has_root = _solve(left[rows], later.take(rows))
        gaps = _log_worth(later.take(rows), exponents) - np.log(left[rows])
        residual[rows] = np.expm1(gaps) * left[rows] / advance[rows]
        missed = np.where(np.abs(residual[rows]) > RESIDUAL_RATE, LOST, outcome[rows])
        outcome[rows] = np.where(has_root, missed, BELOW)
        rates[rows] = np.expm1(exponents)
    is_rate = outcome <= NEGATIVE
    return Rates(
        np.where(is_rate, rates, np.nan), np.where(is_rate, residual, np.nan), outcome
    )


def _without_first(payments: Payments, is_now: BooleanArray) -> Payments:
    """Return the payments without those made with the advance, at t = f = 0."""
    counts = payments.counts - is_now
    return Payments(
        np.where(counts > 0, payments.amounts, 0.0),
        payments.periods + is_now,
        payments.fractions,
        np.maximum(counts, 1.0),
    )


def _solve(advance: FloatArray, payments: Payments) -> tuple[FloatArray, BooleanArray]:
    """Return log(1 + i), and whether there is one [advances]."""
    logs = np.log(advance)

    def gap(exponent: FloatArray) -> FloatArray:
        return logs - _log_worth(payments, exponent)

    excess = -gap(np.zeros(len(advance)))
    low, high = _ends(advance, payments, excess)
    bracket = Bracket(low, high, gap(low), gap(high))
    is_inside = (bracket.gap_low < 0) & (bracket.gap_high > 0)
    found = root_between(gap, bracket, is_inside, _TOLERANCE)
    at_end = np.where(np.abs(bracket.gap_low) < np.abs(bracket.gap_high), low, high)
    return np.where(is_inside, found, at_end), bracket.gap_low <= _TOLERANCE


def _ends(
    advance: FloatArray, payments: Payments, excess: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Two values of log(1 + i) with the root between them [advances].

    ``excess`` is log(total / advance). Above 0 the rate is positive and at most what it
    would be if all were paid with the first payment; below 0 it is negative and at
    least what the last of one run alone would need.
    """
    is_paid = payments.amounts > 0
    first = np.where(is_paid, payments.periods, np.inf).min(axis=1)
    is_first = is_paid & (payments.periods == first[:, None])
    fraction = np.where(is_first, payments.fractions, np.inf).min(axis=1)
    gain = np.maximum(excess, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_periods = np.where(first > 0, gain / first, np.inf)
        by_fraction = np.where(
            fraction > 0, np.log1p(np.expm1(gain) / fraction), np.inf
        )
        needed = np.log(payments.amounts / advance[:, None])
        alone = needed / (payments.periods + payments.counts - 1)
    alone = np.where(np.isfinite(alone), np.minimum(alone, 0.0), _LOWEST)
    low = np.where(excess < 0, np.maximum(alone.max(axis=1), _LOWEST), 0.0)
    # A hair wider, so that rounding leaves the root inside.
    high = np.minimum(by_periods, by_fraction)
    return low * (1 + 1e-9), np.where(excess > 0, high * (1 + 1e-9), 0.0)


def _log_worth(payments: Payments, exponent: FloatArray) -> FloatArray:
    """Log of what the payments are worth at log(1 + i) = x [advances].

    In logarithms, since (1 + i)^-t may be larger or smaller than any float.
    """
    x = exponent[:, None]
    with np.errstate(divide="ignore"):
        logs = np.log(payments.amounts) - payments.periods * x
        if payments.fractions.any():
            f = payments.fractions
            logs = logs - np.logaddexp(np.log1p(-f), np.log(f) + x)
    if (payments.counts > 1).any():
        logs = logs + _log_run(payments.counts, x)
    top = logs.max(axis=1)
    return np.asarray(top + np.log(_sum(np.exp(logs - top[:, None]))))


def _sum(values: FloatArray) -> FloatArray:
    """Sum over runs, one after the other: the same beside fewer or more of them."""
    return np.asarray(values.cumsum(axis=1)[:, -1], dtype=np.float64)


def _log_run(counts: FloatArray, x: npt.NDArray[np.float64]) -> FloatArray:
    """Log of the sum of exp(-k x) over k = 0 to n - 1, stable on both sides of 0."""
    y = np.abs(x)
    near = y * counts < 1e-12  # noqa: PLR2004 - there the sum is n to the last bit
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.expm1(-counts * y) / np.expm1(-y)
    logs = np.log(np.where(near, counts, ratio))
    return np.asarray(logs + np.where(x < 0, (counts - 1) * y, 0.0))
