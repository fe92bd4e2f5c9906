"""What every warehouse offers; DuckDB and BigQuery keep the same promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from jobs.errors import AdvancesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa

    from jobs.warehouse.table import Table


class WarehouseError(AdvancesError, RuntimeError):
    """The warehouse could not be opened or does not look as expected."""


@dataclass(frozen=True)
class Write:
    """The new content of one partition.

    ``partition`` gives a value, or a list of values, for each partition column; every
    row that matches is replaced by ``rows``: an Arrow table, or Parquet files whose
    partition columns are added here.
    """

    table: Table
    partition: Mapping[str, object]
    rows: pa.Table | Sequence[Path]


class Warehouse(Protocol):
    """Tables, reached by Arrow in both directions; use it as a context manager.

    Timestamps are UTC and carry no zone, on the way in and on the way out.
    """

    def __enter__(self) -> Self:
        """Return the open warehouse."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    def ensure(self, tables: Iterable[Table]) -> None:
        """Create the tables that are missing; WarehouseError on other columns."""

    def query(self, sql: str, **parameters: object) -> pa.Table:
        """Return the answer to ``sql``, whose ``$name`` stand for ``parameters``."""

    def exists(self, schema: str, name: str) -> bool:
        """Tell whether a table or view of that name is there."""

    def replace(self, writes: Sequence[Write]) -> None:
        """Replace every given partition, all in one transaction or none.

        A reader sees all of them as they were or all of them as they are now.
        """
