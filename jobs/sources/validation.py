"""Validation: every row of a landed file is either clean or in quarantine, never lost.

The work is one DuckDB query a table, in bounded memory: cast, name every breach,
split, and write both halves as Parquet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from jobs.sources.breaches import (
    EARLIEST,
    LATEST,
    breaches,
    cast,
    quote,
    raw_value,
    sql_type,
)
from jobs.sources.landing import Landed, open_landed
from jobs.sources.protocol import Window
from jobs.sources.tables import Table


@dataclass(frozen=True)
class Validated:
    """What became of one table's rows in one night's window."""

    table: Table
    rows: Path
    quarantine: Path
    loaded_count: int
    quarantined_count: int
    collapsed_duplicate_count: int
    ignored_columns: tuple[str, ...]


def validate(
    table: Table,
    paths: Sequence[Path],
    window: Window,
    folder: Path,
    memory_limit: str = "2GB",
) -> Validated:
    """Split the window's rows of ``paths`` into clean rows and quarantined ones.

    Exact duplicates collapse into one row and are counted. A row whose ``updated_at``
    cannot be read belongs to no window and is quarantined whenever it is seen; ingest
    counts it once.
    Raises DataError where a file cannot be read at all.
    """
    files = [open_landed(table, path) for path in paths]
    folder.mkdir(parents=True, exist_ok=True)
    rows = folder / f"{table.name}.clean.parquet"
    quarantine = folder / f"{table.name}.quarantine.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = {quote(memory_limit)}")
        connection.execute(f"set temp_directory = {quote(str(folder / 'spill'))}")
        connection.execute("set timezone = 'UTC'")
        _create_candidates(connection, table)
        numbered = list(enumerate(files))
        for number, file in numbered:
            if file.is_csv:
                _read_candidates(connection, table, [(number, file)], window)
                _read_rejects(connection, number)
        # Row numbers of CSV are known by now; without an order all cores can work.
        connection.execute("set preserve_insertion_order = false")
        for alike in _alike(numbered):
            _read_candidates(connection, table, alike, window)
        collapsed = _name_duplicates(connection, table)
        loaded = _write_clean(connection, table, rows)
        quarantined = _write_quarantine(connection, table, files, quarantine)
    known = {column.name for column in table.columns}
    ignored = {name for file in files for name in file.columns if name not in known}
    return Validated(
        table, rows, quarantine, loaded, quarantined, collapsed, tuple(sorted(ignored))
    )


def _create_candidates(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Candidates are the window's rows, cast, each with its breach or null.

    A row malformed as CSV keeps its text in ``content``; the content of any other
    quarantined row is read again from its file, so that clean rows stay slim.
    """
    columns = ", ".join(f"{column.name} {sql_type(column)}" for column in table.columns)
    connection.execute(
        f"create temp table candidates ({columns}, breach varchar,"
        " file_number integer, file_row bigint, content varchar)"
    )


def _alike(files: Sequence[tuple[int, Landed]]) -> list[list[tuple[int, Landed]]]:
    """Return the Parquet files in groups that one query can read, each numbered."""
    groups: dict[tuple[object, ...], list[tuple[int, Landed]]] = {}
    for number, file in files:
        if not file.is_csv:
            shape = (file.columns, file.types)
            groups.setdefault(shape, []).append((number, file))
    return list(groups.values())


def _scan(files: Sequence[tuple[int, Landed]]) -> str:
    """Return SQL that reads the files with their numbers and rows, counted from 1.

    It takes one CSV file, or Parquet files that are alike.
    """
    numbers = [number for number, _ in files]
    file = files[0][1]
    if not file.is_csv:
        paths = ", ".join(quote(str(file.path)) for _, file in files)
        return (
            f"(select *, {numbers}[file_index::bigint + 1] as file_number,"
            f" file_row_number + 1 as file_row from read_parquet([{paths}]))"
        )
    path = quote(str(file.path))
    columns = ", ".join(f"{quote(name)}: 'varchar'" for name in file.columns)
    return (
        f"(select *, {numbers[0]} as file_number, row_number() over () as file_row"
        f" from read_csv({path},"
        " header = true, auto_detect = false, delim = ',', quote = '\"',"
        f" escape = '\"', nullstr = '', columns = {{{columns}}},"
        " store_rejects = true))"
    )


def _read_candidates(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    files: Sequence[tuple[int, Landed]],
    window: Window,
) -> None:
    raw = ", ".join(
        f"{raw_value(column, files[0][1])} as raw_{column.name}"
        for column in table.columns
    )
    casts = ", ".join(
        f"{cast(column, files[0][1])} as {column.name}" for column in table.columns
    )
    named = ", ".join(text for column in table.columns for text in breaches(column))
    names = ", ".join(column.name for column in table.columns)
    connection.execute(
        f"""
        insert into candidates
        with cast_rows as (
            select {casts}, {raw}, file_number, file_row from {_scan(files)}
        ),
        in_window as (select * from cast_rows where {_in_window(window)})
        select
            {names}, nullif(concat_ws('; ', {named}), ''), file_number, file_row, null
        from in_window
        """
    )


def _read_rejects(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Take the lines that are no CSV at all among the candidates, as breaches."""
    connection.execute(
        "insert into candidates by name select 'the line cannot be read: '"
        " || any_value(error_message) as breach,"
        f" {number} as file_number, line - 1 as file_row,"
        " any_value(csv_line) as content from reject_errors group by line"
    )
    connection.execute("drop table reject_errors; drop table reject_scans")


def _in_window(window: Window) -> str:
    start = window.start_at or EARLIEST
    before = f"updated_at < '{EARLIEST}' or " if window.start_at is None else ""
    return (
        f"updated_at is null or updated_at >= '{LATEST}' or {before}"
        f"(updated_at >= '{start}' and updated_at < '{window.end_at}')"
    )


def _name_duplicates(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Collapse rows that are equal; call rows that share key and version a breach."""
    names = ", ".join(column.name for column in table.columns)
    repeated = f"""
        select {table.key}, updated_at, count(*) as row_count from candidates
        where breach is null group by all having count(*) > 1
    """
    connection.execute(f"create temp table repeated as {repeated}")
    if not _count(connection, "select count(*) from repeated"):
        return 0
    connection.execute(
        f"""
        create temp table surplus as
        select file_number, file_row from candidates
        semi join repeated using ({table.key}, updated_at) where breach is null
        qualify row_number() over (
            partition by {names} order by file_number, file_row
        ) > 1
        """
    )
    connection.execute(
        "delete from candidates using surplus"
        " where candidates.file_number = surplus.file_number"
        " and candidates.file_row = surplus.file_row and candidates.breach is null"
    )
    connection.execute(
        f"""
        update candidates set breach = 'key ' || conflicts.{table.key}
            || ' has ' || conflicts.row_count
            || ' different rows with the same updated_at'
        from ({repeated}) as conflicts
        where candidates.breach is null
            and candidates.{table.key} = conflicts.{table.key}
            and candidates.updated_at = conflicts.updated_at
        """
    )
    return _count(connection, "select count(*) from surplus")


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _write_clean(
    connection: duckdb.DuckDBPyConnection, table: Table, path: Path
) -> int:
    names = ", ".join(column.name for column in table.columns)
    return _count(
        connection,
        f"copy (select {names} from candidates where breach is null)"
        f" to {quote(str(path))} (format parquet, compression lz4)",
    )


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    files: Sequence[Landed],
    path: Path,
) -> int:
    """Write the broken rows with reason, origin and whole content as delivered.

    Row numbers of a CSV were counted without its malformed lines; they are added back.
    """
    connection.execute(
        "create temp table quarantined (row_key varchar, seller_id varchar,"
        " row_updated_at timestamp, reason varchar, origin varchar, content varchar)"
    )
    for number, file in enumerate(files):
        broken = f"candidates where breach is not null and file_number = {number}"
        if _count(connection, f"select count(*) from {broken}"):
            connection.execute(
                f"insert into quarantined {_quarantined(table, file, broken)}"
            )
    return _count(
        connection, f"copy quarantined to {quote(str(path))} (format parquet)"
    )


def _quarantined(table: Table, file: Landed, broken: str) -> str:
    """Return SQL for the ``broken`` candidates of a file as quarantine keeps them."""
    has_seller = any(column.name == "seller_id" for column in table.columns)
    content = ", ".join(f'"{name}" := "{name}"' for name in file.columns)
    return f"""
        with malformed as (
            select file_row - row_number() over (order by file_row) + 1 as from_row
            from {broken} and content is not null
        ),
        whole as (
            select file_row, to_json(struct_pack({content})) as content
            from {_scan([(0, file)])}
            where file_row in (select file_row from {broken})
        )
        select
            broken.{table.key},
            {"broken.seller_id" if has_seller else "null"},
            broken.updated_at,
            broken.breach,
            {quote(file.path.name)} || ' row ' || broken.file_row
                + case when broken.content is null then (
                    select count(*) from malformed
                    where malformed.from_row <= broken.file_row
                ) else 0 end,
            coalesce(broken.content, whole.content::varchar)
        from (select * from {broken}) as broken
        left join whole
            on broken.file_row = whole.file_row and broken.content is null
    """
