"""The calendar: which day a year ago is like a given day.

Most days are like the same weekday 52 weeks before. A day near a holiday or a sales
event is like the day at the same distance from that event a year before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

WEEK_DAYS = 7
YEAR_DAYS = 364
#: Tried in this order where the day 52 weeks before lies near an event of its own.
_SHIFTS_DAYS = (YEAR_DAYS, 371, 357, 378, 350)
#: No event moves further than this from year to year, Easter's 35 days included, so a
#: day up to this far ahead has its like a year ago among the days already known.
ALIGNED_DAYS = 322
#: A weekday below this share of the mean day counts as one on which shops are closed.
_CLOSED_SHARE = 0.35
_WEEKDAY_RATIO_LIMITS = (0.5, 2.0)


@dataclass(frozen=True)
class Event:
    """A day that moves sales, with the days before and after it that it reaches."""

    name: str
    date: date
    before_days: int = 0
    after_days: int = 0


#: Events by country code; the empty code is for countries that are not listed.
Calendars = dict[str, tuple[Event, ...]]


def year_back(
    events: Sequence[Event], start_date: date, days: int
) -> NDArray[np.int64]:
    """Return the like of each of ``days`` days, counted from ``start_date``, [days].

    It is below 0 where the like lies before ``start_date``.

    A day inside an event's reach goes to the same position at the event of that name
    one year earlier; any other to the same weekday, 52 weeks before, or a week or two
    aside where that one lies inside some event's reach. Of overlapping events the first
    given counts.
    """
    reach: dict[date, tuple[Event, int]] = {}
    for event in events:
        for offset in range(-event.before_days, event.after_days + 1):
            reach.setdefault(event.date + timedelta(offset), (event, offset))
    days_of_name: dict[str, list[date]] = {}
    for event in events:
        days_of_name.setdefault(event.name, []).append(event.date)

    def like(day: date) -> date:
        if day in reach:
            event, offset = reach[day]
            before = _a_year_before(event.date, days_of_name[event.name])
            if before:
                return before + timedelta(offset)
        for shift in _SHIFTS_DAYS:
            if day - timedelta(shift) not in reach:
                return day - timedelta(shift)
        return day - timedelta(YEAR_DAYS)

    ordinals = [like(start_date + timedelta(day)).toordinal() for day in range(days)]
    return np.array(ordinals, dtype=np.int64) - start_date.toordinal()


def _a_year_before(day: date, others: Sequence[date]) -> date | None:
    """Return the one of ``others`` about a year before ``day``, None if there is none.

    About is within 42 days of 52 weeks, so an event held twice a year finds its own.
    """
    wanted = day - timedelta(YEAR_DAYS)
    nearest = min(others, key=lambda other: abs((other - wanted).days))
    is_near = abs((nearest - wanted).days) <= YEAR_DAYS - ALIGNED_DAYS
    return nearest if is_near and nearest < day else None


def sources(
    back: NDArray[np.int64], weekday_profile: NDArray[np.float64], known_days: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the column to read for each day and the factor to multiply by, [days].

    ``weekday_profile`` [7]: mean sales of the columns 0, 7, 14 …, then 1, 8, 15 …, as a
    share of the mean day. Where an event has moved to another weekday the factor is the
    ratio of the two, from 0.5 to 2; where one of the two is closed, the day 52 weeks
    before is read. Days not known by ``known_days`` have the factor 0.
    """
    day = np.arange(len(back))
    source = back.copy()
    here = weekday_profile[day % WEEK_DAYS]
    moved = (day - source) % WEEK_DAYS != 0
    there = weekday_profile[source % WEEK_DAYS]
    shut = np.minimum(here, there) < _CLOSED_SHARE
    source = np.where(moved & shut, day - YEAR_DAYS, source)
    ratio = np.clip(here / np.maximum(there, _CLOSED_SHARE), *_WEEKDAY_RATIO_LIMITS)
    factor = np.where(moved & ~shut, ratio, 1.0)
    is_known = (source >= 0) & (source < known_days)
    return (
        np.where(is_known, source, 0),
        np.where(is_known, factor, 0.0).astype(np.float32),
    )
