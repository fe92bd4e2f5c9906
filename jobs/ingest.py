"""Ingest: land a source's tables, validate them, and load one night's window into raw.

The first night of an empty warehouse loads all history; a later night loads what
changed since the night before it; the same night again replaces its own rows.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.night import Night
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError, Window
from jobs.sources.tables import TABLES, Kind
from jobs.sources.tables import Table as ContractTable
from jobs.sources.validation import Validated, validate
from jobs.warehouse import tables as warehouse_tables
from jobs.warehouse.duckdb import one_row
from jobs.warehouse.protocol import Warehouse, Write
from jobs.warehouse.table import Table, Type
from jobs.warehouse.tables import LOADS, QUARANTINE

#: Without a row of these a first night has nothing to say; payouts may come later.
_NEVER_EMPTY = ("sellers", "order_items")
#: The night that dbt has built all cash-flow marts for.
_BUILT_NIGHT = Table(
    "cash_flow",
    "rpt_built_night",
    {"as_of_date": "date"},
    key=("as_of_date",),
    partition=("as_of_date",),
)
_TYPES: dict[Kind, Type] = {
    Kind.TEXT: "text",
    Kind.CURRENCY: "text",
    Kind.COUNTRY: "text",
    Kind.MINOR: "integer",
    Kind.DAYS: "integer",
    Kind.RATE: "rate",
    Kind.TIMESTAMP: "timestamp",
    Kind.DATE: "date",
}


@dataclass(frozen=True)
class Ingested:
    """What one night brought, table by table."""

    validated: tuple[Validated, ...]

    @property
    def quarantined_count(self) -> int:
        """Rows in quarantine over all tables."""
        return sum(table.quarantined_count for table in self.validated)

    def as_plain(self) -> dict[str, Any]:
        """Return the counts, those of all tables first."""
        names = ("loaded_count", "quarantined_count", "collapsed_duplicate_count")
        tables = {
            each.table.name: {name: getattr(each, name) for name in names}
            for each in self.validated
        }
        sums = {name: sum(each[name] for each in tables.values()) for name in names}
        return {"table_count": len(tables), **sums, "tables": tables}


def raw_table(contract: ContractTable) -> Table:
    """Return the warehouse table that keeps every version of a contract table."""
    return Table(
        "raw",
        contract.name,
        {column.name: _TYPES[column.kind] for column in contract.columns}
        | {"ingest_date": "date"},
        key=(contract.key, "updated_at", "ingest_date"),
        partition=("ingest_date",),
        cluster=(_cluster(contract),),
        requires_partition_filter=True,
    )


def _cluster(contract: ContractTable) -> str:
    names = {column.name for column in contract.columns}
    return "seller_id" if "seller_id" in names else contract.key


RAW_TABLES: dict[str, Table] = {
    name: raw_table(table) for name, table in TABLES.items()
}


def ingest(night: Night, only: Sequence[str] = ()) -> Ingested:
    """Load the night's window of every table, or of the tables in ``only``.

    All tables are validated before the first is written. Raises DataError when a file
    cannot be read or too many rows of a table are broken; then nothing but the
    quarantine is written.
    """
    delivered = night.source.tables
    unknown = [name for name in only if name not in TABLES]
    if unknown:
        message = f"no table {unknown[0]!r}"
        advice = f"expected one of {', '.join(TABLES)}"
        raise ConfigurationError(message, advice)
    asked = [name for name in TABLES if not only or name in only]
    names = [name for name in asked if name in delivered]
    windows = _windows(night, asked)
    _check_missing(night, windows, [name for name in asked if name not in delivered])
    landing = night.workspace / "landing" / night.as_of_date.isoformat()
    try:
        validated = []
        for done, name in enumerate(names):
            night.track(done, len(names), "tables")
            validated.append(
                _validate(night, TABLES[name], windows[name], landing / name)
            )
        _write(night, validated, windows)
    finally:
        # Another process may be landing other tables of the same night beside us.
        for name in names:
            shutil.rmtree(landing / name, ignore_errors=True)
    return Ingested(tuple(validated))


def _windows(night: Night, names: Sequence[str]) -> dict[str, Window]:
    end_at = datetime.combine(night.as_of_date + timedelta(days=1), time.min)
    with night.warehouse() as warehouse:
        warehouse.ensure([*RAW_TABLES.values(), *warehouse_tables.TABLES])
        _check_source(night, warehouse)
        loads = warehouse.query(
            "select table_name, max(window_end_at) as start_at from raw.loads"
            " where ingest_date < $as_of_date group by table_name",
            as_of_date=night.as_of_date,
        ).to_pylist()
    starts = {row["table_name"]: row["start_at"] for row in loads}
    return {name: Window(starts.get(name), end_at) for name in names}


def _check_missing(
    night: Night, windows: dict[str, Window], missing: Sequence[str]
) -> None:
    """Say what the source never had; refuse what it had on an earlier night."""
    gone = [name for name in missing if windows[name].start_at]
    if gone:
        message = (
            f"table {', '.join(gone)} was delivered on an earlier night and is missing"
        )
        advice = "deliver it, empty where nothing is new"
        raise DataError(message, advice)
    if missing:
        night.say(f"not delivered by this source: {', '.join(missing)}")


def _check_source(night: Night, warehouse: Warehouse) -> None:
    others = warehouse.query(
        "select distinct source_name from raw.loads where source_name <> $name",
        name=night.source.name,
    )
    if others.num_rows:
        message = (
            f"the warehouse {night.warehouse_address} holds "
            f"{others['source_name'][0].as_py()} data; two sources never share one. "
            f"{_another_place(night)}, or give the source by the address it had"
        )
        raise ConfigurationError(message)


def _another_place(night: Night) -> str:
    name = "BIGQUERY_PROJECT" if night.settings.is_bigquery else "HOME"
    return f"Give another ADVANCES_{name}"


def _validate(
    night: Night, table: ContractTable, window: Window, landing: Path
) -> Validated:
    landing.mkdir(parents=True, exist_ok=True)
    files = night.source.land(table.name, landing, window)
    validated = validate(
        table, files, window, landing, night.settings.duckdb_memory_limit
    )
    if window.start_at and validated.quarantined_count:
        validated = _without_known(night, validated, window)
    _say(night, validated)
    seen = validated.loaded_count + validated.quarantined_count
    if table.name in _NEVER_EMPTY and window.start_at is None and not seen:
        message = (
            f"table {table.name} has no row up to {night.as_of_date}; the first night"
            " needs history"
        )
        advice = "check the source and the date"
        raise DataError(message, advice)
    return validated


def _without_known(night: Night, validated: Validated, window: Window) -> Validated:
    """Leave out broken rows of no window that an earlier load already set aside.

    A row whose ``updated_at`` cannot be read is seen every night; it counts once.
    """
    with night.warehouse() as warehouse:
        known = warehouse.query(
            "select origin, content from raw.quarantine as quarantine"
            " inner join raw.loads as loads using (ingest_date, table_name)"
            " where table_name = $table_name and ingest_date < $as_of_date",
            table_name=validated.table.name,
            as_of_date=night.as_of_date,
        ).to_pylist()
    seen_before = {(row["origin"], row["content"]) for row in known}
    rows = pq.read_table(validated.quarantine)
    news = [
        _is_in(window, row["row_updated_at"])
        or (row["origin"], row["content"]) not in seen_before
        for row in rows.to_pylist()
    ]
    rows = rows.filter(pa.array(news))
    pq.write_table(rows, validated.quarantine)
    return replace(validated, quarantined_count=rows.num_rows)


def _is_in(window: Window, updated_at: datetime | None) -> bool:
    return updated_at is not None and updated_at < window.end_at


def _say(night: Night, validated: Validated) -> None:
    parts = [f"{validated.loaded_count:,} rows"]
    if validated.quarantined_count:
        parts.append(f"{validated.quarantined_count:,} quarantined")
    if validated.collapsed_duplicate_count:
        parts.append(f"{validated.collapsed_duplicate_count:,} exact repeats collapsed")
    if validated.ignored_columns:
        parts.append(f"not in the contract: {', '.join(validated.ignored_columns)}")
    derived = night.source.derived.get(validated.table.name)
    if derived:
        parts.append(f"derived by rule: {', '.join(derived)}")
    night.say(f"{validated.table.name}: {'; '.join(parts)}")


def _write(
    night: Night, validated: Sequence[Validated], windows: dict[str, Window]
) -> None:
    quarantine = [_quarantine_write(night, table) for table in validated]
    too_broken = [table for table in validated if _is_too_broken(night, table)]
    if too_broken:
        with night.warehouse() as warehouse:
            warehouse.replace(quarantine)
        raise DataError(_too_broken_message(too_broken), _TOO_BROKEN_ADVICE)
    loads = [
        Write(
            RAW_TABLES[table.table.name],
            {"ingest_date": night.as_of_date},
            [table.rows],
        )
        for table in validated
    ]
    outcome = [
        _load_write(night, table, windows[table.table.name]) for table in validated
    ]
    with night.warehouse() as warehouse:
        built = _built_of_them(night, warehouse)
        warehouse.replace([*quarantine, *loads, *outcome, *built])


def _built_of_them(night: Night, warehouse: Warehouse) -> list[Write]:
    """Return what takes back that marts are built of the rows that are replaced.

    They cannot go forward from there, because they do not tell what was taken away.
    """
    if not warehouse.exists(_BUILT_NIGHT.schema, _BUILT_NIGHT.name):
        return []
    rows = warehouse.query(f"select as_of_date from {_BUILT_NIGHT.address}")
    return [
        Write(_BUILT_NIGHT, {"as_of_date": as_of_date}, [])
        for as_of_date in rows["as_of_date"].to_pylist()
        if as_of_date >= night.as_of_date
    ]


_TOO_BROKEN_ADVICE = (
    "see raw.quarantine; raise ADVANCES_QUARANTINE_LIMIT_RATE only if they may wait"
)


def _is_too_broken(night: Night, validated: Validated) -> bool:
    seen = validated.loaded_count + validated.quarantined_count
    return validated.quarantined_count > max(
        night.settings.quarantine_limit_count,
        night.settings.quarantine_limit_rate * seen,
    )


def _too_broken_message(tables: Sequence[Validated]) -> str:
    counts = "; ".join(
        f"{table.table.name} {table.quarantined_count:,} of "
        f"{table.loaded_count + table.quarantined_count:,}, first: {_first(table)}"
        for table in tables
    )
    return f"too many broken rows, nothing was loaded: {counts}"


def _first(table: Validated) -> str:
    row = pq.read_table(table.quarantine).slice(0, 1).to_pylist()[0]
    return f"{row['origin']}: {row['reason']}"


def _partition(night: Night, table: Validated) -> dict[str, date | str]:
    return {"ingest_date": night.as_of_date, "table_name": table.table.name}


def _quarantine_write(night: Night, table: Validated) -> Write:
    return Write(QUARANTINE, _partition(night, table), [table.quarantine])


def _load_write(night: Night, table: Validated, window: Window) -> Write:
    row = {
        **_partition(night, table),
        "source_name": night.source.name,
        "window_start_at": window.start_at,
        "window_end_at": window.end_at,
        "loaded_count": table.loaded_count,
        "quarantined_count": table.quarantined_count,
        "collapsed_duplicate_count": table.collapsed_duplicate_count,
        "derived_columns": ", ".join(night.source.derived.get(table.table.name, ())),
    }
    return Write(LOADS, _partition(night, table), one_row(LOADS, row))
