"""A snapshot is sums over whole weeks of what was known, and equals plain loops."""

from dataclasses import fields, replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from panels import END_DATE, panel_of, random_panel, random_sales, same_names

from jobs.forecasting.calendar import (
    ALIGNED_DAYS,
    YEAR_DAYS,
    Calendars,
    Event,
    sources,
    year_back,
)
from jobs.forecasting.panel import Panel
from jobs.forecasting.snapshot import (
    BASE_WEEKS,
    LONGEST_IDLE_DAYS,
    Snapshot,
    take_snapshot,
    weekday_profile,
    year_maps,
)

DAYS = 460
HORIZONS_DAYS = np.array([7, 30, 90, 365])
CALENDARS: Calendars = {
    "": (),
    "ES": (
        Event("sale", END_DATE - timedelta(30), 3, 5),
        Event("sale", END_DATE - timedelta(30 + 370), 3, 5),
        Event("feast", END_DATE + timedelta(100), 1, 1),
        Event("feast", END_DATE - timedelta(270), 1, 1),
    ),
    "JP": (Event("week", END_DATE - timedelta(360)), Event("week", END_DATE)),
}


@cache
def _panel() -> Panel:
    """Return sellers of all ages in listed and unlisted countries, some days closed."""
    panel = random_panel(count=24, days=DAYS, seed=5)
    is_open = panel.is_open.copy()
    is_open[5, ::7] = False
    return replace(panel, is_open=is_open)


def _snapshot(panel: Panel) -> Snapshot:
    maps = year_maps(CALENDARS, _panel().start_date, DAYS)
    profile = weekday_profile(panel)
    return take_snapshot(panel, maps, profile, HORIZONS_DAYS)


def _likes(panel: Panel, row: int) -> list[tuple[NDArray[np.int64], list[float]]]:
    """Return column and factor of every day's like, one and two years before."""
    code = str(panel.country_codes[row])
    events = CALENDARS.get(code, ())
    one = year_back(events, panel.start_date, panel.days + ALIGNED_DAYS)
    two = np.array([one[back] if back >= 0 else -1 for back in one.tolist()])
    profile = weekday_profile(panel)
    return [
        (source, factor.tolist())
        for source, factor in (
            sources(like, profile, panel.days) for like in (one, two)
        )
    ]


def _sold(
    panel: Panel,
    row: int,
    like: tuple[NDArray[np.int64], list[float]],
    days: range,
) -> float:
    """Add the likes of some days up."""
    return sum(float(panel.sales[row, like[0][day]]) * like[1][day] for day in days)


class TestTakeSnapshot:
    """Every field equals a plain loop over days."""

    def test_weekly_totals(self) -> None:
        """Weeks end at the origin; a broken first week is left out."""
        panel, found = _panel(), _snapshot(_panel())
        weeks = DAYS // 7

        assert (24, weeks) == found.weeks.shape
        for week in range(weeks):
            last = DAYS - 7 * (weeks - 1 - week)
            expected = panel.sales[:, last - 7 : last].astype(np.float64).sum(axis=1)
            assert pytest.approx(expected, rel=1e-6) == found.weeks[:, week]

    def test_likes_a_year_before(self) -> None:
        """Weeks, bases and future of each series by its own country's calendar."""
        panel, found = _panel(), _snapshot(_panel())
        weeks = DAYS // 7
        ahead = ALIGNED_DAYS // 7

        assert (24, weeks + ahead) == found.year_weeks.shape
        for row in range(24):
            likes = _likes(panel, row)
            for week in range(weeks + ahead):
                last = DAYS - 7 * (weeks - 1 - week)
                expected = _sold(panel, row, likes[0], range(last - 7, last))
                assert pytest.approx(expected, rel=1e-5) == found.year_weeks[row, week]
            for year, like in enumerate(likes):
                for place, horizon in enumerate(HORIZONS_DAYS.tolist()):
                    length = min(horizon, ALIGNED_DAYS)
                    sold = _sold(panel, row, like, range(DAYS, DAYS + length))
                    future = found.future[year, row, place]
                    assert pytest.approx(sold / length, rel=1e-5) == future
                for place, base in enumerate(BASE_WEEKS):
                    sold = _sold(panel, row, like, range(DAYS - 7 * base, DAYS))
                    age = panel.days - int(panel.birth_index[row])
                    known = min(max(age - 364 * (year + 1), 1), 7 * base)
                    expected = sold / known
                    assert (
                        pytest.approx(expected, rel=1e-5)
                        == (found.base[year, row, place])
                    )

    def test_a_base_counts_the_days_that_were_known(self) -> None:
        """Steady sellers of 404 days sold as much a day in all three bases."""
        sales = np.zeros((2, DAYS))
        sales[0, -404:], sales[1, -404:] = 5.0, 500.0

        panel = replace(panel_of(sales), country_codes=np.full(2, ""))

        found = _snapshot(panel).base

        assert pytest.approx(np.repeat([[5.0], [500.0]], 3, axis=1)) == found[0]

    def test_a_calendar_makes_a_difference(self) -> None:
        """The comparison above is not of calendars without effect."""
        panel = _panel()
        nowhere = replace(panel, country_codes=np.full(24, ""))
        spanish = panel.country_codes == "ES"

        found, other = _snapshot(panel), _snapshot(nowhere)

        assert (found.year_weeks[spanish] != other.year_weeks[spanish]).any()
        is_french = panel.country_codes == "FR"
        assert is_french.any()
        unlisted = found.year_weeks[is_french]
        assert unlisted.tolist() == other.year_weeks[is_french].tolist()

    def test_zero_shares_and_idle_days(self) -> None:
        """Open days since birth count, closed ones do not."""
        panel, found = _panel(), _snapshot(_panel())

        for row in range(24):
            birth = int(panel.birth_index[row])
            for place, window in enumerate((28, 112)):
                days = [
                    day
                    for day in range(max(DAYS - window, birth), DAYS)
                    if panel.is_open[row, day]
                ]
                sold = sum(panel.sales[row, day] > 0 for day in days)
                expected = 1 - sold / max(len(days), 1)
                assert pytest.approx(expected) == found.zero_shares[row, place]
            idle, day = 0, DAYS - 1
            while day >= DAYS - LONGEST_IDLE_DAYS and panel.sales[row, day] == 0:
                idle += bool(panel.is_open[row, day])
                day -= 1
            has_sold = panel.sales[row, -LONGEST_IDLE_DAYS:].any()
            assert found.idle_days[row] == (idle if has_sold else LONGEST_IDLE_DAYS)

    def test_age_and_days_of_the_week(self) -> None:
        """The age counts both ends; day d of the week is d days after the origin."""
        panel, found = _panel(), _snapshot(_panel())

        for row in range(24):
            birth = int(panel.birth_index[row])
            assert found.age_days[row] == max(DAYS - birth, 0)
            for day in range(7):
                columns = [DAYS + day - 7 * week for week in range(1, 9)]
                expected = float(sum(panel.sales[row, columns].tolist()))
                assert pytest.approx(expected, rel=1e-6) == found.week_days[row, day]

    def test_a_weekday_on_which_nobody_sells_is_closed(self) -> None:
        """Of shops that close on one day of seven no day counts as without sales."""
        sales = np.full((2, 200), 50.0)
        sales[:, 6::7] = 0.0

        found = _snapshot(panel_of(sales))

        assert not found.zero_shares.any()
        assert not found.idle_days.any()

    def test_a_short_panel_has_fewer_weeks_and_no_year(self) -> None:
        """With 30 days there are four weeks, no base, and nothing a year before."""
        found = _snapshot(panel_of(np.ones((2, 30))))

        assert found.weeks.shape == (2, 4)
        assert not found.base.any()
        assert not found.future.any()

    def test_an_empty_panel_has_an_empty_snapshot(self) -> None:
        """No series is no error."""
        found = _snapshot(_panel().take(np.array([], dtype=np.int64)))

        assert found.weeks.shape == (0, DAYS // 7)
        assert (2, 0, len(HORIZONS_DAYS)) == found.future.shape


class TestWeekdayProfile:
    """How the week looks, over all series."""

    def test_equals_a_plain_loop(self) -> None:
        """Each series counts as its shares of the last 364 days."""
        panel = _panel()
        totals, counts = [0.0] * 7, [0] * 7
        for day in range(DAYS - YEAR_DAYS, DAYS):
            counts[day % 7] += 1
        for row in panel.sales[:, -YEAR_DAYS:].astype(np.float64):
            if row.sum() > 0:
                for place, sold in enumerate(row):
                    weekday = (DAYS - YEAR_DAYS + place) % 7
                    totals[weekday] += sold / row.sum()
        means = np.array(totals) / counts

        found = weekday_profile(panel)

        assert pytest.approx(means / means.mean(), rel=1e-5) == found
        assert found.max() > 1.2 * found.min()

    def test_size_and_currency_do_not_count(self) -> None:
        """A seller in hundredfold numbers weighs no more than another."""
        sales = np.zeros((2, 140))
        sales[0, 0::7], sales[1, 1::7] = 1.0, 1.0

        once = weekday_profile(panel_of(sales))
        many = weekday_profile(panel_of(sales * [[1.0], [128.0]]))

        assert once.tolist() == many.tolist()

    def test_without_sales_all_days_are_alike(self) -> None:
        """Nothing known is nothing told apart."""
        assert weekday_profile(panel_of(np.zeros((2, 60)))).tolist() == [1.0] * 7


@given(st.integers(100, DAYS - 1), st.integers(0, 2**32 - 1))
def test_a_snapshot_of_a_cut_panel_knows_nothing_later(days: int, seed: int) -> None:
    """Other sales after the origin, and other births, change not a bit of it."""
    panel = _panel()
    sales = panel.sales.copy()
    sales[:, days:] = random_sales(24, DAYS, seed)[:, days:]

    found = _snapshot(panel.cut(days))
    other = _snapshot(
        replace(same_names(panel, sales), is_open=panel.is_open).cut(days)
    )

    for field in fields(found):
        here, there = getattr(found, field.name), getattr(other, field.name)
        assert here.tobytes() == there.tobytes(), field.name
