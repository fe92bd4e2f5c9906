"""The marketplace's own PostgreSQL: read in one snapshot a table, streamed to Parquet.

The account only reads. It needs ``select`` on the contract's tables (or views of those
names) and ``pg_read_all_stats``, by which it sees transactions that are still open.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import adbc_driver_manager
import adbc_driver_postgresql
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.postgres_address import PostgresAddress
from jobs.sources.postgres_queries import Ask, queries_of
from jobs.sources.protocol import DataError, SourceUnavailableError, Window, name_of
from jobs.sources.tables import TABLES, Column, Kind, Table

#: Connections that read the months of a history side by side, in one snapshot.
_READERS = 2
_PERMISSION_DENIED = "42501"
_TEXT = ("text", "character varying", "character", "uuid", "name")
_INTEGER = ("bigint", "integer", "smallint")
_TIMESTAMP = ("timestamp with time zone", "timestamp without time zone")
#: The types a column of each kind may have, and how the value is selected.
_TYPES: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: _TEXT,
    Kind.CURRENCY: _TEXT,
    Kind.COUNTRY: _TEXT,
    Kind.MINOR: _INTEGER,
    Kind.DAYS: _INTEGER,
    Kind.RATE: ("numeric", "double precision", "real"),
    Kind.TIMESTAMP: _TIMESTAMP,
    Kind.DATE: ("date",),
}
_CASTS = {
    Kind.MINOR: "bigint",
    Kind.DAYS: "bigint",
    Kind.RATE: "double precision",
    Kind.DATE: "date",
}


@dataclass(frozen=True)
class Postgres:
    """The database at ``address``."""

    address: PostgresAddress

    @property
    def name(self) -> str:
        """A name of its own for every database, whoever reads it."""
        return name_of("postgres", self.address.place)

    @property
    def derived(self) -> Mapping[str, tuple[str, ...]]:
        """Nothing: the database has every column."""
        return {}

    @property
    def tables(self) -> tuple[str, ...]:
        """The contract tables that the database has; DataError without a required one.

        Raises SourceUnavailableError where the database cannot be reached.
        """
        with self._snapshot("looking for tables") as ask:
            names = ", ".join(
                f"to_regclass('{name}')::text as {name}" for name in TABLES
            )
            (there,) = ask(f"select {names}").read_all().to_pylist()
        missing = [
            table.name
            for table in TABLES.values()
            if table.is_required and not there[table.name]
        ]
        if missing:
            message = f"no table or view {', '.join(missing)}"
            raise DataError(message, where=self.name)
        return tuple(name for name in TABLES if there[name])

    def land(
        self, table: str, folder: Path, window: Window | None = None
    ) -> list[Path]:
        """Stream the table's rows of the window into Parquet files in ``folder``.

        All files show one moment of the database. A first load, whose window has no
        start, takes the history month by month. Raises DataError on a column that is
        gone or has another type and on an unknown value of an enumeration, and
        SourceUnavailableError where the window may still grow or the database fails.
        """
        contract = TABLES[table]
        folder.mkdir(parents=True, exist_ok=True)
        if window:
            # Before the snapshot: what is no longer open now, the snapshot will show.
            with self._snapshot("looking for open transactions") as ask:
                _require_complete(ask, window)
        with self._snapshot(f"reading {table}") as ask:
            columns = self._columns(ask, contract)
            queries = list(queries_of(ask, contract, columns, window))
            first, *others = [queries[number::_READERS] for number in range(_READERS)]

            def read(ask: Ask, share: list[tuple[str, str]]) -> list[Path]:
                return [
                    self._write(contract, ask(sql), folder / f"{table}-{part}.parquet")
                    for part, sql in share
                ]

            def read_beside(share: list[tuple[str, str]]) -> list[Path]:
                with self._snapshot(f"reading {table}", exported) as ask:
                    return read(ask, share)

            exported = _exported(ask) if any(others) else ""
            with ThreadPoolExecutor(_READERS) as readers:
                beside = [
                    readers.submit(read_beside, share) for share in others if share
                ]
                paths = read(ask, first)
                return sorted(paths + [path for one in beside for path in one.result()])

    @contextmanager
    def _snapshot(self, doing: str, exported: str = "") -> Iterator[Ask]:
        """Yield a function from SQL to a stream of batches, all of one snapshot.

        It is the one that an open transaction has ``exported``, or a new one.
        """
        address = self.address.connection_string("default_transaction_read_only=on")
        try:
            # The driver's DB-API module would import pandas, for a tenth of a second.
            with (
                adbc_driver_postgresql.connect(address) as database,
                adbc_driver_manager.AdbcConnection(database) as connection,
                adbc_driver_manager.AdbcStatement(connection) as statement,
            ):

                def run(sql: str) -> None:
                    statement.set_sql_query(sql)
                    statement.execute_update()

                def ask(sql: str) -> pa.RecordBatchReader:
                    statement.set_sql_query(sql)
                    stream, _ = statement.execute_query()
                    return pa.RecordBatchReader.from_stream(stream)

                connection.set_autocommit(False)
                run("set transaction isolation level repeatable read, read only")
                if exported:
                    run(f"set transaction snapshot '{exported}'")
                yield ask
        except adbc_driver_manager.Error as error:
            raise self._explained(doing, error) from None

    def _explained(self, doing: str, error: adbc_driver_manager.Error) -> Exception:
        """Return our own error for the driver's, without the password."""
        text = self.address.without_password(error)
        if error.sqlstate == _PERMISSION_DENIED:
            advice = "grant select on the contract's tables"
            return DataError(f"{doing}: {text}", advice, self.name)
        return SourceUnavailableError(f"{doing}: {text}", where=self.name)

    def _columns(self, ask: Ask, table: Table) -> str:
        """Return the select list; DataError where the table has drifted."""
        found = ask(
            "select attname::text as name, typtype::text = 'e' as is_enumeration,"
            " format_type(atttypid, null) as type"
            " from pg_attribute inner join pg_type on atttypid = pg_type.oid"
            f" where attrelid = to_regclass('{table.name}')"
            " and attnum > 0 and not attisdropped order by attnum"
        )
        there = {row["name"]: row for row in found.read_all().to_pylist()}
        missing = [
            c.name for c in table.columns if c.name not in there and not c.may_be_absent
        ]
        if missing:
            message = (
                f"table {table.name} lacks column {', '.join(missing)}; it has"
                f" {', '.join(there)}"
            )
            raise DataError(message, where=self.name)
        for column in table.columns:
            row = there.get(column.name)
            if row is None:
                continue
            expected = _TYPES[column.kind]
            is_enumeration = row["is_enumeration"] and expected is _TEXT
            if row["type"] not in expected and not is_enumeration:
                message = f"column {column.name} of table {table.name} is {row['type']}"
                advice = f"expected {' or '.join(expected)}"
                raise DataError(message, advice, self.name)
        return ", ".join(
            _selected(column, there[column.name]["type"])
            if column.name in there
            else f"null::text as {column.name}"
            for column in table.columns
        )

    def _batches(
        self, table: Table, rows: pa.RecordBatchReader
    ) -> Iterator[pa.RecordBatch]:
        """Yield the batches; what fails on the way is no error of the driver's."""
        try:
            yield from rows
        except (OSError, pa.ArrowException) as error:
            message = f"reading {table.name}: {self.address.without_password(error)}"
            raise SourceUnavailableError(message, where=self.name) from None

    def _write(self, table: Table, rows: pa.RecordBatchReader, path: Path) -> Path:
        choices = [column for column in table.columns if column.allowed]
        # The file lives for a moment; looking for repeated values would cost more.
        with pq.ParquetWriter(
            path, rows.schema, compression="lz4", use_dictionary=False
        ) as writer:
            for batch in self._batches(table, rows):
                for column in choices:
                    self._check_values(table, column, batch)
                writer.write_batch(batch)
        return path

    def _check_values(
        self, table: Table, column: Column, batch: pa.RecordBatch
    ) -> None:
        found = {*pc.unique(batch[column.name]).to_pylist()} - {*column.allowed, None}
        if found:
            message = (
                f"column {column.name} of table {table.name} has the new value"
                f" {', '.join(sorted(found))}"
            )
            advice = f"expected one of {', '.join(column.allowed)}"
            raise DataError(message, advice, self.name)


def _exported(ask: Ask) -> str:
    """Return the name by which other connections may share the transaction's view."""
    (row,) = ask("select pg_export_snapshot() as name").read_all().to_pylist()
    return str(row["name"])


def _require_complete(ask: Ask, window: Window) -> None:
    """Raise SourceUnavailableError where rows of the window may still appear.

    The night must be over, and no transaction may be open that wrote before its end:
    its rows would carry an ``updated_at`` that no later window reads. A replica cannot
    tell, because it does not see what is open on its primary: DataError.
    """
    end_at = window.end_at.replace(tzinfo=UTC).isoformat()
    (row,) = (
        ask(
            "select clock_timestamp()::text as known_until,"
            f" clock_timestamp() < '{end_at}' as is_too_early,"
            " pg_is_in_recovery() as is_replica,"
            " pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees_all,"
            " (select count(*) from pg_stat_activity where backend_xid is not null"
            f" and xact_start < '{end_at}') + (select count(*) from pg_prepared_xacts"
            f" where prepared < '{end_at}') as open_count"
        )
        .read_all()
        .to_pylist()
    )
    if row["is_replica"]:
        message = (
            "ADVANCES_SOURCE_DATABASE is a replica, which does not see the"
            " transactions that are open on its primary: rows that commit late would"
            " be lost"
        )
        advice = "give the primary's address"
        raise DataError(message, advice)
    if not row["sees_all"]:
        message = "the account cannot see open transactions"
        advice = "grant pg_read_all_stats to it, or rows that commit late would be lost"
        raise DataError(message, advice)
    if row["is_too_early"]:
        message = (
            f"the database knows what happened up to {row['known_until']}, but the"
            f" night ends at {end_at}"
        )
        advice = "run it again later"
        raise SourceUnavailableError(message, advice)
    if row["open_count"]:
        message = (
            f"{row['open_count']} transactions that write have been open since before "
            f"{end_at}; their rows belong to this night. Run it again once they ended"
        )
        raise SourceUnavailableError(message)


def _selected(column: Column, type_name: str) -> str:
    """Return the column as the contract types it; times in UTC without a zone."""
    if column.kind is Kind.TIMESTAMP:
        zoned = type_name == "timestamp with time zone"
        at = " at time zone 'UTC'" if zoned else ""
        return f"{column.name}{at} as {column.name}"
    return f"{column.name}::{_CASTS.get(column.kind, 'text')} as {column.name}"
