"""The embedded warehouse: one DuckDB file, one writing process at a time."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from jobs.warehouse.protocol import WarehouseError, Write
from jobs.warehouse.table import Table, Type

_TYPES: dict[Type, str] = {
    "text": "varchar",
    "integer": "bigint",
    "rate": "double",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
}


def one_row(table: Table, values: Mapping[str, object]) -> pa.Table:
    """Return a row of ``table``, each value in the type of its column.

    Arrow's own conversion of Python values imports pandas, which takes longer than
    most of the commands that write such a row.
    """
    cast = ", ".join(
        f"cast(${name} as {_TYPES[kind]}) as {name}"
        for name, kind in table.columns.items()
    )
    with duckdb.connect() as connection:
        return connection.sql(f"select {cast}", params=values).to_arrow_table()


class DuckDBWarehouse:
    """Reads and writes one DuckDB file; use it as a context manager."""

    def __init__(
        self, path: Path, memory_limit: str = "2GB", *, is_read_only: bool = False
    ) -> None:
        """Open or create the file at ``path``; WarehouseError where that fails.

        Any number of processes may have it open while all of them only read.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = duckdb.connect(
                str(path),
                read_only=is_read_only,
                config={
                    "memory_limit": memory_limit,
                    "threads": 2,
                    # Any command would merge the row groups that others have left;
                    # `advances build` does it for all, on the nights it may take long.
                    "max_vacuum_tasks": 0,
                },
            )
        except duckdb.IOException as error:
            advice = (
                "DuckDB takes one process at a time; end the other one and try again"
                if "lock" in str(error)
                else "if the file is damaged, move it away and load history again"
            )
            message = f"cannot open the warehouse {path}: {error}"
            raise WarehouseError(message, advice) from error
        self._connection.execute("set timezone = 'UTC'")
        self._connection.execute("set preserve_insertion_order = false")

    def __enter__(self) -> Self:
        """Return the open warehouse."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._connection.close()

    def ensure(self, tables: Iterable[Table]) -> None:
        """Create the tables that are missing; WarehouseError on other columns."""
        for table in tables:
            columns = ", ".join(
                f"{name} {_TYPES[kind]}" for name, kind in table.columns.items()
            )
            self._connection.execute(f"create schema if not exists {table.schema}")
            self._connection.execute(
                f"create table if not exists {table.address} ({columns})"
            )
            self._check_columns(table)

    def _check_columns(self, table: Table) -> None:
        found = [
            row[0]
            for row in self._connection.execute(f"describe {table.address}").fetchall()
        ]
        if found != list(table.columns):
            message = (
                f"table {table.address} has columns {', '.join(found)}; expected"
                f" {', '.join(table.columns)}"
            )
            advice = "start a new warehouse or migrate this one"
            raise WarehouseError(message, advice)

    def query(self, sql: str, **parameters: object) -> pa.Table:
        """Return the answer to ``sql``, whose ``$name`` stand for ``parameters``."""
        return self._connection.sql(sql, params=parameters or None).to_arrow_table()

    def exists(self, schema: str, name: str) -> bool:
        """Tell whether a table or view of that name is there."""
        found = self.query(
            "select 1 as found from information_schema.tables"
            " where table_schema = $schema and table_name = $name",
            schema=schema,
            name=name,
        )
        return bool(found.num_rows)

    def replace(self, writes: Sequence[Write]) -> None:
        """Replace every given partition, all in one transaction or none."""
        self._connection.begin()
        try:
            for write in writes:
                self._delete(write)
                self._insert(write)
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    def _delete(self, write: Write) -> None:
        conditions: list[str] = []
        values: list[object] = []
        for name, value in write.partition.items():
            if isinstance(value, (list, tuple)):
                conditions.append(f"{name} in ({', '.join('?' * len(value))})")
                values.extend(value)
            else:
                conditions.append(f"{name} = ?")
                values.append(value)
        self._connection.execute(
            f"delete from {write.table.address} where {' and '.join(conditions)}",
            values,
        )

    def _insert(self, write: Write) -> None:
        names = ", ".join(write.table.columns)
        if isinstance(write.rows, pa.Table):
            rows = write.rows  # noqa: F841 - DuckDB finds it by this name
            self._connection.execute(
                f"insert into {write.table.address} by name select {names} from rows"
            )
            return
        paths = [str(path) for path in write.rows]
        if not paths:
            return
        columns = ", ".join(
            f"cast(? as {_TYPES[kind]}) as {name}" if name in write.partition else name
            for name, kind in write.table.columns.items()
        )
        values = [
            write.partition[name]
            for name in write.table.columns
            if name in write.partition
        ]
        self._connection.execute(
            f"insert into {write.table.address} by name"
            f" select {columns} from read_parquet(?)",
            [*values, paths],
        )
