"""Both warehouses keep the same promises: every test here runs against each of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.settings import Settings
from jobs.warehouse.duckdb import DuckDBWarehouse
from jobs.warehouse.protocol import Warehouse, WarehouseError, Write
from jobs.warehouse.table import Table

if TYPE_CHECKING:
    from bigquery_standin import Standin

BALANCES = Table(
    "raw",
    "balances",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "balance_minor": "integer",
        "rate": "rate",
        "seen_at": "timestamp",
        "is_open": "boolean",
    },
    key=("as_of_date", "seller_id"),
    partition=("as_of_date",),
    requires_partition_filter=True,
)
NOTES = Table(
    "raw",
    "notes",
    {"as_of_date": "date", "note": "text"},
    key=("as_of_date", "note"),
    partition=("as_of_date",),
    cluster=("note",),
)
FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
NOON = datetime(2026, 1, 1, 12, 0, 0, 123456)  # noqa: DTZ001 - UTC, without a zone
EVERY_DAY = "where as_of_date >= '2000-01-01'"

Open = Callable[[], AbstractContextManager[Warehouse]]


@pytest.fixture(params=["duckdb", "bigquery"])
def opens(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """Return what opens the warehouse of one kind, empty but for two tables."""
    if request.param == "duckdb":
        opened: Open = lambda: DuckDBWarehouse(tmp_path / "warehouse.duckdb")  # noqa: E731
    else:
        running: Standin = request.getfixturevalue("bigquery")
        for name, text in running.environment().items():
            monkeypatch.setenv(name, text)
        from jobs.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415

        labels = {"command": "Test!", "as_of_date": "2026-01-01"}
        opened = lambda: BigQueryWarehouse(**Settings().bigquery, labels=labels)  # noqa: E731
    with opened() as first:
        first.ensure([BALANCES, NOTES])
    return opened


@pytest.fixture(autouse=True)
def _shown(request: pytest.FixtureRequest, show: Callable[[str], None]) -> None:
    """Print which backend keeps which promise."""
    if hasattr(request.node, "callspec"):
        kind = request.node.callspec.params["opens"]
        show(f"{kind}: {request.node.originalname.removeprefix('test_')}")


@pytest.fixture
def warehouse(opens: Open) -> Iterator[Warehouse]:
    """Return the open warehouse."""
    with opens() as opened:
        yield opened


def balances(as_of_date: date, *amounts: int | None) -> pa.Table:
    """Return one balance a seller, in euro and yen by turns, every other one bare."""
    count = len(amounts)
    return pa.table(
        {
            "balance_minor": pa.array(amounts, pa.int64()),
            "seller_id": [f"vendeur-é{index}" for index in range(count)],
            "currency_code": [("EUR", "JPY")[index % 2] for index in range(count)],
            "as_of_date": pa.array([as_of_date] * count, pa.date32()),
            "rate": pa.array([(0.1, None)[i % 2] for i in range(count)], pa.float64()),
            "seen_at": pa.array(
                [(NOON, None)[i % 2] for i in range(count)], pa.timestamp("us")
            ),
            "is_open": pa.array([(True, None)[i % 2] for i in range(count)]),
        }
    )


def write(as_of_date: date, *amounts: int | None) -> Write:
    """Return the write of one night's balances."""
    return Write(BALANCES, {"as_of_date": as_of_date}, balances(as_of_date, *amounts))


def stored(warehouse: Warehouse) -> list[tuple[date, str, int]]:
    """Return every row's night, seller and balance, in order."""
    rows = warehouse.query(
        "select as_of_date, seller_id, balance_minor from raw.balances"
        f" {EVERY_DAY} order by as_of_date, seller_id"
    ).to_pylist()
    return [tuple(row.values()) for row in rows]


def test_what_went_in_comes_out(warehouse: Warehouse) -> None:
    """Every type, null and accent is read back as it was written."""
    warehouse.replace([write(FIRST, 2**62, None, -1)])

    found = warehouse.query(f"select * from raw.balances {EVERY_DAY} order by 1")

    expected = balances(FIRST, 2**62, None, -1).select(found.column_names)
    assert expected.schema.types == found.schema.types
    assert expected.to_pylist() == found.to_pylist()


def test_a_large_answer_comes_whole_and_in_its_order(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """250,000 rows come by streams at once; in an order, by one; none keep their types.

    The stand-in cuts its streams in order, and BigQuery does not.
    """
    from jobs.warehouse.bigquery_reading import BigQueryReadClient  # noqa: PLC0415

    opened = BigQueryReadClient.create_read_session
    streams: list[int] = []

    def count_streams(*given: object, **named: object) -> object:
        session = opened(*given, **named)
        streams.append(len(session.streams))
        return session

    monkeypatch.setattr(BigQueryReadClient, "create_read_session", count_streams)
    amounts = range(250_000)
    warehouse.replace([write(FIRST, *amounts)])
    asked = f"select balance_minor, currency_code from raw.balances {EVERY_DAY}"

    found = warehouse.query(asked)
    ordered = warehouse.query(f"{asked}\nOrder  by balance_minor desc")
    none = warehouse.query(f"{asked} and balance_minor < 0")

    assert list(amounts) == sorted(found["balance_minor"].to_pylist())
    assert list(reversed(amounts)) == ordered["balance_minor"].to_pylist()
    assert (0, found.schema.types) == (len(none), none.schema.types)
    assert streams == ([] if isinstance(warehouse, DuckDBWarehouse) else [3, 1, 0])


def test_a_rewrite_replaces_its_partition_alone(warehouse: Warehouse) -> None:
    """The second write of a night takes the place of the first; others stay."""
    warehouse.replace([write(FIRST, 1, 2), write(SECOND, 3, 4)])

    warehouse.replace([write(FIRST, 9)])

    assert stored(warehouse) == [
        (FIRST, "vendeur-é0", 9),
        (SECOND, "vendeur-é0", 3),
        (SECOND, "vendeur-é1", 4),
    ]


def test_a_write_without_rows_empties_its_partition(warehouse: Warehouse) -> None:
    """No rows, as a table or as no files, still take the place of those there."""
    warehouse.replace([write(FIRST, 1), write(SECOND, 2)])

    warehouse.replace([write(FIRST)])
    warehouse.replace([Write(BALANCES, {"as_of_date": SECOND}, [])])

    assert stored(warehouse) == []


def test_several_writes_happen_together_or_not(warehouse: Warehouse) -> None:
    """When the second table cannot be written, the first is as it was."""
    gone = Table("raw", "gone", NOTES.columns, NOTES.key, NOTES.partition)
    note = pa.table({"as_of_date": [FIRST], "note": ["x"]})
    warehouse.replace([write(FIRST, 1, 2)])

    with pytest.raises(Exception, match="gone"):
        warehouse.replace([write(FIRST, 9), Write(gone, {"as_of_date": FIRST}, note)])

    assert stored(warehouse) == [(FIRST, "vendeur-é0", 1), (FIRST, "vendeur-é1", 2)]


def test_several_tables_change_in_one_go(warehouse: Warehouse) -> None:
    """Writes to two tables are both there afterwards."""
    note = pa.table({"as_of_date": [FIRST], "note": ["x"]})

    warehouse.replace([write(FIRST, 1), Write(NOTES, {"as_of_date": FIRST}, note)])

    assert len(stored(warehouse)) == 1
    assert warehouse.query("select note from raw.notes").to_pylist() == [{"note": "x"}]


def test_parquet_files_get_their_partition(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Rows from several files carry the partition they are written to."""
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    rows = balances(FIRST, 5, 6).drop_columns("as_of_date")
    pq.write_table(rows.slice(0, 1), paths[0])
    pq.write_table(rows.slice(1, 1), paths[1])

    warehouse.replace([Write(BALANCES, {"as_of_date": SECOND}, paths)])

    assert stored(warehouse) == [(SECOND, "vendeur-é0", 5), (SECOND, "vendeur-é1", 6)]
    seen = warehouse.query(f"select seen_at from raw.balances {EVERY_DAY} order by 1")
    assert NOON in seen["seen_at"].to_pylist()


def test_a_list_of_values_replaces_several_partitions(warehouse: Warehouse) -> None:
    """One write may take the place of several partitions, even of more than it has."""
    warehouse.replace([write(FIRST, 1), write(SECOND, 2)])

    both = Write(BALANCES, {"as_of_date": [FIRST, SECOND]}, balances(SECOND, 7))
    warehouse.replace([both])

    assert stored(warehouse) == [(SECOND, "vendeur-é0", 7)]


@pytest.mark.parametrize(
    "value",
    ["'; drop table raw.balances; --", "é\n\\", 2**62, -0.1, True, FIRST, NOON],
    ids=lambda value: type(value).__name__,
)
def test_a_parameter_is_a_value_and_nothing_else(
    warehouse: Warehouse, value: object
) -> None:
    """Whatever is passed comes back the same, however it is spelled."""
    assert warehouse.query("select $value as v", value=value)["v"].to_pylist() == [
        value
    ]
    assert warehouse.exists("raw", "balances")


def test_tells_what_exists(warehouse: Warehouse) -> None:
    """A table is there or not, and so is its schema."""
    assert warehouse.exists("raw", "balances")
    assert not warehouse.exists("raw", "nothing")
    assert not warehouse.exists("nowhere", "balances")


def test_tables_are_made_once(opens: Open) -> None:
    """A second process finds the tables and their rows as they were."""
    with opens() as first:
        first.replace([write(FIRST, 1)])
    with opens() as second:
        second.ensure([BALANCES, NOTES])

        assert stored(second) == [(FIRST, "vendeur-é0", 1)]


def test_a_dataset_that_is_there_is_not_created_again(
    bigquery: "Standin", monkeypatch: pytest.MonkeyPatch
) -> None:
    """To create one takes a role that a night need not have, even to no effect."""
    for name, text in bigquery.environment().items():
        monkeypatch.setenv(name, text)
    from jobs.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415

    with BigQueryWarehouse(**Settings().bigquery, labels={}) as opened:
        opened.ensure([NOTES])
        monkeypatch.delattr(type(opened._client), "create_dataset")  # noqa: SLF001
        opened.ensure([NOTES])

        assert opened.exists("raw", "notes")


def test_other_columns_than_expected_are_refused(warehouse: Warehouse) -> None:
    """A warehouse made by other code is named, not written to."""
    columns = {**NOTES.columns, "author": "text"}
    changed = Table("raw", "notes", columns, NOTES.key, NOTES.partition, ("note",))

    with pytest.raises(WarehouseError, match=r"raw\.notes has .*columns.*author"):
        warehouse.ensure([changed])


def test_a_reader_sees_the_old_or_the_new_and_nothing_else(opens: Open) -> None:
    """While a partition is replaced again and again, its total is always whole."""
    totals: set[object] = set()
    sql = f"select sum(balance_minor) as s from raw.balances {EVERY_DAY}"
    with opens() as writer, opens() as reader:
        writer.replace([write(FIRST, 1, 2)])
        is_done = threading.Event()

        def read() -> None:
            while not is_done.is_set():
                totals.add(int(reader.query(sql)["s"][0].as_py() or 0))

        thread = threading.Thread(target=read)
        thread.start()
        for amount in (10, 1, 10, 1, 10):
            writer.replace([write(FIRST, amount, amount + 1)])
        is_done.set()
        thread.join()

    assert totals
    assert totals <= {3, 21}


def test_writers_of_two_partitions_both_succeed(opens: Open) -> None:
    """Two processes may replace two partitions of a table side by side."""
    nights = [date(2026, 2, day) for day in (1, 2, 3, 4)]
    failures: list[BaseException] = []

    def replace(warehouse: Warehouse, night: date) -> None:
        try:
            warehouse.replace([write(night, night.day)])
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    with ExitStack() as stack:
        threads = [
            threading.Thread(target=replace, args=(stack.enter_context(opens()), night))
            for night in nights
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failures == []
    with opens() as warehouse:
        assert [row[0] for row in stored(warehouse)] == nights
