"""How far apart two counts may lie by chance alone, and how stable a population is.

A watch that cries wolf is turned off, so what it measures is compared with what as
many sellers would show if nothing had changed.
"""

import math
from statistics import NormalDist

import numpy as np

from jobs.underwriting.arrays import FloatArray, IntegerArray

#: An empty bin counts as this many sellers, since the logarithm of nothing is infinite.
EMPTY_BIN_COUNT = 0.5


def bin_counts(
    reference: FloatArray, tonight: FloatArray, bin_count: int
) -> tuple[IntegerArray, IntegerArray]:
    """Count both populations in the bins of the first [bin_count + 1, or fewer].

    The inner edges are the quantiles of the reference's known values, each edge in the
    bin below it, so that a value many sellers share (a refund rate of 0) has a bin of
    its own, and equal edges are one. Missing values (NaN) are the last bin.
    """
    known = reference[~np.isnan(reference)]
    levels = np.arange(1, bin_count) / bin_count
    edges = (
        np.unique(np.quantile(known, levels, method="inverted_cdf"))
        if len(known)
        else known
    )

    def counts(values: FloatArray) -> IntegerArray:
        bins = np.searchsorted(edges, values, side="left")
        bins[np.isnan(values)] = len(edges) + 1
        return np.bincount(bins, minlength=len(edges) + 2)

    return counts(reference), counts(tonight)


def stability_index(reference: IntegerArray, tonight: IntegerArray) -> float:
    """Return the population stability index of two counts of the same bins.

    The sum of (a - r) ln(a / r) over the bins, a and r the shares of tonight and of the
    reference (Siddiqi, Credit Risk Scorecards, 2006; the symmetric divergence of
    Kullback and Leibler, 1951). A bin empty on one side counts as half a seller there,
    one that is empty on both sides is left out.
    """
    is_used = (reference > 0) | (tonight > 0)
    before, now = (
        np.maximum(counts[is_used], EMPTY_BIN_COUNT) / counts.sum()
        for counts in (reference, tonight)
    )
    return float(((now - before) * np.log(now / before)).sum())


def stability_by_chance(
    reference: IntegerArray, tonight: IntegerArray, significance_rate: float
) -> float:
    """Return the index that two draws of one population pass so rarely.

    Over (1 / n + 1 / m) the index is chi-squared with one degree of freedom fewer than
    bins (Yurdakul, Statistical Properties of Population Stability Index, 2018), whose
    quantile is that of Wilson and Hilferty (1931), within 2 % for rates to .001. Two
    nights share most of their sellers, so it is too high rather than too low.
    """
    bins = int(((reference > 0) | (tonight > 0)).sum())
    freedom = max(bins - 1, 1)
    spread = 2 / (9 * freedom)
    z = NormalDist().inv_cdf(1 - significance_rate)
    quantile = freedom * (1 - spread + z * math.sqrt(spread)) ** 3
    return float(quantile * (1 / reference.sum() + 1 / tonight.sum()))


def share_interval(
    rate: float, count: float, significance_rate: float
) -> tuple[float, float]:
    """Return the interval of a share seen as ``rate`` among ``count`` (Wilson, 1927).

    It misses the true share as rarely as ``significance_rate`` says, on both sides
    together, also where the share is near 0 or 1.
    """
    z = NormalDist().inv_cdf(1 - significance_rate / 2)
    middle = (rate + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z
        * math.sqrt(rate * (1 - rate) / count + z * z / (4 * count * count))
        / (1 + z * z / count)
    )
    return middle - half, middle + half


def is_other_share(
    successes: tuple[float, float],
    counts: tuple[float, float],
    significance_rate: float,
) -> bool:
    """Tell whether two shares differ by more than chance (Agresti and Caffo, 2000).

    One success and one failure are added to each, so that it holds for few sellers.
    """
    (first, second), (trials, others) = successes, counts
    first, trials = first + 1, trials + 2
    second, others = second + 1, others + 2
    rate, other = first / trials, second / others
    error = math.sqrt(rate * (1 - rate) / trials + other * (1 - other) / others)
    return abs(rate - other) > NormalDist().inv_cdf(1 - significance_rate / 2) * error
