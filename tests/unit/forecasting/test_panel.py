"""The panel holds every flow on its own day, or says which one it refuses."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from panels import END_DATE, flows, panel_of, random_panel, series

from jobs.forecasting.panel import build_panel


def _day(back: int) -> date:
    return END_DATE - timedelta(days=back)


#: In the order wanted: places 0, 1 and 2.
WANTED = series(
    ("seller-b", "JPY", "JP", _day(3)),
    ("seller-a", "EUR", "ES", _day(0)),
    ("seller-a", "JPY", "", None),
)


class TestBuildPanel:
    """Flows become one row a series and one column a day."""

    def test_puts_each_flow_on_its_series_and_day(self) -> None:
        """Two sellers and two currencies never mix, and the wanted order is kept."""
        rows = flows(
            (1, _day(0), 100), (2, _day(1), 7), (0, _day(3), 900), (0, _day(0), 50)
        )

        panel = build_panel(rows, WANTED, END_DATE, 4)

        assert panel.sales.tolist() == [[900, 0, 0, 50], [0, 0, 0, 100], [0, 0, 7, 0]]
        assert (_day(3), END_DATE, 4) == (panel.start_date, panel.end_date, panel.days)
        assert panel.seller_ids.tolist() == ["seller-b", "seller-a", "seller-a"]
        assert panel.currency_codes.tolist() == ["JPY", "EUR", "JPY"]
        assert panel.country_codes.tolist() == ["JP", "ES", ""]
        assert panel.is_open.all()

    def test_equals_a_plain_loop(self) -> None:
        """The scatter gives what a loop over the rows gives."""
        random = np.random.default_rng(3)
        cells = sorted({(int(s), int(d)) for s, d in random.integers(0, 14, (150, 2))})
        rows = [(row, _day(back), int(random.integers(0, 999))) for row, back in cells]
        wanted = [
            (f"seller-{row % 7}", ("EUR", "JPY")[row % 2], "", None)
            for row in range(14)
        ]
        expected = np.zeros((14, 20))
        for row, day, amount in rows:
            expected[row, 19 - (END_DATE - day).days] = amount

        panel = build_panel(flows(*rows), series(*wanted), END_DATE, 20)

        assert len(rows) > 50
        assert expected.tolist() == panel.sales.tolist()
        assert np.float32 == panel.sales.dtype

    def test_the_birth_is_the_first_sale_whenever_it_was(self) -> None:
        """Before the panel it is negative; without a sale, or later, all the days."""
        dates = (_day(9), _day(1), None, _day(-3))
        wanted = series(*((f"seller-{d}", "EUR", "", d) for d in dates))

        panel = build_panel(flows((0, _day(1), 3)), wanted, END_DATE, 4)

        assert panel.birth_index.tolist() == [-6, 2, 4, 4]

    def test_two_currencies_of_one_seller_are_two_series(self) -> None:
        """Euros and yen of a seller lie in rows of their own and are never added."""
        rows = flows((1, _day(1), 250), (2, _day(1), 9_000))

        panel = build_panel(rows, WANTED, END_DATE, 2)

        assert panel.seller_ids[1] == panel.seller_ids[2]
        assert panel.sales.tolist() == [[0, 0], [250, 0], [9_000, 0]]

    def test_reads_dictionary_encoded_text(self) -> None:
        """Columns that arrive encoded give the same panel."""
        encoded = WANTED.set_column(
            0, "seller_id", WANTED["seller_id"].dictionary_encode()
        )

        panel = build_panel(flows((0, _day(0), 1)), encoded, END_DATE, 3)

        assert panel.seller_ids.tolist() == ["seller-b", "seller-a", "seller-a"]

    def test_accepts_no_flows_and_no_series(self) -> None:
        """An empty marketplace is an empty panel, not an error."""
        panel = build_panel(flows(), WANTED.slice(0, 0), END_DATE, 5)

        assert panel.sales.shape == (0, 5)
        assert panel.birth_index.shape == (0,)

    def test_a_gap_is_days_without_sales(self) -> None:
        """A day without a row holds 0, before and after the first sale."""
        panel = build_panel(
            flows((0, _day(3), 5), (0, _day(0), 6)), WANTED, END_DATE, 5
        )

        assert panel.sales[0].tolist() == [0, 5, 0, 0, 6]


class TestRefusals:
    """What cannot be a history is an error that names the series and the date."""

    @pytest.mark.parametrize(
        ("row", "sentence"),
        [
            (
                (0, _day(-1), 5),
                (
                    "the flow of seller-b in JPY on 2026-11-01, 5 minor units, is later"
                    " than the panel's last day, 2026-10-31"
                ),
            ),
            (
                (1, _day(4), 5),
                (
                    "the flow of seller-a in EUR on 2026-10-27, 5 minor units, is"
                    " before the panel's first day, 2026-10-28"
                ),
            ),
            (
                (2, _day(1), -5),
                (
                    "the flow of seller-a in JPY on 2026-10-30, -5 minor units, is"
                    " negative; repayable sales are 0 or more"
                ),
            ),
            (
                (3, _day(1), 5),
                (
                    "the flow of series 3 on 2026-10-30, 5 minor units, has no series"
                    " among 3"
                ),
            ),
            (
                (-1, _day(1), 5),
                (
                    "the flow of series -1 on 2026-10-30, 5 minor units, has no series"
                    " among 3"
                ),
            ),
        ],
        ids=["future", "early", "negative", "unknown", "below-zero"],
    )
    def test_refuses_a_flow(self, row: tuple[int, date, int], sentence: str) -> None:
        """A future day, a negative amount or an unknown series stops the panel."""
        with pytest.raises(ValueError) as raised:  # noqa: PT011 - compared in full
            build_panel(flows((1, _day(0), 1), row), WANTED, END_DATE, 4)

        assert sentence == str(raised.value)

    def test_refuses_two_flows_on_one_day(self) -> None:
        """Neither sum nor last one wins: the grain is one row a day."""
        rows = flows((1, _day(1), 1), (0, _day(1), 2), (0, _day(1), 2))

        with pytest.raises(
            ValueError,
            match="the flow of seller-b in JPY on 2026-10-30, 2 minor units, is the"
            " second of that day; expected one",
        ):
            build_panel(rows, WANTED, END_DATE, 4)

    def test_refuses_a_series_given_twice(self) -> None:
        """A seller has one row for each currency."""
        twice = pa.concat_tables([WANTED, WANTED.slice(1, 1)])

        with pytest.raises(
            ValueError, match="series seller-a in EUR is given 2 times; expected once"
        ):
            build_panel(flows(), twice, END_DATE, 4)

    @pytest.mark.parametrize("column", ["series_index", "flow_date", "repayable_minor"])
    def test_refuses_a_missing_value(self, column: str) -> None:
        """No amount is not an amount of zero, and no day is not any day."""
        rows = flows((1, _day(1), 1), (0, _day(0), 2))
        place = rows.column_names.index(column)
        missing = rows.set_column(
            place, column, pa.array([None, None], rows[column].type)
        )

        with pytest.raises(ValueError, match=f"flows have no {column} in 2 rows"):
            build_panel(missing, WANTED, END_DATE, 4)

    def test_refuses_a_panel_without_days(self) -> None:
        """A panel has at least one day."""
        with pytest.raises(ValueError, match="at least one day, not 0"):
            build_panel(flows(), WANTED, END_DATE, 0)


class TestParts:
    """Panels can be cut in time and taken by series."""

    def test_cutting_equals_building_on_that_day(self) -> None:
        """A cut panel knows nothing of what came later, births included."""
        early, late = (0, _day(3), 4), (1, _day(0), 5)

        cut = build_panel(flows(early, late), WANTED, END_DATE, 5).cut(3)
        known = build_panel(flows(early), WANTED, _day(2), 3)

        assert (known.start_date, known.end_date) == (cut.start_date, cut.end_date)
        assert known.sales.tolist() == cut.sales.tolist()
        assert known.birth_index.tolist() == cut.birth_index.tolist()
        assert known.is_open.tolist() == cut.is_open.tolist()

    def test_takes_series_in_the_asked_order(self) -> None:
        """Rows move together with their names, countries and births."""
        panel = panel_of([[0, 2, 0], [0, 0, 7], [5, 0, 0]])

        taken = panel.take(np.array([2, 1], dtype=np.int64))

        assert taken.seller_ids.tolist() == ["seller-0002", "seller-0001"]
        assert taken.currency_codes.tolist() == ["EUR", "JPY"]
        assert taken.country_codes.tolist() == ["FR", "JP"]
        assert taken.sales.tolist() == [[5, 0, 0], [0, 0, 7]]
        assert taken.birth_index.tolist() == [0, 2]
        assert taken.is_open.shape == (2, 3)

    def test_cutting_and_taking_may_change_places(self) -> None:
        """Which comes first makes no difference."""
        panel, rows = random_panel(20, 60), np.array([3, 17, 4])

        first, second = panel.cut(40).take(rows), panel.take(rows).cut(40)

        assert first.sales.tolist() == second.sales.tolist()
        assert first.birth_index.tolist() == second.birth_index.tolist()
