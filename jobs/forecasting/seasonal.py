"""A ridge on weekly sales of each series, all series at once.

The weekly change of log sales is explained by a drift, a trend, the distance from the
recent level, and last year's aligned week. The penalty pulls towards "next week is like
this week, moved half as much as last year's".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.kernels import compiled

_Floats = NDArray[np.float64]

#: Older weeks do not count.
WEEKS_LIMIT = 208
_LEAST_WEEKS = 6
#: With fewer weeks that have a like a year before, the year is left out.
_LEAST_ALIGNED_WEEKS = 20
_RECENT_WEEKS = 26
_PENALTIES = np.array([0.03, 0.3, 1.0, 3.0, 10.0, 30.0, 300.0])
#: How much of last year's move is expected before the data says otherwise.
_YEAR_SHARE = 0.5
#: Penalties are averaged by exp(-8 x their relative excess of leave-one-out error).
_SHARPNESS = 8.0
#: The path stays within exp(-4) and exp(3) of the recent level.
_LOWEST, _HIGHEST = -4.0, 3.0
_FEATURES = 5


@dataclass(frozen=True)
class WeeklyHistory:
    """Weekly totals of all series, the last week ending at the origin.

    ``weeks`` [series, m], oldest first; ``year_before`` [series, m + ahead] the same
    for the aligned weeks a year before, going on into the future. ``known_weeks``
    [series]: how many of the last weeks lie after the birth; ``aligned_weeks``
    [series]: how many of them have a like a year before.
    """

    weeks: _Floats
    year_before: _Floats
    known_weeks: NDArray[np.int64]
    aligned_weeks: NDArray[np.int64]


def seasonal_ridge(
    history: WeeklyHistory, week_shares: _Floats, horizons_days: NDArray[np.int64]
) -> tuple[_Floats, NDArray[np.bool_]]:
    """Return the expected S_H [series, horizons] and who has a year to compare with.

    ``week_shares`` [series, 7]: share of a week's sales by its first d + 1 days. Fewer
    than 6 known weeks give NaN.
    """
    expected = np.full((len(history.weeks), len(horizons_days)), np.nan)
    has_year = np.zeros(len(history.weeks), dtype=np.bool_)
    _seasonal_ridge(
        history.weeks,
        history.year_before,
        history.known_weeks,
        history.aligned_weeks,
        week_shares,
        horizons_days,
        _PENALTIES,
        expected,
        has_year,
    )
    return expected, has_year


@compiled
def _seasonal_ridge(  # noqa: PLR0913, PLR0917 - arrays in, arrays out
    weeks: _Floats,
    year_before: _Floats,
    known_weeks: NDArray[np.int64],
    aligned_weeks: NDArray[np.int64],
    week_shares: _Floats,
    horizons: NDArray[np.int64],
    penalties: _Floats,
    expected: _Floats,
    has_year: NDArray[np.bool_],
) -> None:  # pragma: no cover - compiled
    for row in range(len(weeks)):
        known = min(known_weeks[row], WEEKS_LIMIT)
        if known < _LEAST_WEEKS:
            continue
        first = weeks.shape[1] - known
        floor = _floor_of(weeks[row, first:])
        if floor <= 0.0:
            expected[row, :] = 0.0
            continue
        # In floors, so that a scale of two changes no bit of what follows.
        log_weeks = np.log(weeks[row, first:] / floor + 1.0)
        aligned = min(aligned_weeks[row], known)
        if aligned < _LEAST_ALIGNED_WEEKS:
            aligned = 0
        has_year[row] = aligned > 0
        log_year = np.log(year_before[row, first:] / floor + 1.0)
        weights, recent, recent_year = _learn(log_weeks, log_year, aligned, penalties)
        path = _path(weights, log_weeks[-1], recent, recent_year, log_year[known - 1 :])
        total, place = 0.0, 0
        for step in range((horizons[-1] + 6) // 7):
            # Beyond what last year tells the path stays where it is.
            ahead = np.exp(path[min(step, len(path) - 1)])
            week = floor * max(ahead - 1.0, 0.0)
            while place < len(horizons) and horizons[place] <= 7 * (step + 1):
                within = horizons[place] - 7 * step
                expected[row, place] = total + week * week_shares[row, within - 1]
                place += 1
            total += week


@compiled
def _learn(
    log_weeks: _Floats, log_year: _Floats, aligned: int, penalties: _Floats
) -> tuple[_Floats, float, float]:  # pragma: no cover - compiled
    """Return the ridge's weights and the recent level of this year and of last."""
    known = len(log_weeks)
    recent = log_weeks[max(known - _RECENT_WEEKS, 0) :].mean()
    recent_year = 0.0
    if aligned > 0:
        recent_year = log_year[known - min(aligned, _RECENT_WEEKS) : known].mean()
    start = max(1, known - aligned + 1) if aligned > 0 else 1
    count = known - start
    features = np.zeros((count, _FEATURES if aligned > 0 else _FEATURES - 2))
    change = log_weeks[start:] - log_weeks[start - 1 : -1]
    for place in range(count):
        k = start + place
        features[place, 0] = 1.0
        features[place, 1] = (k + 1 - known) / 52.0
        features[place, 2] = recent - log_weeks[k - 1]
        if aligned > 0:
            features[place, 3] = log_year[k] - recent_year
            features[place, 4] = recent_year - log_year[k - 1]
            change[place] -= _YEAR_SHARE * (log_year[k] - log_year[k - 1])
    weights = np.zeros(_FEATURES + 1)
    weights[:_FEATURES] = _ridge(features, change, penalties)
    weights[_FEATURES] = _YEAR_SHARE if aligned > 0 else 0.0
    return weights, recent, recent_year


@compiled
def _path(
    weights: _Floats,
    last: float,
    recent: float,
    recent_year: float,
    log_year: _Floats,
) -> _Floats:  # pragma: no cover - compiled
    """Return log sales of the coming weeks, the trend held where it is today.

    ``log_year`` begins with the last known week.
    """
    path = np.empty(len(log_year) - 1)
    previous = last
    for step in range(len(path)):
        now, before = log_year[step + 1], log_year[step]
        previous += weights[0] - weights[2] * (previous - recent)
        previous += weights[3] * (now - recent_year)
        previous += weights[4] * (recent_year - before)
        previous += weights[5] * (now - before)
        previous = min(max(previous, recent + _LOWEST), recent + _HIGHEST)
        path[step] = previous
    return path


@compiled
def _floor_of(weeks: _Floats) -> float:  # pragma: no cover - compiled
    """Return what is added before the logarithm: a few percent of a usual week."""
    recent = weeks[max(len(weeks) - 16, 0) :].mean()
    return float(0.03 * max(weeks.mean(), recent) + 0.02 * recent)


@compiled
def _ridge(
    features: _Floats, change: _Floats, penalties: _Floats
) -> _Floats:  # pragma: no cover - compiled
    """Average the ridge solutions of all penalties by their leave-one-out error.

    The error of leaving row k out is e_k / (1 - h_k), h_k the leverage of the row.
    """
    gram, moment = _sums(features, change)
    count = len(moment)
    errors = np.zeros(len(penalties))
    solutions = np.zeros((len(penalties), _FEATURES))
    inverse = np.zeros((count, count))
    for p in range(len(penalties)):
        _invert(gram, penalties[p], inverse)
        for a in range(count):
            for b in range(count):
                solutions[p, a] += inverse[a, b] * moment[b]
        errors[p] = _left_out_error(features, change, solutions[p], inverse)
    lowest = errors.min()
    shares = np.exp(-_SHARPNESS * (errors - lowest) / max(lowest, 1e-12))
    shares /= shares.sum()
    weights = np.zeros(_FEATURES)
    for p in range(len(penalties)):
        weights += shares[p] * solutions[p]
    return weights


@compiled
def _sums(
    features: _Floats, change: _Floats
) -> tuple[_Floats, _Floats]:  # pragma: no cover - compiled
    rows, count = features.shape
    gram, moment = np.zeros((count, count)), np.zeros(count)
    for k in range(rows):
        for a in range(count):
            moment[a] += features[k, a] * change[k]
            for b in range(count):
                gram[a, b] += features[k, a] * features[k, b]
    return gram, moment


@compiled
def _left_out_error(
    features: _Floats, change: _Floats, solution: _Floats, inverse: _Floats
) -> float:  # pragma: no cover - compiled
    total = 0.0
    rows, count = features.shape
    for k in range(rows):
        error, leverage = change[k], 0.0
        for a in range(count):
            error -= features[k, a] * solution[a]
            for b in range(count):
                leverage += features[k, a] * inverse[a, b] * features[k, b]
        total += (error / max(1.0 - leverage, 0.05)) ** 2
    return total


@compiled
def _invert(
    gram: _Floats, penalty: float, inverse: _Floats
) -> None:  # pragma: no cover - compiled
    """Write the inverse of gram + penalty I: Cholesky, then two substitutions."""
    count = len(gram)
    lower = np.zeros((count, count))
    for i in range(count):
        for j in range(i + 1):
            rest = gram[i, j] + (penalty if i == j else 0.0)
            for k in range(j):
                rest -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(max(rest, 1e-12)) if i == j else rest / lower[j, j]
    for column in range(count):
        for i in range(count):
            rest = 1.0 if i == column else 0.0
            for k in range(i):
                rest -= lower[i, k] * inverse[k, column]
            inverse[i, column] = rest / lower[i, i]
        for i in range(count - 1, -1, -1):
            rest = inverse[i, column]
            for k in range(i + 1, count):
                rest -= lower[k, i] * inverse[k, column]
            inverse[i, column] = rest / lower[i, i]
