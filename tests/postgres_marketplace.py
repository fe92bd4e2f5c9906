"""A live marketplace in PostgreSQL, moved forward from a folder of its history.

A table holds the newest version of each row, as a marketplace's database does; the
older versions of the folder's files were there on earlier days only.
"""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg

from jobs.sources.tables import TABLES, Kind, Table

TYPES = {
    Kind.MINOR: "bigint",
    Kind.DAYS: "integer",
    Kind.RATE: "numeric(6, 5)",
    Kind.TIMESTAMP: "timestamptz",
    Kind.DATE: "date",
}
NOBODY = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, before any history


def end_of(day: date) -> datetime:
    """Return the first moment after ``day``."""
    return datetime.combine(day + timedelta(days=1), time.min)


def create_tables(address: str) -> None:
    """Create the contract's tables, empty, each with an index on ``updated_at``."""
    with psycopg.connect(address) as connection:
        for table in TABLES.values():
            columns = ", ".join(
                f"{column.name} {TYPES.get(column.kind, 'text')}"
                f"{'' if column.name != table.key else ' primary key'}"
                for column in table.columns
            )
            connection.execute(f"create table {table.name} ({columns})".encode())
            connection.execute(f"create index on {table.name} (updated_at)".encode())


def move_forward(
    address: str, history: Path, until: date, since: date | None = None
) -> None:
    """Put in what the marketplace changed after ``since``, up to and with ``until``."""
    start_at = end_of(since) if since else NOBODY
    with (
        TemporaryDirectory() as folder,
        psycopg.connect(address) as connection,
        duckdb.connect() as files,
    ):
        files.execute("set timezone = 'UTC'")
        for table in TABLES.values():
            changes = Path(folder) / f"{table.name}.csv"
            files.execute(
                f"copy ({_changes(table, history, start_at, end_of(until))})"
                f" to '{changes}' (header false)"
            )
            _put_in(connection, table, changes)


def _changes(table: Table, history: Path, start_at: datetime, end_at: datetime) -> str:
    columns = ", ".join(
        f"strftime({column.name}, '%Y-%m-%d %H:%M:%S.%f+00')"
        if column.kind is Kind.TIMESTAMP
        else column.name
        for column in table.columns
    )
    return (
        f"select {columns} from read_parquet('{history}/{table.name}/*.parquet')"
        f" where updated_at >= '{start_at}' and updated_at < '{end_at}'"
        f" qualify row_number() over"
        f" (partition by {table.key} order by updated_at desc) = 1"
    )


def _put_in(connection: psycopg.Connection, table: Table, changes: Path) -> None:
    names = [column.name for column in table.columns]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names)
    connection.execute(
        f"create temp table changes (like {table.name}) on commit drop".encode()
    )
    with connection.cursor() as cursor, changes.open("rb") as file:
        with cursor.copy(b"copy changes from stdin (format csv)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute(
            f"insert into {table.name} select * from changes"
            f" on conflict ({table.key}) do update set {updates}".encode()
        )
        cursor.execute(b"drop table changes")
