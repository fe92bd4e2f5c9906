"""The embedded warehouse replaces partitions whole, or not at all."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.warehouse.duckdb import DuckDBWarehouse
from jobs.warehouse.protocol import WarehouseError, Write
from jobs.warehouse.tables import Table

BALANCES = Table(
    "raw",
    "balances",
    {"seller_id": "text", "as_of_date": "date", "balance_minor": "integer"},
    key=("as_of_date", "seller_id"),
    partition=("as_of_date",),
)
FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)


def balances(as_of_date: date, *amounts: int) -> pa.Table:
    """Return one balance a seller."""
    return pa.table(
        {
            "balance_minor": pa.array(amounts, pa.int64()),
            "seller_id": [f"seller-{index}" for index in range(len(amounts))],
            "as_of_date": pa.array([as_of_date] * len(amounts), pa.date32()),
        }
    )


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDBWarehouse]:
    """Open an empty warehouse with one table."""
    with DuckDBWarehouse(tmp_path / "warehouse.duckdb") as opened:
        opened.ensure([BALANCES])
        yield opened


def stored(warehouse: DuckDBWarehouse) -> list[tuple[date, str, int]]:
    """Return every row, in order."""
    rows = warehouse.query(
        "select as_of_date, seller_id, balance_minor from raw.balances order by all"
    ).to_pylist()
    return [tuple(row.values()) for row in rows]


def write(as_of_date: date, *amounts: int) -> Write:
    """Return the write of one night's balances."""
    return Write(BALANCES, {"as_of_date": as_of_date}, balances(as_of_date, *amounts))


def test_a_rewrite_replaces_its_partition_alone(warehouse: DuckDBWarehouse) -> None:
    """The second write of a night takes the place of the first; others stay."""
    warehouse.replace([write(FIRST, 1, 2), write(SECOND, 3, 4)])

    warehouse.replace([write(FIRST, 9)])

    assert stored(warehouse) == [
        (FIRST, "seller-0", 9),
        (SECOND, "seller-0", 3),
        (SECOND, "seller-1", 4),
    ]


def test_several_writes_happen_together_or_not(warehouse: DuckDBWarehouse) -> None:
    """When the second write fails, the first has not happened either."""
    warehouse.replace([write(FIRST, 1, 2)])
    broken = Write(
        BALANCES, {"as_of_date": SECOND}, pa.table({"seller_id": ["seller-0"]})
    )

    with pytest.raises(Exception, match="balance_minor"):
        warehouse.replace([write(FIRST, 9), broken])

    assert stored(warehouse) == [(FIRST, "seller-0", 1), (FIRST, "seller-1", 2)]


def test_parquet_files_get_their_partition(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    """Rows from files carry the partition they are written to."""
    path = tmp_path / "rows.parquet"
    pq.write_table(balances(FIRST, 5, 6).drop_columns("as_of_date"), path)

    warehouse.replace([Write(BALANCES, {"as_of_date": SECOND}, [path])])

    assert stored(warehouse) == [(SECOND, "seller-0", 5), (SECOND, "seller-1", 6)]


def test_a_list_of_values_replaces_several_partitions(
    warehouse: DuckDBWarehouse,
) -> None:
    """One write may take the place of several partitions, even of more than it has."""
    warehouse.replace([write(FIRST, 1), write(SECOND, 2)])

    both = Write(BALANCES, {"as_of_date": [FIRST, SECOND]}, balances(SECOND, 7))
    warehouse.replace([both])

    assert stored(warehouse) == [(SECOND, "seller-0", 7)]


def test_other_columns_than_expected_are_refused(warehouse: DuckDBWarehouse) -> None:
    """A warehouse made by other code is named, not written to."""
    changed = Table("raw", "balances", {"seller_id": "text"}, ("seller_id",), ())

    with pytest.raises(WarehouseError, match="has columns seller_id, as_of_date"):
        warehouse.ensure([changed])


def test_a_warehouse_in_use_says_what_to_do(tmp_path: Path) -> None:
    """A second process that opens the file is told to wait for the first."""
    path = tmp_path / "warehouse.duckdb"
    script = (
        "import sys, duckdb; connection = duckdb.connect(sys.argv[1]);"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"

        with pytest.raises(WarehouseError, match="one process at a time"):
            DuckDBWarehouse(path)

        other.communicate("")
