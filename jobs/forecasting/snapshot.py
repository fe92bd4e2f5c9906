"""What was known of every series at an origin, as sums over whole weeks.

Everything is read off a panel cut at the origin, so nothing later can leak in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import (
    ALIGNED_DAYS,
    WEEK_DAYS,
    YEAR_DAYS,
    Calendars,
    sources,
    year_back,
)
from jobs.forecasting.kernels import compiled
from jobs.forecasting.panel import Panel
from jobs.forecasting.seasonal import WEEKS_LIMIT

#: Weeks of last year before the origin that the year ratios compare with.
BASE_WEEKS: tuple[int, ...] = (4, 8, 16)
#: From this age on a series has a year before it with four weeks to compare with, or
#: two years with all sixteen; a week to spare, because likes lie up to a week apart.
ONE_YEAR_DAYS = 371 + 28
TWO_YEARS_DAYS = 847
_PROFILE_WEEKS = 8
_NOBODY_SHARE = 0.1
LONGEST_IDLE_DAYS = 120
_SHORT_DAYS, _LONG_DAYS = 28, 112


@dataclass(frozen=True)
class Snapshot:
    """Each series at the end of the panel's last day.

    ``age_days`` [series] counts from the first sale, that day included.
    ``weeks`` [series, m] weekly totals, oldest first, the last ending at the origin.
    ``year_weeks`` [series, m + 46]: the same of the like days a year before, going on
    into the future. ``future`` [2, series, horizons]: daily mean of the like days one
    and two years before the horizon's first 322 days; ``base`` [2, series, 3] before
    the last 4, 8 and 16 weeks.
    ``week_days`` [series, 7]: sales of the last 8 weeks by day after the origin, mod 7.
    ``zero_shares`` [series, 2]: open days without a sale in the last 28 and 112.
    ``idle_days`` [series]: open days since the last sale, at most 120.
    """

    age_days: NDArray[np.int64]
    weeks: NDArray[np.float64]
    year_weeks: NDArray[np.float64]
    future: NDArray[np.float64]
    base: NDArray[np.float64]
    week_days: NDArray[np.float64]
    zero_shares: NDArray[np.float64]
    idle_days: NDArray[np.int64]


#: For each country code: the likes one and two years before, from the start of a panel.
YearMaps = dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]


def year_maps(calendars: Calendars, start_date: date, days: int) -> YearMaps:
    """Return the year maps of all calendars for a panel of ``days`` and its future."""
    maps: YearMaps = {}
    for country_code, events in calendars.items():
        one = year_back(events, start_date, days + ALIGNED_DAYS)
        inside = (one >= 0) & (one < len(one))
        two = np.where(inside, one[np.where(inside, one, 0)], -1)
        maps[country_code] = (one, two)
    return maps


def weekday_profile(panel: Panel) -> NDArray[np.float64]:
    """Return mean sales of columns 0, 7 …, then 1, 8 … of the last year, mean 1, [7].

    Every series counts alike, whatever its size; without sales all days are alike.
    """
    first = max(panel.days - YEAR_DAYS, 0)
    recent = panel.sales[:, first:]
    totals = recent.sum(axis=1, dtype=np.float64)
    sold = totals > 0
    share = (recent[sold] / totals[sold, None]).sum(axis=0)
    weekday = (np.arange(first, panel.days)) % WEEK_DAYS
    sums = np.bincount(weekday, weights=share, minlength=WEEK_DAYS)
    counts = np.maximum(np.bincount(weekday, minlength=WEEK_DAYS), 1)
    means = sums / counts
    if not means.any():
        return np.ones(WEEK_DAYS)
    return np.asarray(means / means.mean(), dtype=np.float64)


def take_snapshot(
    panel: Panel,
    maps: YearMaps,
    profile: NDArray[np.float64],
    horizons_days: NDArray[np.int64],
) -> Snapshot:
    """Return the snapshot at the end of ``panel``; ``maps`` start where it starts."""
    days, count = panel.days, len(panel.sales)
    week_count = min(days // WEEK_DAYS, WEEKS_LIMIT)
    week_bounds = days - WEEK_DAYS * np.arange(week_count, -1, -1)
    ahead_bounds = days + WEEK_DAYS * np.arange(1, ALIGNED_DAYS // WEEK_DAYS + 1)
    aligned_days = np.minimum(horizons_days, ALIGNED_DAYS)
    horizon_bounds = np.append(days, days + np.unique(aligned_days))
    place = np.searchsorted(np.unique(aligned_days), aligned_days)
    year_weeks = np.zeros((count, week_count + ALIGNED_DAYS // WEEK_DAYS))
    future = np.zeros((2, count, len(horizons_days)))
    base = np.zeros((2, count, len(BASE_WEEKS)))
    base_bounds = days - WEEK_DAYS * np.arange(BASE_WEEKS[-1], -1, -1)
    for rows, one, two in _groups(panel, maps):
        sales = panel.sales[rows]
        for year, like in enumerate((one, two)):
            index, factor = sources(like[: days + ALIGNED_DAYS], profile, days)
            sums = segment_sums(sales, index, factor, horizon_bounds)
            future[year, rows] = np.cumsum(sums, axis=1)[:, place] / aligned_days
            if base_bounds[0] >= 0:
                sums = segment_sums(sales, index, factor, base_bounds)
                known = panel.days - panel.birth_index[rows] - (year + 1) * YEAR_DAYS
                base[year, rows] = _trailing_means(sums, known)
            if year == 0:
                bounds = np.append(week_bounds, ahead_bounds)
                year_weeks[rows] = segment_sums(sales, index, factor, bounds)
    # A weekday on which nobody sells is closed to everyone: Sundays, or six days of the
    # seven where the values are of whole weeks.
    weekday = np.arange(days) % WEEK_DAYS
    is_open = panel.is_open & (profile[weekday] >= _NOBODY_SHARE)
    as_it_is = np.arange(days), np.ones(days, dtype=np.float32)
    return Snapshot(
        age_days=np.maximum(days - panel.birth_index, 0),
        weeks=segment_sums(panel.sales, *as_it_is, week_bounds),
        year_weeks=year_weeks,
        future=future,
        base=base,
        week_days=_week_days(panel.sales),
        zero_shares=_zero_shares(panel, is_open),
        idle_days=_idle_days(panel, is_open),
    )


def segment_sums(
    sales: NDArray[np.float32],
    index: NDArray[np.int64],
    factor: NDArray[np.float32],
    bounds: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the sums of sales[:, index] x factor over each [bound, next bound)."""
    sums = np.zeros((len(sales), len(bounds) - 1))
    _segment_sums(sales, index, factor, bounds, sums)
    return sums


@compiled
def _segment_sums(
    sales: NDArray[np.float32],
    index: NDArray[np.int64],
    factor: NDArray[np.float32],
    bounds: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    for row in range(len(sales)):
        for segment in range(len(bounds) - 1):
            total = 0.0
            for day in range(bounds[segment], bounds[segment + 1]):
                total += sales[row, index[day]] * factor[day]
            sums[row, segment] = total


def _groups(
    panel: Panel, maps: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """Return the rows of each calendar with its two maps; unlisted countries share."""
    codes, code_of_row = np.unique(panel.country_codes, return_inverse=True)
    calendar_of_code = np.array([code if code in maps else "" for code in codes])
    groups = []
    for calendar in np.unique(calendar_of_code):
        rows = np.flatnonzero((calendar_of_code == calendar)[code_of_row])
        groups.append((rows, *maps[str(calendar)]))
    return groups


def _trailing_means(
    weeks: NDArray[np.float64], known_days: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the daily means of the last 4, 8 and 16 of ``weeks`` [series, 3].

    Of a series that was born in the meantime, over the ``known_days`` [series] alone.
    """
    means = [
        weeks[:, -k:].sum(axis=1) / np.clip(known_days, 1, WEEK_DAYS * k)
        for k in BASE_WEEKS
    ]
    return np.stack(means, axis=1)


def _week_days(sales: NDArray[np.float32]) -> NDArray[np.float64]:
    weeks = min(sales.shape[1] // WEEK_DAYS, _PROFILE_WEEKS)
    recent = sales[:, sales.shape[1] - weeks * WEEK_DAYS :]
    folded = recent.reshape(len(sales), weeks, WEEK_DAYS)
    return np.asarray(folded.sum(axis=1, dtype=np.float64))


def _zero_shares(panel: Panel, is_open: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return 1 - sale days / open days since birth, in the last 28 and 112 days."""
    shares = np.empty((len(panel.sales), 2))
    for place, window in enumerate((_SHORT_DAYS, _LONG_DAYS)):
        first = max(panel.days - window, 0)
        day = np.arange(first, panel.days)
        counts = is_open[:, first:] & (day >= panel.birth_index[:, None])
        sold = (panel.sales[:, first:] > 0) & counts
        open_days = np.maximum(np.count_nonzero(counts, axis=1), 1)
        shares[:, place] = 1.0 - np.count_nonzero(sold, axis=1) / open_days
    return shares


def _idle_days(panel: Panel, is_open: NDArray[np.bool_]) -> NDArray[np.int64]:
    first = max(panel.days - LONGEST_IDLE_DAYS, 0)
    sold = panel.sales[:, first:] > 0
    later = np.cumsum(sold[:, ::-1], axis=1)[:, ::-1] == 0
    idle = np.count_nonzero(later & is_open[:, first:], axis=1)
    return np.where(sold.any(axis=1), idle, LONGEST_IDLE_DAYS)
