"""Every broken row is quarantined with its reason, every broken file is named."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from marketplace import FIRST_DAY, Row, csv_text, marketplace, write_csv, write_parquet

from jobs.sources.files import Files
from jobs.sources.protocol import DataError, Window
from jobs.sources.tables import TABLES
from jobs.sources.validation import Validated, validate

ALL = Window(None, FIRST_DAY + timedelta(days=100))


def order_items() -> list[Row]:
    """Return the builder's order items, both sellers and currencies."""
    return marketplace(days=3)["order_items"]


def run(tmp_path: Path, rows: list[Row], window: Window = ALL) -> Validated:
    """Validate order items delivered as one CSV file."""
    path = tmp_path / "order_items.csv"
    path.write_text(csv_text("order_items", rows), encoding="utf-8")
    return validate(TABLES["order_items"], [path], window, tmp_path / "out")


def quarantine(validated: Validated) -> list[dict[str, Any]]:
    """Return the quarantined rows."""
    return pq.read_table(validated.quarantine).to_pylist()


def test_clean_rows_pass_unchanged(tmp_path: Path) -> None:
    """Rows that keep the contract come out as they went in, typed."""
    rows = order_items()

    validated = run(tmp_path, rows)

    assert rows == pq.read_table(validated.rows).to_pylist()
    assert quarantine(validated) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"currency_code": "EURO"},
            "currency_code EURO is not an ISO 4217 code",
        ),
        ({"currency_code": None}, "currency_code is missing"),
        (
            {"status": "lost"},
            "status lost is not one of ordered, captured, delivered, cancelled",
        ),
        ({"order_item_id": None}, "order_item_id is missing"),
        ({"gross_minor": -1}, "gross_minor -1 is below 0"),
        (
            {"gross_minor": "12.50"},
            "gross_minor 12.50 is not a whole number of minor units",
        ),
        (
            {"gross_minor": 10**17},
            f"gross_minor {10**17} is beyond the largest amount accepted, {10**15}",
        ),
        (
            {"ordered_at": datetime(1970, 1, 1)},  # noqa: DTZ001 - naive UTC
            "ordered_at 1970-01-01T00:00:00+00:00 is outside 2000-01-01 to 2100-01-01",
        ),
        (
            {"captured_at": datetime(2027, 1, 1)},  # noqa: DTZ001 - naive UTC
            "captured_at 2027-01-01T00:00:00+00:00 is later than the row's updated_at",
        ),
        (
            {"updated_at": "yesterday"},
            "updated_at yesterday is not a timestamp such as 2026-01-31T23:59:59Z",
        ),
    ],
)
def test_a_broken_row_is_quarantined_with_its_reason(
    tmp_path: Path, change: Row, reason: str
) -> None:
    """One broken row is set aside with reason, origin and content; the others load."""
    rows = order_items()
    rows[1] |= change

    validated = run(tmp_path, rows)
    (broken,) = quarantine(validated)

    assert len(rows) - 1 == validated.loaded_count
    assert reason == broken["reason"]
    assert broken["origin"] == "order_items.csv row 2"
    assert broken["seller_id"] == "seller-eur"
    assert csv_text("order_items", [rows[1]]).splitlines()[1].split(",") == [
        value or "" for value in json.loads(broken["content"]).values()
    ]


def test_every_breach_of_a_row_is_named(tmp_path: Path) -> None:
    """A row that is wrong twice says so twice."""
    rows = order_items()
    rows[0] |= {"gross_minor": -5, "status": "gone"}

    (broken,) = quarantine(run(tmp_path, rows))

    assert (
        broken["reason"]
        == "status gone is not one of ordered, captured, delivered, cancelled; "
        "gross_minor -5 is below 0"
    )


def test_a_key_with_two_contents_is_quarantined_whole(tmp_path: Path) -> None:
    """Two rows with one key and version but other content are both set aside."""
    rows = order_items()
    rows.append(rows[0] | {"gross_minor": 1})

    validated = run(tmp_path, rows)

    key = rows[0]["order_item_id"]
    reason = f"key {key} has 2 different rows with the same updated_at"
    assert [reason] * 2 == [row["reason"] for row in quarantine(validated)]
    assert len(rows) - 2 == validated.loaded_count


def test_exact_repeats_collapse_and_are_counted(tmp_path: Path) -> None:
    """The same row twice is one row; nothing is quarantined for it."""
    rows = order_items()

    validated = run(tmp_path, [*rows, rows[0], rows[0]])

    assert (len(rows), 0, 2) == (
        validated.loaded_count,
        validated.quarantined_count,
        validated.collapsed_duplicate_count,
    )


def test_two_versions_of_a_key_both_load(tmp_path: Path) -> None:
    """A later version of a row is news, not a duplicate."""
    rows = order_items()
    later = rows[0]["updated_at"] + timedelta(days=2)
    rows.append(rows[0] | {"status": "delivered", "updated_at": later})

    assert len(rows) == run(tmp_path, rows).loaded_count


def test_the_window_holds_its_start_and_not_its_end(tmp_path: Path) -> None:
    """A night loads versions from its window's start up to, not including, its end."""
    rows = order_items()
    start = rows[1]["updated_at"]
    window = Window(start, rows[2]["updated_at"])

    validated = run(tmp_path, rows, window)

    loaded = pq.read_table(validated.rows)["updated_at"].to_pylist()
    assert [start, start] == loaded


def test_a_malformed_line_is_quarantined_with_its_text(tmp_path: Path) -> None:
    """A CSV line with too few cells is kept as text; later rows keep their number."""
    rows = order_items()
    rows[2] |= {"gross_minor": -1}
    lines = csv_text("order_items", rows).splitlines()
    lines.insert(2, "half a line,x")
    path = tmp_path / "order_items.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    found = quarantine(validate(TABLES["order_items"], [path], ALL, tmp_path / "out"))

    assert {row["origin"]: row["reason"] for row in found} == {
        "order_items.csv row 2": "the line cannot be read: "
        "Expected Number of Columns: 11 Found: 2",
        "order_items.csv row 4": "gross_minor -1 is below 0",
    }
    assert "half a line,x" in {row["content"] for row in found}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """A CSV that begins with a BOM loads like one without."""
    rows = order_items()
    path = tmp_path / "order_items.csv"
    path.write_text(csv_text("order_items", rows), encoding="utf-8-sig")

    validated = validate(TABLES["order_items"], [path], ALL, tmp_path / "out")

    assert len(rows) == validated.loaded_count


def test_columns_beyond_the_contract_are_named(tmp_path: Path) -> None:
    """A column that the contract does not know is not loaded, and that is said."""
    path = tmp_path / "order_items.csv"
    lines = csv_text("order_items", order_items()).splitlines()
    path.write_text("\n".join(f"{line},x" for line in lines) + "\n", encoding="utf-8")

    validated = validate(TABLES["order_items"], [path], ALL, tmp_path / "out")

    assert validated.ignored_columns == ("x",)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_column_younger_than_the_contract_may_be_absent(
    tmp_path: Path, ending: str
) -> None:
    """Repayments of a file made before reversals named their original load as nulls."""
    path = tmp_path / f"advance_repayments.{ending}"
    columns = {
        "advance_repayment_id": ["r1", "r2"],
        "advance_id": ["a1", "a2"],
        "balance_transaction_id": ["b1", "b2"],
        "amount_minor": [100, 200],
        "currency_code": ["EUR", "JPY"],
        "kind": ["holdback", "recovery"],
        "repaid_at": ["2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"],
        "updated_at": ["2026-01-02T10:00:00Z", "2026-01-02T10:00:00Z"],
    }
    rows = pa.table(columns)
    pq.write_table(rows, path) if ending == "parquet" else pacsv.write_csv(rows, path)

    validated = validate(TABLES["advance_repayments"], [path], ALL, tmp_path / "out")

    found = pq.read_table(validated.rows).sort_by("advance_repayment_id").to_pylist()
    assert [row["reversed_repayment_id"] for row in found] == [None, None]
    assert [row["amount_minor"] for row in found] == [100, 200]
    assert quarantine(validated) == []


def latin_1(folder: Path) -> None:
    """Write order items with one accent in the wrong encoding."""
    text = csv_text("order_items", order_items()).replace("seller-jpy", "café")
    (folder / "order_items.csv").write_bytes(text.encode("latin-1"))


def truncated(folder: Path) -> None:
    """Write the first half of a Parquet file."""
    write_parquet(folder, {"order_items": order_items()})
    path = folder / "order_items.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def missing_column(folder: Path) -> None:
    """Write order items without their currency."""
    write_parquet(folder, {"order_items": order_items()})
    path = folder / "order_items.parquet"
    pq.write_table(pq.read_table(path).drop_columns("currency_code"), path)


def float_money(folder: Path) -> None:
    """Write order items whose amounts are floating point numbers."""
    write_parquet(folder, {"order_items": order_items()})
    path = folder / "order_items.parquet"
    table = pq.read_table(path)
    index = table.column_names.index("gross_minor")
    column = table["gross_minor"].cast(pa.float64())
    pq.write_table(table.set_column(index, "gross_minor", column), path)


def csv_called_parquet(folder: Path) -> None:
    """Write CSV text into a file that is named Parquet."""
    text = csv_text("order_items", order_items())
    (folder / "order_items.parquet").write_text(text, encoding="utf-8")


def parquet_called_csv(folder: Path) -> None:
    """Write Parquet into a file that is named CSV."""
    write_parquet(folder, {"order_items": order_items()})
    (folder / "order_items.parquet").rename(folder / "order_items.csv")


def repeated_column(folder: Path) -> None:
    """Write CSV whose header names a column twice."""
    text = csv_text("order_items", order_items())
    text = text.replace("commission_minor", "gross_minor", 1)
    (folder / "order_items.csv").write_text(text, encoding="utf-8")


def no_bytes(folder: Path) -> None:
    """Write a CSV file of no bytes at all."""
    (folder / "order_items.csv").touch()


@pytest.mark.parametrize(
    ("deliver", "message"),
    [
        (latin_1, "order_items.csv: line 5 is not UTF-8 (byte 0xe9)"),
        (truncated, "order_items.parquet: the Parquet file is cut short"),
        (missing_column, "table order_items lacks column currency_code"),
        (float_money, "column gross_minor of table order_items is double; expected"),
        (csv_called_parquet, "order_items.parquet: not a Parquet file, it begins with"),
        (parquet_called_csv, "order_items.csv: not a CSV file, it holds binary data"),
        (repeated_column, "order_items.csv: column gross_minor is there more than"),
        (no_bytes, "order_items.csv: the file is empty; expected a header line"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, deliver: Callable[[Path], None], message: str
) -> None:
    """A broken file raises an error that names it and says what was expected."""
    deliver(tmp_path)
    (path,) = tmp_path.glob("order_items.*")

    with pytest.raises(DataError) as raised:
        validate(TABLES["order_items"], [path], ALL, tmp_path / "out")

    assert message in str(raised.value)


def test_parquet_and_csv_load_the_same_rows(tmp_path: Path) -> None:
    """The format of a delivery makes no difference."""
    tables = marketplace()
    parquet = write_parquet(tmp_path / "parquet", tables)
    text = write_csv(tmp_path / "csv", tables)

    for name in tables:
        first, second = (
            validate(TABLES[name], Files(str(folder)).land(name, folder), ALL, folder)
            for folder in (parquet, text)
        )
        assert first.loaded_count > 0
        assert pq.read_table(first.rows).equals(pq.read_table(second.rows))


def test_a_folder_without_a_required_table_is_refused(tmp_path: Path) -> None:
    """A delivery that lacks a table no run can do without names it."""
    tables = marketplace()
    del tables["payouts"]
    write_parquet(tmp_path, tables)

    with pytest.raises(DataError, match="no file for table payouts"):
        _ = Files(str(tmp_path)).tables
