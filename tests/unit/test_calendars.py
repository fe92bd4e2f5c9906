"""The sales events of the seed and the public holidays, as the forecast reads them."""

import csv
from datetime import date, timedelta
from functools import cache

import holidays
import numpy as np
import pytest

from jobs.calendars import SALES_EVENTS, calendars_of
from jobs.forecasting.calendar import (
    ALIGNED_DAYS,
    Calendars,
    sources,
    year_back,
)

START_DATE, END_DATE = date(2024, 7, 7), date(2026, 10, 31)


@cache
def _rows() -> list[dict[str, str]]:
    with SALES_EVENTS.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _countries() -> list[str]:
    return sorted({row["country_code"] for row in _rows()} - {""})


@cache
def _calendars() -> Calendars:
    return calendars_of(_countries(), START_DATE, END_DATE)


def _dates(country_code: str, name: str, year: int) -> list[date]:
    """Return the days of a year on which an event or a holiday of that name falls."""
    return [
        event.date
        for event in _calendars()[country_code]
        if event.date.year == year and name.lower() in event.name.lower()
    ]


def _like(country_code: str, day: date) -> date:
    back = year_back(_calendars()[country_code], START_DATE, 1_200)
    return START_DATE + timedelta(int(back[(day - START_DATE).days]))


class TestTheSeed:
    """Every row of the sales events is one that can be read."""

    def test_every_row_is_whole(self) -> None:
        """Dates are dates, countries have two letters, names are plain words."""
        assert len(_rows()) > 100
        for row in _rows():
            assert row["country_code"] in {"", *holidays.list_supported_countries()}
            assert row["event_name"].replace("_", "").isalnum()
            assert row["event_name"] == row["event_name"].lower()
            assert date.fromisoformat(row["event_date"]).year >= 2000
            assert 0 <= int(row["before_days"]) <= 21
            assert 0 <= int(row["after_days"]) <= 21

    def test_no_event_is_given_twice(self) -> None:
        """A country has one row for an event and a day."""
        keys = [
            (row["country_code"], row["event_name"], row["event_date"])
            for row in _rows()
        ]

        assert len(set(keys)) == len(keys)

    def test_every_event_comes_again_each_year(self) -> None:
        """Two years in a row without an event would be a hole in the seed.

        An event near the turn of the year may fall into one year twice and into the
        next not at all. The days of some, Prime Day for one, are not known in advance.
        """
        years: dict[tuple[str, str], set[int]] = {}
        for row in _rows():
            key = (row["country_code"], row["event_name"])
            years.setdefault(key, set()).add(int(row["event_date"][:4]))

        for key, found in years.items():
            assert len(found) >= 3, key
            assert np.diff(sorted(found)).max() <= 2, key
            assert max(found) >= END_DATE.year - 1, key


class TestCalendars:
    """What a country's forecast is aligned by."""

    @pytest.mark.parametrize(
        ("country_code", "name", "year", "expected"),
        [
            ("", "black_friday", 2025, [date(2025, 11, 28)]),
            ("ES", "black_friday", 2025, [date(2025, 11, 28)]),
            ("ES", "Epiphany", 2026, [date(2026, 1, 6)]),
            ("FR", "Bastille", 2025, []),
            ("FR", "National Day", 2025, [date(2025, 7, 14)]),
            ("FR", "Easter Monday", 2025, [date(2025, 4, 21)]),
            ("US", "Thanksgiving", 2025, [date(2025, 11, 27)]),
            ("JP", "Showa Day", 2026, [date(2026, 4, 29)]),
            ("BR", "Tiradentes", 2026, [date(2026, 4, 21)]),
        ],
    )
    def test_holds_holidays_and_sales_events(
        self, country_code: str, name: str, year: int, expected: list[date]
    ) -> None:
        """Spain, France, the United States, Japan and Brazil, each with its own."""
        assert expected == _dates(country_code, name, year)

    def test_a_country_has_its_own_sales_events(self) -> None:
        """No country's events reach another, but those of everybody do."""
        own = {
            code: {row["event_name"] for row in _rows() if row["country_code"] == code}
            for code in ("", *_countries())
        }
        for code in _countries():
            found = {event.name for event in _calendars()[code]}
            assert own[code] | own[""] <= found

        assert {event.name for event in _calendars()[""]} == own[""]

    def test_a_country_nobody_knows_has_the_events_of_everybody(self) -> None:
        """No holidays are made up, and none are an error."""
        found = calendars_of({"XX"}, START_DATE, END_DATE)

        assert list(found) == ["", "XX"]
        assert found[""] == found["XX"]
        assert found["XX"]

    def test_spans_a_year_before_and_two_after(self) -> None:
        """A year of horizon and its likes lie inside."""
        years = {event.date.year for event in _calendars()["JP"]}

        assert set(range(START_DATE.year - 1, END_DATE.year + 3)) == years

    def test_is_the_same_every_time(self) -> None:
        """Order and content depend on the arguments alone."""
        again = calendars_of(_countries()[::-1], START_DATE, END_DATE)

        assert list(again.items()) == list(_calendars().items())

    @pytest.mark.parametrize(
        ("country_code", "day", "expected"),
        [
            ("FR", date(2026, 4, 6), date(2025, 4, 21)),
            ("DE", date(2026, 4, 3), date(2025, 4, 18)),
            ("ES", date(2026, 1, 6), date(2025, 1, 6)),
            ("GB", date(2025, 11, 28), date(2024, 11, 29)),
            ("US", date(2025, 11, 28), date(2024, 11, 29)),
            ("JP", date(2026, 4, 29), date(2025, 4, 29)),
            ("BR", date(2025, 12, 25), date(2024, 12, 25)),
        ],
    )
    def test_a_holiday_is_compared_with_itself(
        self, country_code: str, day: date, expected: date
    ) -> None:
        """Easter Monday, Good Friday, Epiphany, Black Friday, Showa Day, Christmas."""
        assert expected == _like(country_code, day)


def test_no_day_is_like_one_that_is_not_known_yet() -> None:
    """Over 15 years of every country, the like lies 322 days back or more.

    This is what keeps a horizon of a year from reading past its origin.
    """
    start, days = date(2016, 1, 1), 15 * 365
    codes = {*_countries(), *holidays.list_supported_countries()}
    calendars = calendars_of(codes, start, start + timedelta(days))
    profile = np.array([1.0, 1.2, 0.3, 1.0, 1.0, 1.5, 0.0])

    assert len(calendars) > 100
    for country_code, events in calendars.items():
        back = year_back(events, start, days)
        assert (np.arange(days) - back).min() >= ALIGNED_DAYS, country_code
        source, factor = sources(back, profile, days)
        read = factor > 0
        nearest = (np.arange(days) - source)[read].min()
        assert nearest >= ALIGNED_DAYS, country_code
