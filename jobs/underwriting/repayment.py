"""Repayment out of a share of sales: how much can be owed, and when it is paid.

A holdback takes the share r of each day's repayable sales, so an owed amount T is
repaid by day t exactly when r S_t >= T, that is when S_t >= K with K = T / r. Agreed
minimums would only shorten the tail; sizing and pricing leave them out.
"""

import numpy as np

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.distribution import (
    QuantileLine,
    line_at_day,
    payoff_day,
    probability_at_least,
    quantile_at,
)
from jobs.underwriting.estimate import Minimum


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


def missed_minimum_rate(
    line: QuantileLine,
    horizons_days: IntegerArray,
    owed_minor: FloatArray,
    holdback_rate: float,
    minimum: Minimum,
) -> FloatArray:
    """Chance of missing any minimum within the horizon [sellers].

    A seller at level p sells Q_t(p) by every day t, and misses the interval (a, b]
    where r (Q_b - Q_a) < min(minimum, T - r Q_a). The chance is the measure of the
    levels that miss one, linear between the edges of p. Exact for the first interval;
    for later ones it is the least it can be, as a seller may also change level.
    """
    before = np.zeros(line.values.shape[:2])
    worst = np.full(before.shape, np.inf)
    last = int(horizons_days[-1])
    for end in range(minimum.interval_days, last + 1, minimum.interval_days):
        paid = holdback_rate * line_at_day(line, horizons_days, end).values
        left = np.maximum(owed_minor - before, 0.0)
        worst = np.minimum(
            worst, paid - before - np.minimum(minimum.amount_minor, left)
        )
        before = paid
    size = np.abs(worst)
    below = np.where(worst < 0, size, 0.0)
    both = size[1:] + size[:-1]
    shares = (below[1:] + below[:-1]) / np.where(both > 0, both, 1.0)
    return np.asarray((np.diff(line.edges)[:, None] * shares).sum(axis=0))
