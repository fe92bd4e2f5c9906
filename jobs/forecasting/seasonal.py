"""A ridge on weekly sales of each series, all series at once.

The weekly change of log sales is explained by a drift, a trend, the distance from the
recent level, and last year's aligned week. The penalty pulls towards "next week is like
this week, moved half as much as last year's".
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

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


def seasonal_ridge(
    weeks: NDArray[np.float64],
    year_before: NDArray[np.float64],
    known_weeks: NDArray[np.int64],
    aligned_weeks: NDArray[np.int64],
    week_shares: NDArray[np.float64],
    horizons_days: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the expected S_H [series, horizons] and who has a year to compare with.

    ``weeks`` [series, m] are weekly totals, oldest first, the last one ending at the
    origin; ``year_before`` [series, m + ahead] the same for the aligned weeks a year
    before, going on into the future. ``known_weeks`` [series] is how many of the last
    weeks lie after the birth, ``aligned_weeks`` [series] how many have a like a year
    before. ``week_shares`` [series, 7]: share of a week's sales by its first d + 1 days.
    Fewer than 6 known weeks give NaN.
    """
    expected = np.full((len(weeks), len(horizons_days)), np.nan)
    has_year = np.zeros(len(weeks), dtype=np.bool_)
    _seasonal_ridge(
        weeks,
        year_before,
        known_weeks,
        aligned_weeks,
        week_shares,
        horizons_days,
        _PENALTIES,
        expected,
        has_year,
    )
    return expected, has_year


@njit(nogil=True, cache=True)
def _seasonal_ridge(  # type: ignore[no-untyped-def] # noqa: ANN202, PLR0913, PLR0915 # pragma: no cover
    weeks,  # noqa: ANN001
    year_before,  # noqa: ANN001
    known_weeks,  # noqa: ANN001
    aligned_weeks,  # noqa: ANN001
    week_shares,  # noqa: ANN001
    horizons,  # noqa: ANN001
    penalties,  # noqa: ANN001
    expected,  # noqa: ANN001
    has_year,  # noqa: ANN001
):
    most = min(weeks.shape[1], WEEKS_LIMIT)
    ahead = year_before.shape[1] - weeks.shape[1]
    log_weeks = np.empty(most)
    log_year = np.empty(most + ahead)
    features = np.empty((most, _FEATURES))
    change = np.empty(most)
    for row in range(len(weeks)):
        known = min(known_weeks[row], most)
        if known < _LEAST_WEEKS:
            continue
        first = weeks.shape[1] - known
        floor = _floor_of(weeks[row, first:])
        if floor <= 0.0:
            expected[row, :] = 0.0
            continue
        for k in range(known):
            log_weeks[k] = np.log(weeks[row, first + k] + floor)
        aligned = min(aligned_weeks[row], known)
        use_year = aligned >= _LEAST_ALIGNED_WEEKS
        has_year[row] = use_year
        for k in range(known - aligned, known + ahead):
            log_year[k] = np.log(year_before[row, first + k] + floor)
        recent = log_weeks[max(known - _RECENT_WEEKS, 0) : known].mean()
        begin = max(known - _RECENT_WEEKS, known - aligned)
        recent_year = log_year[begin:known].mean() if use_year else 0.0
        start = max(1, known - aligned + 1) if use_year else 1
        for k in range(start, known):
            place = k - start
            features[place, 0] = 1.0
            features[place, 1] = (k + 1 - known) / 52.0
            features[place, 2] = recent - log_weeks[k - 1]
            change[place] = log_weeks[k] - log_weeks[k - 1]
            if use_year:
                features[place, 3] = log_year[k] - recent_year
                features[place, 4] = recent_year - log_year[k - 1]
                change[place] -= _YEAR_SHARE * (log_year[k] - log_year[k - 1])
        used = _FEATURES if use_year else 3
        weights = _ridge(features[: known - start, :used], change, penalties)
        previous, total, place = log_weeks[known - 1], 0.0, 0
        for step in range((horizons[-1] + 6) // 7):
            move = weights[0] - weights[2] * (previous - recent)
            if use_year and step < ahead:
                now, before = log_year[known + step], log_year[known + step - 1]
                move += weights[3] * (now - recent_year)
                move += weights[4] * (recent_year - before)
                move += _YEAR_SHARE * (now - before)
            previous += move
            previous = min(max(previous, recent + _LOWEST), recent + _HIGHEST)
            week = max(np.exp(previous) - floor, 0.0)
            while place < len(horizons) and horizons[place] <= 7 * (step + 1):
                within = horizons[place] - 7 * step
                expected[row, place] = total + week * week_shares[row, within - 1]
                place += 1
            total += week


@njit(nogil=True, cache=True)
def _floor_of(weeks):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 # pragma: no cover
    """Return what is added before the logarithm: a few percent of a usual week."""
    recent = weeks[max(len(weeks) - 16, 0) :].mean()
    return 0.03 * max(weeks.mean(), recent) + 0.02 * recent


@njit(nogil=True, cache=True)
def _ridge(features, change, penalties):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 # pragma: no cover
    """Average the ridge solutions of all penalties by their leave-one-out error.

    The error of leaving row k out is e_k / (1 - h_k), h_k the leverage of the row.
    """
    rows, count = features.shape
    gram = np.zeros((count, count))
    moment = np.zeros(count)
    for k in range(rows):
        for a in range(count):
            moment[a] += features[k, a] * change[k]
            for b in range(count):
                gram[a, b] += features[k, a] * features[k, b]
    errors = np.zeros(len(penalties))
    solutions = np.zeros((len(penalties), _FEATURES))
    inverse = np.zeros((count, count))
    for p in range(len(penalties)):
        _invert(gram, penalties[p], inverse)
        for a in range(count):
            for b in range(count):
                solutions[p, a] += inverse[a, b] * moment[b]
        for k in range(rows):
            error, leverage = change[k], 0.0
            for a in range(count):
                error -= features[k, a] * solutions[p, a]
                for b in range(count):
                    leverage += features[k, a] * inverse[a, b] * features[k, b]
            errors[p] += (error / max(1.0 - leverage, 0.05)) ** 2
    lowest = errors.min()
    shares = np.exp(-_SHARPNESS * (errors - lowest) / max(lowest, 1e-12))
    shares /= shares.sum()
    weights = np.zeros(_FEATURES)
    for p in range(len(penalties)):
        weights += shares[p] * solutions[p]
    return weights


@njit(nogil=True, cache=True)
def _invert(gram, penalty, inverse):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 # pragma: no cover
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
