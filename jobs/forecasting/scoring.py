"""How good quantiles of S_H turned out to be: loss, coverage, calibration of events.

``actual`` is float64 [rows], a row being a series at an origin; ``quantiles`` float64
[rows, probabilities], at the probabilities of the grid. A score of no rows is NaN.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.grid import PROBABILITIES
from jobs.forecasting.panel import Panel

#: Repayment events: S_H reaches this share of what the trailing daily rate promises.
EVENT_SHARES: tuple[float, ...] = (0.6, 0.8, 0.95, 1.1)
RATE_DAYS = 91
ZERO_SHARE_DAYS = 112
RELIABILITY_BINS = 6
DECILES = 10
BAND_80, BAND_95 = (0.1, 0.9), (0.025, 0.975)


@dataclass(frozen=True)
class Bins:
    """Forecasts of events by predicted probability, each array [bins].

    ``count`` events; ``predicted`` the mean probability, ``observed`` the share that
    happened; NaN where a bin is empty.
    """

    count: NDArray[np.int64]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]


def quantile_losses(
    actual: NDArray[np.float64], quantiles: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 2 x mean over p of rho_p(y - q_p) [rows], rho_p(u) = max(p u, (p - 1) u).

    In the unit of the series.
    """
    probability = np.array(PROBABILITIES)
    miss = actual[:, None] - quantiles
    losses = np.maximum(probability * miss, (probability - 1) * miss)
    return np.asarray(2 * losses.mean(axis=1))


def weighted_quantile_loss(
    actual: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    currency_codes: NDArray[np.str_],
) -> float:
    """Return the mean over p of 2 sum_i rho_p(y_i - q_ip) / sum_i |y_i|.

    This is GluonTS' mean_wQuantileLoss. Amounts in different currencies are never
    added: the loss is taken by currency, then averaged by number of rows.
    """
    losses = quantile_losses(actual, quantiles)
    total, rows = 0.0, 0
    for currency_code in np.unique(currency_codes):
        inside = currency_codes == currency_code
        sold = np.abs(actual[inside]).sum()
        if sold > 0:
            count = int(np.count_nonzero(inside))
            total += float(losses[inside].sum() / sold) * count
            rows += count
    return total / rows if rows else float("nan")


@dataclass(frozen=True)
class Coverage:
    """Shares of outcomes below, inside and above a band, its ends being inside.

    Where a series may well sell nothing the lower end is 0 and nothing lies below, so
    the band holds more than it names, and only ``above`` tells whether it is right.
    """

    below: float
    inside: float
    above: float


def coverage(
    actual: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    band: tuple[float, float],
) -> Coverage:
    """Return where outcomes lie beside the band between two levels of the grid."""
    low, high = (PROBABILITIES.index(probability) for probability in band)
    is_below = actual < quantiles[:, low]
    is_above = actual > quantiles[:, high]
    places = (is_below, ~is_below & ~is_above, is_above)
    return Coverage(*(_mean(place.astype(np.float64)) for place in places))


def decile_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the decile 0 … 9 of each value [rows]; equal values share a decile.

    Where many values are equal some deciles stay empty.
    """
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    edges = np.quantile(values, np.arange(1, DECILES) / DECILES)
    return np.asarray(np.searchsorted(edges, values, side="left"), dtype=np.int64)


def trailing_rate(panel: Panel) -> NDArray[np.float64]:
    """Return mean daily sales over the last min(91, age) days [series], 0 if unborn."""
    age = np.clip(panel.days - panel.birth_index, 1, min(RATE_DAYS, panel.days))
    recent = panel.sales[:, -RATE_DAYS:]
    return np.asarray(recent.sum(axis=1, dtype=np.float64) / age)


def zero_share(panel: Panel) -> NDArray[np.float64]:
    """Return the share of open days without a sale, last min(112, age) days [series].

    0 where no day was open.
    """
    first = max(panel.days - ZERO_SHARE_DAYS, 0)
    was_born = np.arange(first, panel.days) >= panel.birth_index[:, None]
    counts = panel.is_open[:, first:] & was_born
    empty = counts & (panel.sales[:, first:] <= 0)
    open_days = np.count_nonzero(counts, axis=1)
    return np.asarray(np.count_nonzero(empty, axis=1) / np.maximum(open_days, 1))


def event_levels(rate: NDArray[np.float64], horizon_days: int) -> NDArray[np.float64]:
    """Return k x trailing daily rate x H for each share k [rows, shares]."""
    return np.asarray(rate[:, None] * horizon_days * np.array(EVENT_SHARES))


def brier_score(probability: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Return the mean of (probability - happened)^2 over all events pooled."""
    return _mean((probability - happened) ** 2)


def reliability(probability: NDArray[np.float64], happened: NDArray[np.bool_]) -> Bins:
    """Return six bins of equal width in probability, all events pooled.

    Bin b holds b / 6 <= probability < (b + 1) / 6, the last one also 1.
    """
    flat = probability.ravel()
    bins = np.minimum((flat * RELIABILITY_BINS).astype(np.int64), RELIABILITY_BINS - 1)
    count = np.bincount(bins, minlength=RELIABILITY_BINS)
    predicted = np.bincount(bins, weights=flat, minlength=RELIABILITY_BINS)
    seen = happened.ravel().astype(np.float64)
    observed = np.bincount(bins, weights=seen, minlength=RELIABILITY_BINS)
    size = np.where(count > 0, count, np.nan)
    return Bins(count, predicted / size, observed / size)


def calibration_error(bins: Bins) -> float:
    """Return sum over bins of count |predicted - observed| / sum of counts."""
    total = bins.count.sum()
    if not total:
        return float("nan")
    return float(np.nansum(bins.count * np.abs(bins.predicted - bins.observed)) / total)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")
