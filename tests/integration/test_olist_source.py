"""The rules of the Olist source, each on six lines of three sellers."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from jobs.sources.olist import EXPORTED_AT, Olist
from jobs.sources.protocol import DataError, Source, Window
from jobs.sources.tables import TABLES
from jobs.sources.validation import validate

Row = dict[str, Any]
ITEMS = """\
order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
order-1,1,cup,seller-a,2018-03-04 23:59:59,58.90,13.29
order-1,2,cup,seller-b,2018-03-05 00:00:00,239.99,19.93
order-2,1,pot,seller-a,2018-03-01 12:00:00,0.85,1.00
order-3,1,pot,seller-a,2018-10-16 12:00:00,10.00,1.00
order-4,1,pot,seller-a,2020-02-03 20:23:22,75.99,14.70
order-5,1,pot,seller-c,2020-02-05 03:30:51,69.99,14.66
"""
SELLERS = """\
"seller_id","seller_zip_code_prefix","seller_city","seller_state"
"seller-a",13023,"campinas","SP"
"seller-b",13844,"são paulo","SP"
"seller-c",20031,"rio de janeiro","RJ"
"""


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _folder(path: Path, items: str = ITEMS, sellers: str = SELLERS) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "olist_order_items_dataset.csv").write_text(items, encoding="utf-8")
    (path / "olist_sellers_dataset.csv").write_text(sellers, encoding="utf-8")
    return path


def _rows(source: Olist, table: str, folder: Path) -> list[Row]:
    (file,) = source.land(table, folder)
    rows: list[Row] = pq.read_table(file).to_pylist()
    return rows


class TestRules:
    """Six lines become tables of the contract."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Olist:
        """Return the six lines as the original CSV files."""
        return Olist(_folder(tmp_path / "olist"))

    def test_lines_are_sold_at_their_only_date_and_price(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """Price in centavos, a tenth of it rounded down as commission, no freight."""
        rows = {
            row["order_item_id"]: row for row in _rows(source, "order_items", tmp_path)
        }

        assert len(rows) == 6
        assert rows["order-1-2"] == {
            "order_item_id": "order-1-2",
            "order_id": "order-1",
            "seller_id": "seller-b",
            "ordered_at": _at("2018-03-05"),
            "captured_at": _at("2018-03-05"),
            "delivered_at": None,
            "status": "captured",
            "currency_code": "BRL",
            "gross_minor": 23_999,
            "commission_minor": 2_399,
            "updated_at": _at("2018-03-05"),
        }
        assert rows["order-2-1"]["commission_minor"] == 8

    def test_lines_after_the_export_keep_their_date(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """They are known since the export, and later than it, which validation sees."""
        rows = {
            row["order_item_id"]: row for row in _rows(source, "order_items", tmp_path)
        }

        assert rows["order-4-1"]["captured_at"] == _at("2020-02-03T20:23:22")
        assert rows["order-4-1"]["updated_at"] == EXPORTED_AT

    def test_sellers_are_onboarded_at_their_first_sale(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """A seller whose only line is dated after the export is known since then."""
        rows = _rows(source, "sellers", tmp_path)

        assert {row["seller_id"]: row["onboarded_at"] for row in rows} == {
            "seller-a": _at("2018-03-01T12:00"),
            "seller-b": _at("2018-03-05"),
            "seller-c": EXPORTED_AT,
        }
        assert {row["legal_entity_id"] for row in rows} == {
            "seller-a",
            "seller-b",
            "seller-c",
        }
        assert all(row["updated_at"] == row["onboarded_at"] for row in rows)

    def test_a_week_is_paid_on_the_monday_after(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """Sunday's last second is paid with its week, Monday's first a week later."""
        rows = _rows(source, "payouts", tmp_path)

        assert [
            (row["payout_id"], row["initiated_at"], row["amount_minor"]) for row in rows
        ] == [
            (
                "derived-seller-a-2018-03-04",
                _at("2018-03-05T06:00"),
                5890 - 589 + 85 - 8,
            ),
            ("derived-seller-b-2018-03-11", _at("2018-03-12T06:00"), 23_999 - 2_399),
        ]
        assert rows[0]["period_start_date"] == _at("2018-02-26").date()
        assert rows[0]["period_end_date"] == _at("2018-03-04").date()
        assert {row["paid_at"] == row["initiated_at"] for row in rows} == {True}

    def test_a_line_learns_its_payout_in_a_second_version(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """First without a payout when sold, then with it when the payout starts."""
        rows = _rows(source, "balance_transactions", tmp_path)

        versions = [
            (row["payout_id"], row["amount_minor"], row["updated_at"])
            for row in rows
            if row["balance_transaction_id"] == "derived-sale-order-2-1"
        ]

        assert versions == [
            (None, 85, _at("2018-03-01T12:00")),
            ("derived-seller-a-2018-03-04", 85, _at("2018-03-05T06:00")),
        ]

    def test_what_the_export_did_not_live_to_see_is_not_paid(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """The last week's lines stay without a payout; those of 2020 have no lines."""
        rows = _rows(source, "balance_transactions", tmp_path)
        sources = {row["source_id"] for row in rows}

        last = [row["payout_id"] for row in rows if row["source_id"] == "order-3-1"]

        assert last == [None, None]
        assert not sources & {"order-4-1", "order-5-1"}

    def test_parquet_and_csv_give_the_same_rows(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """Both forms of the export land the same tables."""
        folder = tmp_path / "parquet"
        folder.mkdir()
        for file in sorted(source.path.glob("*.csv")):
            pq.write_table(pa_csv.read_csv(file), folder / f"{file.stem}.parquet")

        for table in source.tables:
            expected = _rows(source, table, tmp_path / "from_csv")
            assert expected
            assert _rows(Olist(folder), table, tmp_path / "from_parquet") == expected

    def test_every_landed_file_has_the_contract_columns(
        self, source: Olist, tmp_path: Path
    ) -> None:
        """The tables pass validation with nothing in quarantine but the late lines."""
        window = Window(start_at=None, end_at=_at("2018-11-01"))

        for table in source.tables:
            landed = source.land(table, tmp_path / "landed")
            result = validate(TABLES[table], landed, window, tmp_path / table)
            assert pq.read_schema(landed[0]).names == [
                column.name for column in TABLES[table].columns
            ]
            assert result.loaded_count > 0
            assert result.quarantined_count == (2 if table == "order_items" else 0)

    def test_satisfies_the_source_protocol(self, source: Olist) -> None:
        """It names itself, its tables and what is derived in each of them."""
        protocol: Source = source

        assert protocol.name.startswith("olist-")
        assert set(protocol.derived) == set(protocol.tables)
        assert "gross_minor" not in protocol.derived["order_items"]
        assert "commission_minor" in protocol.derived["order_items"]


class TestRefusals:
    """What cannot be converted is an error that names file, column or line."""

    @pytest.mark.parametrize(
        ("before", "after", "message"),
        [
            ("price,", "cost,", "olist_order_items_dataset.csv: no column price"),
            ("58.90", "58.905", "line order-1-1 has no price in whole centavos"),
            ("58.90", "-58.90", "line order-1-1 has no price in whole centavos"),
            ("58.90", "NaN", "line order-1-1 has no price in whole centavos"),
            ("58.90", "", "line order-1-1 has no price in whole centavos"),
            ("order-2,1,", "order-1,1,", r"line order-1-1 is there twice \(2 in all\)"),
            ("2018-03-01 12", "soon", "line order-2-1 has no readable shipping_limit"),
            ("order-2,", ",", "line without a name has no order_id, order_item_id or"),
            (
                "seller-b",
                "seller-x",
                "line order-1-2 names a seller that olist_sellers_dataset lacks",
            ),
        ],
    )
    def test_refuses_a_broken_line(
        self, tmp_path: Path, before: str, after: str, message: str
    ) -> None:
        """One change in the six lines and the whole table is refused."""
        source = Olist(_folder(tmp_path / "olist", ITEMS.replace(before, after, 1)))

        with pytest.raises(DataError, match=message):
            source.land("payouts", tmp_path)

    def test_refuses_a_folder_without_the_files(self, tmp_path: Path) -> None:
        """The message names the folder and both names a file may have."""
        with pytest.raises(
            DataError,
            match=r"no olist_order_items_dataset\.parquet and no olist_order_items_da",
        ):
            _ = Olist(tmp_path).tables

    def test_refuses_a_parquet_file_that_is_none(self, tmp_path: Path) -> None:
        """A file that is not what its name says is named."""
        folder = _folder(tmp_path / "olist")
        (folder / "olist_order_items_dataset.parquet").write_text("not Parquet")

        with pytest.raises(DataError, match=r"items_dataset\.parquet: cannot be read"):
            Olist(folder).land("order_items", tmp_path)
