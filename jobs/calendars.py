"""The calendars of the sellers' countries: public holidays and sales events."""

import csv
from collections.abc import Iterable
from datetime import date

import holidays

from jobs.forecasting.calendar import Calendars, Event
from jobs.settings import ROOT

#: dbt loads the same file, so that analysts can join to it.
SALES_EVENTS = ROOT / "dbt_project" / "seeds" / "sales_events.csv"


def calendars_of(
    country_codes: Iterable[str], start_date: date, end_date: date
) -> Calendars:
    """Return the events of each country, and under "" those held everywhere.

    They span the year before ``start_date`` to two years after ``end_date``. Sales
    events come first, because they reach further than the holiday in their midst; a
    country that is not known to the holidays library has its sales events alone.
    """
    years = range(start_date.year - 1, end_date.year + 3)
    rows = _sales_events(years)
    supported = holidays.list_supported_countries()
    calendars: Calendars = {}
    for country_code in sorted({"", *country_codes}):
        events = [event for code, event in rows if code in {"", country_code}]
        if country_code in supported:
            public = holidays.country_holidays(
                country_code, years=years, language="en_US"
            )
            events += [Event(name, day) for day, name in sorted(public.items())]
        calendars[country_code] = tuple(events)
    return calendars


def _sales_events(years: range) -> list[tuple[str, Event]]:
    with SALES_EVENTS.open(encoding="utf-8", newline="") as lines:
        return [
            (
                row["country_code"],
                Event(
                    row["event_name"],
                    date.fromisoformat(row["event_date"]),
                    int(row["before_days"]),
                    int(row["after_days"]),
                ),
            )
            for row in csv.DictReader(lines)
            if int(row["event_date"][:4]) in years
        ]
