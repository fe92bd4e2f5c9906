"""The whole real Olist export, against sums made independently from the input."""

from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from olist_data import OLIST, needs_olist

from jobs.sources.olist import EXPORTED_AT, Olist
from jobs.sources.protocol import Window
from jobs.sources.tables import TABLES
from jobs.sources.validation import validate

Row = dict[str, Any]


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """Return every delivered table of the real data."""
    source = Olist(OLIST)
    folder = tmp_path_factory.mktemp("olist")
    return {
        table: pq.read_table(*source.land(table, folder)).to_pylist()
        for table in source.tables
    }


@pytest.fixture(scope="module")
def given() -> list[tuple[datetime, int]]:
    """Return date and centavos of each input line, by decimal arithmetic."""
    lines = pq.read_table(OLIST / "olist_order_items_dataset.parquet")
    return [
        (line["shipping_limit_date"], int(Decimal(str(line["price"])) * 100))
        for line in lines.select(["shipping_limit_date", "price"]).to_pylist()
    ]


@needs_olist
class TestRealData:
    """Real lines arrive to the cent, and derived rows tie to them."""

    def test_sales_equal_the_input_to_the_cent(
        self, landed: dict[str, list[Row]], given: list[tuple[datetime, int]]
    ) -> None:
        """Up to a date, in all, and less the four lines dated 2020."""
        end_at = datetime.fromisoformat("2018-07-01")
        items = landed["order_items"]
        late = [row for row in items if row["captured_at"] > row["updated_at"]]

        until = sum(row["gross_minor"] for row in items if row["captured_at"] < end_at)
        whole = sum(row["gross_minor"] for row in items)
        sales = {
            row["balance_transaction_id"]: row["amount_minor"]
            for row in landed["balance_transactions"]
            if row["kind"] == "sale"
        }

        assert until == sum(price for sold_at, price in given if sold_at < end_at)
        assert whole == sum(price for _, price in given) == 1_359_164_370
        assert [row["captured_at"].year for row in late] == [2020] * 4
        assert sum(sales.values()) == whole - sum(row["gross_minor"] for row in late)

    def test_every_payout_equals_its_lines(self, landed: dict[str, list[Row]]) -> None:
        """The newest versions of the lines sum to the payout and to its own line."""
        newest: dict[str, Row] = {}
        for row in landed["balance_transactions"]:
            key = row["balance_transaction_id"]
            if key not in newest or row["updated_at"] > newest[key]["updated_at"]:
                newest[key] = row
        lines: dict[str, int] = defaultdict(int)
        own: dict[str, int] = {}
        for row in newest.values():
            if row["kind"] == "payout":
                own[row["payout_id"]] = -row["amount_minor"]
            elif row["payout_id"]:
                lines[row["payout_id"]] += row["amount_minor"]

        payouts = {row["payout_id"]: row["amount_minor"] for row in landed["payouts"]}

        assert len(payouts) > 30_000
        assert payouts == lines
        assert payouts == own

    def test_nothing_is_dated_after_its_version_but_the_four(
        self, landed: dict[str, list[Row]]
    ) -> None:
        """Whatever a night loads happened by then; validation stops the four lines."""
        window = Window(start_at=None, end_at=EXPORTED_AT + timedelta(days=1))

        late = {
            name: sum(
                row[column.name] is not None and row[column.name] > row["updated_at"]
                for row in rows
                for column in TABLES[name].columns
                if column.is_event and column.name != "ordered_at"
            )
            for name, rows in landed.items()
        }

        assert late == {
            "sellers": 0,
            "order_items": 4,
            "payouts": 0,
            "balance_transactions": 0,
        }
        assert all(
            row["updated_at"] < window.end_at
            for rows in landed.values()
            for row in rows
        )

    def test_validation_quarantines_the_four(self, tmp_path: Path) -> None:
        """Once the window reaches the export, exactly those lines are set aside."""
        landed = Olist(OLIST).land("order_items", tmp_path)
        table = TABLES["order_items"]
        before = Window(start_at=None, end_at=datetime.fromisoformat("2018-10-17"))
        after = Window(
            start_at=before.end_at, end_at=datetime.fromisoformat("2018-10-18")
        )

        first = validate(table, landed, before, tmp_path / "before")
        then = validate(table, landed, after, tmp_path / "after")

        assert (first.loaded_count, first.quarantined_count) == (112_646, 0)
        assert (then.loaded_count, then.quarantined_count) == (0, 4)
