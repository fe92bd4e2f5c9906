"""A long stretch without sales is a closure only once its end is known."""

import math
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from panels import panel_of

from jobs.forecasting.closures import (
    _BEFORE_DAYS,
    _FILL_WEEKS,
    _LEAST_DAYS,
    _SURPRISE,
    Closures,
    fill,
    find_closures,
)
from jobs.forecasting.panel import Panel


def _closing_panel(seed: int = 1, count: int = 30, days: int = 330) -> Panel:
    """Return sellers of every activity who close once or twice for some time."""
    random = np.random.default_rng(seed)
    activity = random.choice([0.1, 0.4, 0.8, 1.0], count)
    sales = np.ceil(random.gamma(2.0, 50.0, (count, days)))
    sales *= random.random((count, days)) < activity[:, None]
    for row in range(count):
        sales[row, : random.integers(0, 60)] = 0.0
        for first in random.integers(70, days, 2):
            sales[row, first : first + random.integers(10, 90)] = 0.0
    return panel_of(sales)


def _by_hand(panel: Panel) -> list[tuple[int, int, int]]:
    """Return row, first day and end of every closure by plain loops."""
    found = []
    for row, sales in enumerate(panel.sales.tolist()):
        sale_days = [day for day, sold in enumerate(sales) if sold > 0]
        for last, following in pairwise(sale_days):
            length = following - last - 1
            before = sales[max(last + 1 - _BEFORE_DAYS, 0) : last + 1]
            share = min(sum(sold > 0 for sold in before) / _BEFORE_DAYS, 0.999)
            is_no_chance = -length * math.log(1 - share) >= _SURPRISE
            if length >= _LEAST_DAYS and is_no_chance:
                found.append((row, last + 1, following))
    return found


def _tuples(closures: Closures) -> list[tuple[int, int, int]]:
    columns = (closures.row.tolist(), closures.start.tolist(), closures.end.tolist())
    return list(zip(*columns, strict=True))


class TestFindClosures:
    """Which stretches count."""

    def test_equals_a_plain_loop(self) -> None:
        """Row, first day and first sale after it, in order of rows."""
        panel = _closing_panel()

        found = _tuples(find_closures(panel.sales, panel.birth_index))

        assert len(found) > 15
        assert _by_hand(panel) == found

    def test_only_what_came_before_decides(self) -> None:
        """A panel cut on any day shows the closures that had ended by then."""
        panel = _closing_panel()
        whole = _tuples(find_closures(panel.sales, panel.birth_index))

        for days in range(80, 330, 10):
            cut = panel.cut(days)
            found = _tuples(find_closures(cut.sales, cut.birth_index))
            assert [closure for closure in whole if closure[2] < days] == found

    def test_a_silence_that_goes_on_is_no_closure(self) -> None:
        """Whoever does not come back has stopped, in euros and in yen."""
        sales = np.full((2, 200), 100.0)
        sales[:, 120:] = 0.0
        sales[1, -1] = 5.0
        panel = panel_of(sales)

        assert _tuples(find_closures(panel.sales, panel.birth_index)) == [(1, 120, 199)]

    def test_a_sparse_seller_is_never_closed(self) -> None:
        """One sale in three weeks leaves room for long pauses."""
        sales = np.zeros((2, 400))
        sales[:, ::21] = 100.0
        sales[:, 210:260] = 0.0
        panel = panel_of(sales)

        assert _tuples(find_closures(panel.sales, panel.birth_index)) == []

    def test_none_in_a_panel_without_series_or_sales(self) -> None:
        """Nothing to see is no error."""
        for sales in (np.zeros((0, 200)), np.zeros((2, 200))):
            panel = panel_of(sales)
            closures = find_closures(panel.sales, panel.birth_index)
            assert _tuples(closures) == []
            assert closures.under_way(100).tolist() == []

    def test_tells_who_is_closed_on_a_day(self) -> None:
        """Under way from the first closed day known until the first sale is."""
        closures = Closures(np.array([3, 5]), np.array([50, 80]), np.array([90, 120]))

        found = {day: closures.under_way(day).tolist() for day in (50, 51, 81, 90, 91)}

        assert found == {50: [], 51: [3], 81: [3, 5], 90: [3, 5], 91: [5]}


class TestFill:
    """What a closure is filled with."""

    def test_equals_a_plain_loop(self) -> None:
        """Each day gets the mean of its weekday in the weeks before the closure."""
        panel = _closing_panel()
        closures = find_closures(panel.sales, panel.birth_index)
        expected = panel.sales.astype(np.float64)
        for row, start, end in _by_hand(panel):
            for day in range(start, end):
                latest = day
                while latest >= start:
                    latest -= 7
                weeks = [latest - 7 * week for week in range(_FILL_WEEKS)]
                before = [expected[row, week] for week in weeks if week >= 0]
                expected[row, day] = sum(before) / len(before)

        filled = fill(panel.sales, closures, panel.days)

        assert np.allclose(expected, filled, rtol=1e-6)
        assert (filled != panel.sales).any()

    @given(st.integers(1, 330))
    def test_knows_nothing_of_later_days(self, days: int) -> None:
        """Whether the panel ends on the day or goes on makes no difference."""
        panel = _closing_panel()
        cut = panel.cut(days)

        whole = fill(panel.sales, find_closures(panel.sales, panel.birth_index), days)
        known = fill(cut.sales, find_closures(cut.sales, cut.birth_index), days)

        assert known.tolist() == whole.tolist()

    def test_leaves_every_other_day_as_it_is(self) -> None:
        """Only days of ended closures change, and the given sales never do."""
        panel = _closing_panel()
        before = panel.sales.copy()
        closures = find_closures(panel.sales, panel.birth_index)
        inside = np.zeros(panel.sales.shape, dtype=np.bool_)
        for row, start, end in _tuples(closures):
            inside[row, start:end] = True

        filled = fill(panel.sales, closures, panel.days)

        assert before[~inside].tolist() == filled[~inside].tolist()
        assert before.tolist() == panel.sales.tolist()

    def test_a_closed_seller_is_filled_with_its_usual_week(self) -> None:
        """Who sells 1 … 7 through the week sells so through the closure."""
        sales = np.tile(np.arange(1.0, 8.0), (2, 40)) * [[1], [100]]
        expected = sales.copy()
        sales[:, 90:150] = 0.0
        panel = panel_of(sales)

        closures = find_closures(panel.sales, panel.birth_index)

        assert expected.tolist() == fill(panel.sales, closures, 280).tolist()
