"""Repayment out of a share of sales: how much can be owed, and when it is paid.

A holdback takes the share r of each day's repayable sales, so an owed amount T is
repaid by day t exactly when r S_t >= T, that is when S_t >= K with K = T / r. Agreed
minimums would only shorten the tail; sizing and pricing leave them out.
"""

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.distribution import (
    QuantileLine,
    line_at_day,
    payoff_day,
    probability_at_least,
    quantile_at,
)


def owed_at_confidence(
    line: QuantileLine,
    horizons_days: IntegerArray,
    holdback_rate: float,
    term_days: int,
    confidence_rate: float,
) -> FloatArray:
    """T_max(H, c) = r q_{1-c}(S_H): most that is repaid by H with probability c.

    Minor units, not yet rounded [sellers].
    """
    at_term = line_at_day(line, horizons_days, term_days)
    return holdback_rate * quantile_at(at_term, 1.0 - confidence_rate)


def repayment_probability(
    line: QuantileLine,
    horizons_days: IntegerArray,
    owed_minor: FloatArray,
    holdback_rate: float,
    term_days: int,
) -> FloatArray:
    """P(repaid by H) = P(S_H >= T / r) [sellers]."""
    at_term = line_at_day(line, horizons_days, term_days)
    return probability_at_least(at_term, owed_minor / holdback_rate)


def repayment_day(
    line: QuantileLine,
    horizons_days: IntegerArray,
    owed_minor: FloatArray,
    holdback_rate: float,
    probability: float,
) -> FloatArray:
    """Smallest whole day t with P(r S_t >= T) >= p; NaN beyond the grid [sellers]."""
    return payoff_day(line, horizons_days, owed_minor / holdback_rate, probability)
