"""SeasonalNaive: next week is like last week. Every loss is stated as a ratio to it."""

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import WEEK_DAYS
from jobs.forecasting.grid import normal_quantiles
from jobs.forecasting.panel import Panel


def seasonal_naive(
    panel: Panel, horizons_days: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return normal quantiles of S_H [series, horizons, probabilities], at least 0.

    mean(H) = sum over the 7 positions p of m_p x (sales of the last day at p), with
    m_p = floor((H - p + 6) / 7) the days of the horizon at p = 0 … 6.
    variance(H) = sigma^2 sum over p of (1^2 + 2^2 + … + m_p^2): under a seasonal random
    walk the shock of the first week is in all m_p days at p, that of the last in one.
    sigma^2 is the mean of (y_t - y_{t-7})^2 since the series' first day, as in
    statsforecast's SeasonalNaive.
    """
    position = np.arange(WEEK_DAYS)
    weeks = (horizons_days[:, None] - position + WEEK_DAYS - 1) // WEEK_DAYS
    mean = _last_week(panel) @ weeks.T.astype(np.float64)
    squares = (weeks * (weeks + 1) * (2 * weeks + 1) // 6).sum(axis=1)
    deviation = np.sqrt(_variance(panel)[:, None] * squares)
    return normal_quantiles(mean, deviation)


def _last_week(panel: Panel) -> NDArray[np.float64]:
    """Return the last 7 days [series, 7]; 0 for days before the panel."""
    week = np.zeros((len(panel.sales), WEEK_DAYS))
    known = min(panel.days, WEEK_DAYS)
    week[:, WEEK_DAYS - known :] = panel.sales[:, panel.days - known :]
    return week


def _variance(panel: Panel) -> NDArray[np.float64]:
    """Return sigma^2 [series]; 0 where a series has no two days a week apart."""
    sales = panel.sales
    day = np.arange(max(panel.days - WEEK_DAYS, 0))
    was_born = day >= panel.birth_index[:, None]
    change = np.subtract(sales[:, WEEK_DAYS:], sales[:, : len(day)], dtype=np.float64)
    total = np.square(change).sum(axis=1, where=was_born)
    return np.asarray(total / np.maximum(np.count_nonzero(was_born, axis=1), 1))
