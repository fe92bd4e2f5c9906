"""Exponential smoothing of all series at once, over one grid of parameters.

Level, damped trend and weekly season, additive, as in Hyndman et al., "Forecasting with
Exponential Smoothing" (2008), model AAdA; every series takes the parameters of the grid
with the smallest one-step error so far. What comes out is the mean and the variance of
the cumulative sum, in closed form.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.kernels import HAS_NUMBA, compiled

SEASON_DAYS = 7
#: The first weeks give the first level and season; so an origin before their end, which
#: would see days that it does not know, is passed over where a later one follows.
START_DAYS = 28
_LEVEL_RATES = (0.02, 0.05, 0.1, 0.2, 0.4)
#: (trend rate as a share of the level rate, damping); the first has no trend.
_TRENDS = ((0.0, 0.0), (0.05, 0.97), (0.1, 0.9))
_SEASON_RATES = (0.02, 0.1)
_COMBINATIONS = [
    (level, share * level, damping, season)
    for level, (share, damping), season in product(_LEVEL_RATES, _TRENDS, _SEASON_RATES)
]
#: The 30 combinations and two repeats, which never win: whole vectors of float32, and a
#: length known when compiling, halve the time.
_COUNT = 32
#: float32 [32, 4]: level rate, trend rate, damping, season rate.
GRID = np.resize(np.array(_COMBINATIONS, dtype=np.float32), (_COUNT, 4))
#: A trend must lower the squared error by this much per day of history to be taken.
_TREND_PENALTY_DAYS = 6.0
_PARAMETERS = 9.0


_Array = NDArray[np.float32]
_Days = NDArray[np.int64]


def smooth(
    sales: _Array, birth_index: _Days, origins: _Days, horizons_days: _Days
) -> tuple[_Array, _Array]:
    """Return mean and standard deviation of S_H, each [origins, series, horizons].

    ``sales`` [series, days]; an origin t knows the columns before t, so t counts the
    days known. ``origins`` and ``horizons_days`` increase. At an origin before the 28th
    day of a series both are 0, the last origin excepted; before the birth always.
    """
    birth = np.maximum(birth_index, 0)
    if not HAS_NUMBA:
        return smooth_with_numpy(sales, birth, origins, horizons_days)
    shape = (len(origins), len(sales), len(horizons_days))
    mean = np.zeros(shape, dtype=np.float32)
    deviation = np.zeros(shape, dtype=np.float32)
    _smooth(sales, birth, GRID, origins, horizons_days, mean, deviation)
    return mean, deviation


def smooth_with_numpy(
    sales: _Array, birth: _Days, origins: _Days, horizons_days: _Days
) -> tuple[_Array, _Array]:
    """Return what ``smooth`` returns, a day at a time over all series at once.

    Some twenty times slower; it serves where numba does not load.
    """
    rows = np.arange(len(sales))
    shape = (len(origins), len(sales), len(horizons_days))
    mean, deviation = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    first_place = np.array([_first_place(day, origins) for day in birth])
    state = [
        _begin(sales[row, birth[row] :], int(origins[first_place[row]] - birth[row]))
        for row in rows
    ]
    level, trend, error_sum, season = (
        np.array([part[k] for part in state]) for k in range(4)
    )
    level_rate, trend_rate, damping, season_rate = GRID.T
    for day in range(int(origins[-1])):
        on = rows[birth <= day]
        position = (day - birth[on]) % SEASON_DAYS
        drift = damping * trend[on]
        base = level[on] + drift
        error = sales[on, day, None] - (base + season[on, position])
        error_sum[on] += error * error
        level[on] = base + level_rate * error
        trend[on] = drift + trend_rate * error
        season[on, position] += season_rate * error
        for place in np.flatnonzero(origins == day + 1):
            for row in rows[(first_place <= place) & (birth <= day)]:
                _emit(
                    (level[row], trend[row], error_sum[row], season[row]),
                    GRID,
                    int(day + 1 - birth[row]),
                    horizons_days,
                    mean[place, row],
                    deviation[place, row],
                )
    return mean, deviation


@compiled
def _smooth(  # noqa: PLR0913, PLR0917 - arrays in, arrays out
    sales: _Array,
    birth: _Days,
    grid: _Array,
    origins: _Days,
    horizons: _Days,
    mean: NDArray[np.float32],
    deviation: NDArray[np.float32],
) -> None:  # pragma: no cover - compiled
    level_rate, trend_rate = grid[:, 0].copy(), grid[:, 1].copy()
    damping, season_rate = grid[:, 2].copy(), grid[:, 3].copy()
    for row in range(len(sales)):
        first = birth[row]
        place = _first_place(first, origins)
        if origins[place] <= first:
            continue
        state = _begin(sales[row, first:], origins[place] - first)
        level, trend, error_sum, season = state
        position = 0
        for day in range(first, origins[-1]):
            sold, of_day = sales[row, day], season[position]
            for g in range(_COUNT):
                drift = damping[g] * trend[g]
                base = level[g] + drift
                error = sold - (base + of_day[g])
                error_sum[g] += error * error
                level[g] = base + level_rate[g] * error
                trend[g] = drift + trend_rate[g] * error
                of_day[g] += season_rate[g] * error
            position = (position + 1) % SEASON_DAYS
            if day + 1 == origins[place]:
                seen = day + 1 - first
                out, wide = mean[place, row], deviation[place, row]
                _emit(state, grid, seen, horizons, out, wide)
                place += 1


@compiled
def _first_place(first: int, origins: _Days) -> int:  # pragma: no cover - compiled
    """Return the first origin that knows 28 days of a series, or the last one."""
    place = 0
    while place < len(origins) - 1 and origins[place] < first + START_DAYS:
        place += 1
    return place


@compiled
def _begin(
    sales: _Array, known: int
) -> tuple[_Array, _Array, _Array, _Array]:  # pragma: no cover - compiled
    """Return level, trend, squared error and season from the first whole weeks.

    The level is their mean, the season each day's departure from it, for all of the
    grid alike.
    """
    days = min(known // SEASON_DAYS * SEASON_DAYS, START_DAYS)
    weeks = np.float32(max(days // SEASON_DAYS, 1))
    total = np.float32(0)
    for day in range(days):
        total += sales[day]
    average = total / np.float32(max(days, 1))
    season = np.zeros((SEASON_DAYS, _COUNT), np.float32)
    for position in range(SEASON_DAYS if days > 0 else 0):
        of_day = np.float32(0)
        for day in range(position, days, SEASON_DAYS):
            of_day += sales[day]
        season[position, :] = of_day / weeks - average
    level = np.full(_COUNT, average, np.float32)
    trend, error_sum = np.zeros(_COUNT, np.float32), np.zeros(_COUNT, np.float32)
    return level, trend, error_sum, season


@compiled
def _emit(  # noqa: PLR0913, PLR0917 - arrays in, arrays out
    state: tuple[_Array, _Array, _Array, _Array],
    grid: _Array,
    seen: int,
    horizons: _Days,
    mean: NDArray[np.float32],
    deviation: NDArray[np.float32],
) -> None:  # pragma: no cover - compiled
    """Add the mean and the variance of days 1 … H up, and write them at each H.

    An error today moves the sum of the next k days by 1 + c_1 + … + c_(k-1), where
    c_j = level rate + trend rate (phi + … + phi^j) + [7 divides j] season rate.
    """
    best = _best(state[2], grid, seen)
    level_rate, trend_rate = grid[best, 0], grid[best, 1]
    damping, season_rate = grid[best, 2], grid[best, 3]
    level, trend, season = state[0][best], state[1][best], state[3][:, best]
    sigma2 = np.float64(state[2][best]) / max(seen - _PARAMETERS, 1.0)
    total, damped, power = 0.0, 0.0, 1.0
    reach, before, variance = 0.0, 0.0, 0.0
    place = 0
    for ahead in range(1, horizons[-1] + 1):
        power *= damping
        damped += power
        total += level + damped * trend + season[(seen + ahead - 1) % SEASON_DAYS]
        if ahead == 1:
            reach = 1.0
        else:
            reach += level_rate + trend_rate * before
            if (ahead - 1) % SEASON_DAYS == 0:
                reach += season_rate
        before = damped
        variance += reach * reach
        if ahead == horizons[place]:
            mean[place] = total
            deviation[place] = np.sqrt(sigma2 * variance)
            place += 1


@compiled
def _best(error_sum: _Array, grid: _Array, seen: int) -> int:  # pragma: no cover
    """Return the parameters with the smallest error so far, a trend being penalised."""
    best, lowest = 0, np.inf
    for g in range(len(error_sum)):
        penalty = 1.0 if grid[g, 1] == 0 else 1.0 + _TREND_PENALTY_DAYS / seen
        if error_sum[g] * penalty < lowest:
            lowest = error_sum[g] * penalty
            best = g
    return best
