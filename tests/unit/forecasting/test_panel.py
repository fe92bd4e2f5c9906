"""The panel holds every flow on its own day, or says which one it refuses."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from panels import END_DATE, cut_panel, flows, series

from jobs.forecasting.panel import build_panel, take_series

WANTED = series(("seller-b", "JPY"), ("seller-a", "EUR"), ("seller-a", "JPY"))


def _day(back: int) -> date:
    return END_DATE - timedelta(days=back)


class TestBuildPanel:
    """Flows become one row a series and one column a day."""

    def test_puts_each_flow_on_its_series_and_day(self) -> None:
        """Two sellers and two currencies never mix, and the wanted order is kept."""
        rows = flows(
            ("seller-a", "EUR", _day(0), 100),
            ("seller-a", "JPY", _day(1), 7),
            ("seller-b", "JPY", _day(3), 900),
            ("seller-b", "JPY", _day(0), 50),
        )

        panel = build_panel(rows, WANTED, END_DATE, 4)

        assert panel.sales.tolist() == [[900, 0, 0, 50], [0, 0, 0, 100], [0, 0, 7, 0]]
        assert panel.birth_index.tolist() == [0, 3, 2]
        assert panel.start_date == _day(3)
        assert panel.seller_ids.tolist() == ["seller-b", "seller-a", "seller-a"]
        assert panel.currency_codes.tolist() == ["JPY", "EUR", "JPY"]

    def test_equals_a_plain_loop(self) -> None:
        """The scatter gives what a loop over the rows gives."""
        random = np.random.default_rng(3)
        keys = sorted({(int(s), int(d)) for s, d in random.integers(0, 20, (150, 2))})
        pairs = [(f"seller-{s % 7}", ("EUR", "JPY")[s % 2]) for s in range(14)]
        rows = [
            (*pairs[s], _day(d), int(random.integers(0, 999)))
            for s, d in keys
            if s < 14
        ]
        expected = np.zeros((14, 20))
        for seller, currency, day, amount in rows:
            column = 19 - (END_DATE - day).days
            expected[pairs.index((seller, currency)), column] = amount

        panel = build_panel(flows(*rows), series(*pairs), END_DATE, 20)

        assert np.array_equal(panel.sales, expected)

    def test_leaves_out_series_that_are_not_wanted(self) -> None:
        """A bucket sees only its own sellers, whichever flows it is given."""
        rows = flows(
            ("seller-a", "EUR", _day(0), 100),
            ("seller-a", "USD", _day(0), 5),
            ("stranger", "EUR", _day(0), 6),
        )

        panel = build_panel(rows, series(("seller-a", "EUR")), END_DATE, 2)

        assert panel.sales.tolist() == [[0, 100]]

    def test_an_earlier_flow_counts_for_the_birth_only(self) -> None:
        """A first sale before the panel gives a negative birth and no column."""
        rows = flows(("seller-a", "EUR", _day(9), 100), ("seller-a", "EUR", _day(1), 3))

        panel = build_panel(rows, series(("seller-a", "EUR")), END_DATE, 4)

        assert panel.sales.tolist() == [[0, 0, 3, 0]]
        assert panel.birth_index.tolist() == [-6]

    def test_a_day_without_repayable_sales_is_no_birth(self) -> None:
        """Whoever never sold is born after the last day."""
        rows = flows(("seller-a", "EUR", _day(1), 0))

        panel = build_panel(rows, WANTED, END_DATE, 4)

        assert panel.birth_index.tolist() == [4, 4, 4]
        assert not panel.sales.any()

    def test_reads_dictionary_encoded_text(self) -> None:
        """Columns that arrive encoded give the same panel."""
        rows = flows(("seller-a", "EUR", _day(0), 1), ("seller-b", "JPY", _day(2), 2))
        encoded = rows.set_column(0, "seller_id", rows["seller_id"].dictionary_encode())

        panel = build_panel(encoded, WANTED, END_DATE, 3)

        assert (
            panel.sales.tolist()
            == build_panel(rows, WANTED, END_DATE, 3).sales.tolist()
        )

    def test_accepts_no_flows_and_no_series(self) -> None:
        """An empty marketplace is an empty panel, not an error."""
        empty = flows(("seller-a", "EUR", _day(0), 1)).slice(0, 0)

        panel = build_panel(empty, WANTED.slice(0, 0), END_DATE, 5)

        assert panel.sales.shape == (0, 5)


class TestRefusals:
    """What cannot be a history is an error that names the seller and the date."""

    @pytest.mark.parametrize(
        ("amount", "back", "sentence"),
        [
            (
                5,
                -1,
                "seller-b on 2026-11-01, 5 JPY minor units, is later than the last day",
            ),
            (-5, 1, "seller-b on 2026-10-30, -5 JPY minor units, is negative"),
            (2**53, 0, r"seller-b in JPY sold 2\*\*53 minor units or more"),
        ],
    )
    def test_refuses_a_flow(self, amount: int, back: int, sentence: str) -> None:
        """A future day, a negative amount and an inexact total are refused."""
        rows = flows(
            ("seller-a", "EUR", _day(0), 1), ("seller-b", "JPY", _day(back), amount)
        )

        with pytest.raises(ValueError, match=sentence):
            build_panel(rows, WANTED, END_DATE, 4)

    def test_refuses_two_flows_on_one_day(self) -> None:
        """Neither sum nor last one wins: the grain is one row a day."""
        rows = flows(
            ("seller-a", "EUR", _day(1), 1),
            ("seller-b", "JPY", _day(1), 2),
            ("seller-b", "JPY", _day(1), 2),
        )

        with pytest.raises(
            ValueError, match="seller-b in JPY has two flows on 2026-10-30"
        ):
            build_panel(rows, WANTED, END_DATE, 4)

    def test_refuses_a_series_wanted_twice(self) -> None:
        """A seller has one row for each currency."""
        rows = flows(("seller-a", "EUR", _day(1), 1))
        twice = series(("seller-a", "EUR"), ("seller-b", "JPY"), ("seller-a", "EUR"))

        with pytest.raises(ValueError, match="seller-a in EUR is wanted twice"):
            build_panel(rows, twice, END_DATE, 4)

    def test_refuses_a_missing_amount(self) -> None:
        """No amount is not an amount of zero."""
        rows = flows(("seller-a", "EUR", _day(1), 1))
        missing = rows.set_column(3, "repayable_minor", pa.array([None], pa.int64()))

        with pytest.raises(ValueError, match="flows have no repayable_minor in 1 rows"):
            build_panel(missing, WANTED, END_DATE, 4)

    @pytest.mark.parametrize("amount", [float("nan"), 1.5])
    def test_refuses_what_is_not_a_whole_number(self, amount: float) -> None:
        """Minor units are whole; a fraction or NaN is not rounded away."""
        rows = flows(("seller-a", "EUR", _day(1), 1))
        broken = rows.set_column(3, "repayable_minor", pa.array([amount], pa.float64()))

        with pytest.raises(ValueError, match="was truncated"):
            build_panel(broken, WANTED, END_DATE, 4)

    def test_refuses_a_panel_without_days(self) -> None:
        """A panel has at least one day."""
        rows = flows(("seller-a", "EUR", _day(1), 1))

        with pytest.raises(ValueError, match="at least one day, not 0"):
            build_panel(rows, WANTED, END_DATE, 0)


class TestParts:
    """Panels can be cut in time and taken by series."""

    def test_cutting_equals_building_on_that_day(self) -> None:
        """A cut panel knows nothing of what came later, births included."""
        early = ("seller-a", "EUR", _day(3), 4)
        late = ("seller-b", "JPY", _day(0), 5)

        panel = cut_panel(build_panel(flows(early, late), WANTED, END_DATE, 5), _day(2))
        known = build_panel(flows(early), WANTED, _day(2), 3)

        assert panel.end_date == known.end_date
        assert np.array_equal(panel.sales, known.sales)
        assert np.array_equal(panel.birth_index, known.birth_index)

    def test_takes_series_in_the_asked_order(self) -> None:
        """Rows move together with their names and births."""
        rows = flows(("seller-a", "EUR", _day(0), 1), ("seller-b", "JPY", _day(1), 2))

        panel = take_series(
            build_panel(rows, WANTED, END_DATE, 2), np.array([1, 0], dtype=np.int64)
        )

        assert panel.seller_ids.tolist() == ["seller-a", "seller-b"]
        assert panel.currency_codes.tolist() == ["EUR", "JPY"]
        assert panel.sales.tolist() == [[0, 1], [2, 0]]
        assert panel.birth_index.tolist() == [1, 0]
