"""Unit periods of Regulation Z, Appendix J (12 CFR 1026, (b)(2) to (b)(5)).

A unit period is the stretch of time that the actuarial method compounds over; between
two dates lie t whole ones and a fraction f. Months count backwards from the later
date; days that are left over count as thirtieths of a month.
"""

import datetime as dt
from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

_MONTHS_A_YEAR = 12
_WEEKS_A_YEAR = 52
_DAYS_A_YEAR = 365
_LAST_DAY = 31

#: Two payments a month lie this many days apart, the first and the second one.
_SEMIMONTH_DAYS = range(13, 19)


class Span(NamedTuple):
    """t whole unit periods and the fraction f = part / parts of another."""

    full: int
    part: int
    parts: int

    @property
    def fraction(self) -> float:
        """f, from 0 to below 1."""
        return self.part / self.parts


@dataclass(frozen=True)
class UnitPeriod:
    """``count`` days, weeks or months, or half a month; a year is 12 months."""

    base: Literal["day", "week", "semimonth", "month"]
    count: int = 1

    @property
    def name(self) -> str:
        """What it is called: day, 2-week, quarter, 255-day."""
        if self.base == "month" and self.count in {3, _MONTHS_A_YEAR}:
            return "quarter" if self.count == 3 else "year"  # noqa: PLR2004 - months
        return self.base if self.count == 1 else f"{self.count}-{self.base}"

    @property
    def a_year(self) -> float:
        """w: unit periods a year: 365 days, 52 weeks, 24 semimonths or 12 months."""
        bases = {
            "day": _DAYS_A_YEAR,
            "week": _WEEKS_A_YEAR,
            "semimonth": 2 * _MONTHS_A_YEAR,
            "month": _MONTHS_A_YEAR,
        }
        return bases[self.base] / self.count

    @property
    def days(self) -> int:
        """Its length where months have 30 days and a year 365."""
        if self == YEAR:
            return _DAYS_A_YEAR
        return {"day": 1, "week": 7, "semimonth": 15, "month": 30}[
            self.base
        ] * self.count


DAY = UnitPeriod("day")
YEAR = UnitPeriod("month", _MONTHS_A_YEAR)

#: Unit periods that can be asked for by name.
UNIT_PERIODS = {
    unit.name: unit
    for unit in (
        DAY,
        UnitPeriod("week"),
        UnitPeriod("week", 2),
        UnitPeriod("week", 4),
        UnitPeriod("semimonth"),
        UnitPeriod("month"),
        UnitPeriod("month", 2),
        UnitPeriod("month", 3),
        YEAR,
    )
}

#: (b)(2)(iii): a day, week, semimonth, month, or multiple of a week or month to a year.
_STANDARD = (
    DAY,
    UnitPeriod("semimonth"),
    *(UnitPeriod("month", count) for count in range(1, _MONTHS_A_YEAR + 1)),
    *(UnitPeriod("week", count) for count in range(1, _WEEKS_A_YEAR + 1)),
)


def spans(unit: UnitPeriod, dates: Sequence[dt.date]) -> list[Span]:
    """Return t and f from the first of the dates to each of the others, by (b)(5).

    ``dates`` rise: the advance, then its payments.
    """
    anchor = _anchor(dates)
    return [_span(unit, dates[0], end, anchor) for end in dates[1:]]


def unit_period_of(dates: Sequence[dt.date]) -> UnitPeriod:
    """Return the unit period of an advance and its payments, by (b)(4).

    The period that occurs most often and more than once, the smaller of two; else the
    average one, to the nearest standard interval; one payment: the term, at most a
    year. Only standard intervals can be common: payments every ten days go by the
    average. ``dates`` rise strictly: the advance, then at least one payment.
    """
    if len(dates) == 2:  # noqa: PLR2004 - one advance, one payment
        return _unit_of_term(*dates)
    common = [
        (count, -unit.days, unit)
        for unit, count in _periods(dates).items()
        if count > 1
    ]
    if common:
        return max(common, key=lambda each: each[:2])[2]
    average = (dates[-1] - dates[0]).days / (len(dates) - 1)
    return min(_STANDARD, key=lambda unit: (abs(unit.days - average), unit.days))


def _unit_of_term(start: dt.date, end: dt.date) -> UnitPeriod:
    days = (end - start).days
    months, rest = _months_back(start, end, _anchor([start, end]))
    if months >= _MONTHS_A_YEAR or days >= _DAYS_A_YEAR:
        return YEAR
    return UnitPeriod("day", days) if rest else UnitPeriod("month", months)


def _periods(dates: Sequence[dt.date]) -> Counter[UnitPeriod]:
    """Count the standard intervals between neighbours.

    28 days in February are four weeks and a month, and count as both.
    """
    anchor = _anchor(dates)
    found: Counter[UnitPeriod] = Counter()
    halves: set[int] = set()
    for place, (start, end) in enumerate(pairwise(dates)):
        days = (end - start).days
        months, rest = _months_back(start, end, anchor)
        if days == 1:
            found[DAY] += 1
        if days % 7 == 0 and days <= 7 * _WEEKS_A_YEAR:
            found[UnitPeriod("week", days // 7)] += 1
        if rest == 0 and 1 <= months <= _MONTHS_A_YEAR:
            found[UnitPeriod("month", months)] += 1
        if days in _SEMIMONTH_DAYS and place + 2 < len(dates):
            next_days = (dates[place + 2] - end).days
            month = _months_back(start, dates[place + 2], anchor)
            if month == (1, 0) and next_days in _SEMIMONTH_DAYS:
                halves |= {place, place + 1}
    found[UnitPeriod("semimonth")] = len(halves)
    return found


def _span(unit: UnitPeriod, start: dt.date, end: dt.date, anchor: int | None) -> Span:
    if unit.base in {"day", "week"}:
        return _divided((end - start).days, unit.days)
    months, rest = _months_back(start, end, anchor)
    if unit != YEAR:
        return _divided(30 * months + rest, unit.days)
    years, left = divmod(months, _MONTHS_A_YEAR)
    if not rest:
        return Span(years, left, _MONTHS_A_YEAR)
    first = _moved_back(end, years * _MONTHS_A_YEAR, anchor)
    whole, part, parts = _divided((first - start).days, _DAYS_A_YEAR)
    return Span(years + whole, part, parts)


def _divided(days: int, unit_days: int) -> Span:
    return Span(*divmod(days, unit_days), unit_days)


def _months_back(start: dt.date, end: dt.date, anchor: int | None) -> tuple[int, int]:
    """Whole months from the later date back, and the days left from the earlier."""
    months = (end.year - start.year) * _MONTHS_A_YEAR + end.month - start.month
    if _moved_back(end, months, anchor) < start:
        months -= 1
    return months, (_moved_back(end, months, anchor) - start).days


def _moved_back(end: dt.date, months: int, anchor: int | None) -> dt.date:
    years, month = divmod(end.year * _MONTHS_A_YEAR + end.month - 1 - months, 12)
    last = monthrange(years, month + 1)[1]
    return dt.date(years, month + 1, min(anchor or end.day, last))


def _anchor(dates: Sequence[dt.date]) -> int | None:
    """Day of the month that all payments are due on, if there is one.

    (b)(2)(iv): payments on the 29th, 30th or last day fall on the last day of a
    shorter month, and the months between them are whole all the same.
    """
    payments = dates[1:]
    highest = max((date.day for date in payments), default=_LAST_DAY)
    lasts = [monthrange(date.year, date.month)[1] for date in payments]
    if any(
        date.day != min(highest, last)
        for date, last in zip(payments, lasts, strict=True)
    ):
        return None
    is_last = all(date.day == last for date, last in zip(payments, lasts, strict=True))
    starts_last = dates[0].day == monthrange(dates[0].year, dates[0].month)[1]
    return _LAST_DAY if is_last and starts_last else highest
