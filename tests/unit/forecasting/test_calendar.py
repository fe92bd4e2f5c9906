"""A day's like a year ago is the same weekday, or the same place at an event."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from jobs.forecasting.calendar import (
    ALIGNED_DAYS,
    WEEK_DAYS,
    YEAR_DAYS,
    Event,
    sources,
    year_back,
)

START_DATE = date(2023, 6, 1)
DAYS = 1_200
EVEN = np.ones(WEEK_DAYS)
EVENTS = (
    Event("black_friday", date(2023, 11, 24), 4, 4),
    Event("black_friday", date(2024, 11, 29), 4, 4),
    Event("black_friday", date(2025, 11, 28), 4, 4),
    Event("christmas", date(2023, 12, 25), 7, 1),
    Event("christmas", date(2024, 12, 25), 7, 1),
    Event("easter", date(2024, 3, 31), 2, 1),
    Event("easter", date(2025, 4, 20), 2, 1),
    Event("easter", date(2026, 4, 5), 2, 1),
    Event("sale", date(2024, 1, 5)),
    Event("sale", date(2024, 7, 5)),
    Event("sale", date(2025, 1, 10)),
    Event("sale", date(2025, 7, 4)),
)


def _like(day: date, events: tuple[Event, ...] = EVENTS) -> date:
    """Return the like of one day."""
    column = (day - START_DATE).days
    back = year_back(events, START_DATE, DAYS)
    return START_DATE + timedelta(days=int(back[column]))


class TestYearBack:
    """Which day a year ago a day is compared with."""

    @pytest.mark.parametrize(
        ("day", "expected"),
        [
            (date(2024, 11, 29), date(2023, 11, 24)),
            (date(2024, 12, 3), date(2023, 11, 28)),
            (date(2024, 12, 25), date(2023, 12, 25)),
            (date(2024, 12, 18), date(2023, 12, 18)),
            (date(2025, 4, 20), date(2024, 3, 31)),
            (date(2025, 4, 18), date(2024, 3, 29)),
            (date(2026, 4, 5), date(2025, 4, 20)),
            (date(2025, 1, 10), date(2024, 1, 5)),
            (date(2025, 7, 4), date(2024, 7, 5)),
        ],
    )
    def test_a_day_at_an_event_goes_to_the_same_event(
        self, day: date, expected: date
    ) -> None:
        """Easter to Easter, Black Friday's Tuesday to its Tuesday, sale to sale."""
        assert expected == _like(day)

    def test_any_other_day_goes_to_its_weekday_52_weeks_before(self) -> None:
        """An ordinary day keeps its weekday, also where it has to step aside."""
        reach = {
            event.date + timedelta(offset)
            for event in EVENTS
            for offset in range(-event.before_days, event.after_days + 1)
        }
        stepped_aside = 0
        for column, back in enumerate(year_back(EVENTS, START_DATE, DAYS).tolist()):
            if START_DATE + timedelta(column) in reach:
                continue
            assert (column - back) % WEEK_DAYS == 0
            assert START_DATE + timedelta(back) not in reach
            stepped_aside += column - back != YEAR_DAYS
        assert stepped_aside > 10

    def test_a_first_event_is_an_ordinary_day(self) -> None:
        """Where no event of the name lies a year before, the weekday counts."""
        only = (Event("flood", date(2024, 11, 29), 4, 4),)

        assert date(2023, 12, 1) == _like(date(2024, 11, 29), only)

    def test_the_first_of_overlapping_events_counts(self) -> None:
        """A wide sales event covers the holiday in its midst, not the other way."""
        wide = (
            Event("week", date(2024, 5, 1), 3, 3),
            Event("week", date(2025, 5, 8), 3, 3),
        )
        narrow = (
            Event("holiday", date(2024, 5, 2)),
            Event("holiday", date(2025, 5, 9)),
            Event("holiday", date(2024, 5, 20)),
        )

        assert date(2024, 5, 2) == _like(date(2025, 5, 9), wide + narrow)

    @given(
        st.lists(
            st.builds(
                Event,
                st.sampled_from(["one", "two"]),
                st.dates(date(2021, 1, 1), date(2027, 12, 31)),
                st.integers(0, 20),
                st.integers(0, 20),
            ),
            max_size=25,
        )
    )
    def test_is_never_nearer_than_the_aligned_days(self, events: list[Event]) -> None:
        """Whatever the events, a day up to 322 days ahead has its like in the past."""
        back = year_back(events, START_DATE, 800)

        assert (np.arange(800) - back).min() >= ALIGNED_DAYS

    def test_without_events_every_day_goes_52_weeks_back(self) -> None:
        """Days before the start have negative columns, they are not cut off."""
        back = year_back((), START_DATE, 500)

        assert list(range(-YEAR_DAYS, 500 - YEAR_DAYS)) == back.tolist()


def _profile(**weekdays: float) -> NDArray[np.float64]:
    """Return a weekday profile of 1 but for the days given as d0 … d6."""
    profile = np.ones(WEEK_DAYS)
    for name, share in weekdays.items():
        profile[int(name[1])] = share
    return profile


class TestSources:
    """Which column is read for a day, and how it is weighed."""

    def test_the_same_weekday_counts_as_it_is(self) -> None:
        """Without a move of weekday the factor is 1, however the week looks."""
        back = np.arange(800) - YEAR_DAYS

        source, factor = sources(back, _profile(d0=3.0, d3=0.1), 800)

        assert back[YEAR_DAYS:].tolist() == source[YEAR_DAYS:].tolist()
        assert set(factor[YEAR_DAYS:].tolist()) == {1.0}

    @pytest.mark.parametrize(
        ("here", "there", "expected"),
        [(1.2, 0.8, 1.5), (0.8, 1.2, 2 / 3), (6.0, 0.4, 2.0), (0.4, 3.0, 0.5)],
    )
    def test_a_moved_event_is_weighed_by_its_weekdays(
        self, here: float, there: float, expected: float
    ) -> None:
        """A Saturday read from a Friday counts as Saturdays do, within a half and 2."""
        back = np.arange(800) - YEAR_DAYS
        back[700] = 300  # Day 0 of the week, read from day 6.

        source, factor = sources(back, _profile(d0=here, d6=there), 800)

        assert (0, 6, source[700]) == (700 % 7, 300 % 7, 300)
        assert pytest.approx(expected, rel=1e-6) == factor[700]

    @pytest.mark.parametrize(("here", "there"), [(0.0, 1.0), (1.0, 0.0), (1.0, 0.2)])
    def test_a_weekday_on_which_shops_are_closed_is_not_read(
        self, here: float, there: float
    ) -> None:
        """Where one of the two is closed, the day 52 weeks before is read instead."""
        back = np.arange(800) - YEAR_DAYS
        back[700] = 300

        source, factor = sources(back, _profile(d0=here, d6=there), 800)

        assert (source[700], factor[700]) == (700 - YEAR_DAYS, 1.0)

    @given(st.integers(1, 900))
    def test_nothing_unknown_is_read(self, known_days: int) -> None:
        """Every column read is a known one; a day without its like counts 0."""
        back = year_back(EVENTS, START_DATE, 900)

        source, factor = sources(back, EVEN, known_days)

        assert source.min() >= 0
        assert source.max() < known_days
        is_known = (back >= 0) & (back < known_days)
        assert is_known.tolist() == (factor > 0).tolist()
        assert np.float32 == factor.dtype
