"""Exponential smoothing of all series at once, over one grid of parameters.

Level, damped trend and weekly season, additive, as in Hyndman et al., "Forecasting with
Exponential Smoothing" (2008), model AAdA; every series takes the parameters of the grid
with the smallest one-step error so far. What comes out is the mean and the variance of
the cumulative sum, in closed form.
"""

from itertools import product

import numpy as np
from numba import njit
from numpy.typing import NDArray

SEASON_DAYS = 7
#: The first weeks give the first level and season; so an origin before their end, which
#: would see days that it does not know, is passed over where a later one follows.
START_DAYS = 28
_LEVEL_RATES = (0.02, 0.05, 0.1, 0.2, 0.4)
#: (trend rate as a share of the level rate, damping); the first has no trend.
_TRENDS = ((0.0, 0.0), (0.05, 0.97), (0.1, 0.9))
_SEASON_RATES = (0.02, 0.1)
#: float32 [30, 4]: level rate, trend rate, damping, season rate.
GRID = np.array(
    [
        (level, share * level, damping, season)
        for level, (share, damping), season in product(
            _LEVEL_RATES, _TRENDS, _SEASON_RATES
        )
    ],
    dtype=np.float32,
)
#: A trend must lower the squared error by this much per day of history to be taken.
_TREND_PENALTY_DAYS = 6.0
_PARAMETERS = 9.0


def smooth(
    sales: NDArray[np.float32],
    birth_index: NDArray[np.int64],
    origins: NDArray[np.int64],
    horizons_days: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of S_H, each [origins, series, horizons].

    ``sales`` [series, days]; an origin t knows the columns before t, so t counts the
    days known. ``origins`` and ``horizons_days`` increase. At an origin before the 28th
    day of a series both are 0, the last origin excepted; before the birth always.
    """
    shape = (len(origins), len(sales), len(horizons_days))
    mean = np.zeros(shape, dtype=np.float32)
    deviation = np.zeros(shape, dtype=np.float32)
    birth = np.maximum(birth_index, 0)
    _smooth(sales, birth, GRID, origins, horizons_days, mean, deviation)
    return mean, deviation


@njit(nogil=True, cache=True)
def _smooth(sales, birth, grid, origins, horizons, mean, deviation):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202, PLR0913, PLR0915, C901 # pragma: no cover
    count = len(grid)
    level_rate, trend_rate = grid[:, 0].copy(), grid[:, 1].copy()
    damping, season_rate = grid[:, 2].copy(), grid[:, 3].copy()
    level = np.empty(count, np.float32)
    trend = np.empty(count, np.float32)
    error_sum = np.empty(count, np.float32)
    season = np.empty((SEASON_DAYS, count), np.float32)
    last = origins[-1]
    for row in range(len(sales)):
        first = birth[row]
        place = 0
        while place < len(origins) - 1 and origins[place] < first + START_DAYS:
            place += 1
        if origins[place] <= first:
            continue
        start = min((origins[place] - first) // SEASON_DAYS * SEASON_DAYS, START_DAYS)
        _begin(sales[row, first : first + start], level, trend, error_sum, season)
        position = 0
        for day in range(first, last):
            sold = sales[row, day]
            for g in range(count):
                drift = damping[g] * trend[g]
                base = level[g] + drift
                error = sold - (base + season[position, g])
                error_sum[g] += error * error
                level[g] = base + level_rate[g] * error
                trend[g] = drift + trend_rate[g] * error
                season[position, g] += season_rate[g] * error
            position = (position + 1) % SEASON_DAYS
            if day + 1 == origins[place]:
                seen = day + 1 - first
                best = _best(error_sum, trend_rate, seen)
                sigma = np.sqrt(error_sum[best] / max(seen - _PARAMETERS, 1.0))
                _emit(
                    grid[best],
                    level[best],
                    trend[best],
                    season[:, best],
                    position,
                    sigma,
                    horizons,
                    mean[place, row],
                    deviation[place, row],
                )
                place += 1


@njit(nogil=True, cache=True)
def _begin(sales, level, trend, error_sum, season):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 # pragma: no cover
    """Set the state from the first whole weeks: their mean and each day's departure."""
    total = np.float32(0)
    for sold in sales:
        total += sold
    average = total / np.float32(max(len(sales), 1))
    level[:] = average
    trend[:] = 0
    error_sum[:] = 0
    weeks = np.float32(max(len(sales) // SEASON_DAYS, 1))
    for position in range(SEASON_DAYS):
        of_day = np.float32(0)
        for day in range(position, len(sales), SEASON_DAYS):
            of_day += sales[day]
        season[position, :] = of_day / weeks - average if len(sales) else 0


@njit(nogil=True, cache=True)
def _best(error_sum, trend_rate, seen):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 # pragma: no cover
    best, lowest = 0, np.inf
    for g in range(len(error_sum)):
        penalty = 1.0 if trend_rate[g] == 0 else 1.0 + _TREND_PENALTY_DAYS / seen
        if error_sum[g] * penalty < lowest:
            lowest = error_sum[g] * penalty
            best = g
    return best


@njit(nogil=True, cache=True)
def _emit(parameters, level, trend, season, position, sigma, horizons, mean, deviation):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202, PLR0913 # pragma: no cover
    """Add the mean and the variance of days 1 … H up, and write them at each H.

    An error today moves the sum of the next k days by 1 + c_1 + … + c_(k-1), where
    c_j = level rate + trend rate (phi + … + phi^j) + [7 divides j] season rate.
    """
    total, damped, power = 0.0, 0.0, 1.0
    reach, before, variance = 0.0, 0.0, 0.0
    place = 0
    for ahead in range(1, horizons[-1] + 1):
        power *= parameters[2]
        damped += power
        total += level + damped * trend + season[position]
        position = (position + 1) % SEASON_DAYS
        if ahead == 1:
            reach = 1.0
        else:
            reach += parameters[0] + parameters[1] * before
            if (ahead - 1) % SEASON_DAYS == 0:
                reach += parameters[3]
        before = damped
        variance += reach * reach
        if ahead == horizons[place]:
            mean[place] = total
            deviation[place] = sigma * np.sqrt(variance)
            place += 1
