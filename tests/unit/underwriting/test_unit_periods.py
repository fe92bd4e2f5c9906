"""Unit periods of Appendix J: found from the dates, and t and f between them."""

import datetime as dt

import pytest

from jobs.underwriting.unit_periods import UNIT_PERIODS, Span, spans, unit_period_of

DAY = dt.date.fromisoformat


def every(first: str, days: int, count: int) -> list[dt.date]:
    """Return ``count`` dates so many days apart."""
    return [DAY(first) + dt.timedelta(days * place) for place in range(count)]


@pytest.mark.parametrize(
    ("expected", "dates"),
    [
        ("day", [DAY("2023-10-26"), *every("2023-11-30", 1, 5)]),
        ("week", every("2024-02-01", 7, 9)),
        ("2-week", every("2024-01-05", 14, 9)),
        ("4-week", every("2024-01-05", 28, 9)),
        ("semimonth", list(map(DAY, ["2024-01-16", "2024-02-01", "2024-02-16"]))),
        ("month", list(map(DAY, ["2024-01-31", "2024-02-29", "2024-03-31"]))),
        ("month", list(map(DAY, ["2023-01-30", "2023-02-28", "2023-03-30"]))),
        ("2-month", list(map(DAY, ["2024-01-05", "2024-03-05", "2024-05-05"]))),
        ("year", list(map(DAY, ["2024-02-29", "2025-02-28", "2026-02-28"]))),
        # As often monthly as weekly: the smaller of the two.
        (
            "week",
            list(
                map(
                    DAY,
                    [
                        "2024-01-01",
                        "2024-02-01",
                        "2024-03-01",
                        "2024-03-08",
                        "2024-03-15",
                    ],
                )
            ),
        ),
        # No period twice: the average, 40.5 days, lies nearest to six weeks.
        ("6-week", list(map(DAY, ["1978-01-10", "1978-03-01", "1978-04-01"]))),
        # One payment: the term itself, in months where it is whole, or a year.
        ("255-day", list(map(DAY, ["1978-01-03", "1978-09-15"]))),
        ("8-month", list(map(DAY, ["1978-01-31", "1978-09-30"]))),
        ("year", list(map(DAY, ["1978-01-03", "1979-09-15"]))),
    ],
)
def test_finds_the_unit_period(expected: str, dates: list[dt.date]) -> None:
    """The most frequent common period counts, else the average, else the term."""
    assert expected == unit_period_of(dates).name


@pytest.mark.parametrize(
    ("unit", "start", "end", "expected"),
    [
        ("month", "1978-02-10", "1978-04-01", Span(1, 19, 30)),
        ("quarter", "1978-05-23", "1978-10-01", Span(1, 39, 90)),
        ("week", "1978-03-20", "1978-04-21", Span(4, 4, 7)),
        ("2-month", "1978-01-10", "1978-03-01", Span(0, 52, 60)),
        ("semimonth", "1978-02-23", "1978-04-01", Span(2, 6, 15)),
        ("4-week", "1978-03-20", "1978-04-21", Span(1, 4, 28)),
        # Thirty days left over are a month, as a fraction of 30/30 would be.
        ("month", "2023-01-31", "2023-03-30", Span(1, 28, 30)),
        ("year", "2022-01-10", "2024-05-10", Span(2, 4, 12)),
        ("year", "2022-01-10", "2024-05-11", Span(2, 121, 365)),
    ],
)
def test_counts_unit_periods_back_from_the_payment(
    unit: str, start: str, end: str, expected: Span
) -> None:
    """Whole periods are measured from the later date, odd days from the earlier."""
    assert [expected] == spans(UNIT_PERIODS[unit], [DAY(start), DAY(end)])


def test_months_end_on_their_last_day() -> None:
    """Payments on the last day of each month lie whole months apart."""
    dates = list(map(DAY, ["2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30"]))

    found = spans(UNIT_PERIODS["month"], dates)

    assert [Span(1, 0, 30), Span(2, 0, 30), Span(3, 0, 30)] == found
