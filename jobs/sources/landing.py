"""Opens landed files: proves that a file is what its name says before a row is read."""

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.sources.protocol import DataError
from jobs.sources.tables import Kind, Table

_BLOCK = 1 << 20
_PARQUET = b"PAR1"

#: The Arrow types a Parquet column of each kind may have, beside text.
_FITS = {
    Kind.MINOR: pa.types.is_integer,
    Kind.DAYS: pa.types.is_integer,
    Kind.RATE: lambda kind: pa.types.is_floating(kind) or pa.types.is_integer(kind),
    Kind.TIMESTAMP: pa.types.is_timestamp,
    Kind.DATE: pa.types.is_date,
}
_EXPECTED = {
    Kind.MINOR: "whole minor units (an integer)",
    Kind.DAYS: "whole days (an integer)",
    Kind.RATE: "a number",
    Kind.TIMESTAMP: "a UTC timestamp",
    Kind.DATE: "a date",
}


@dataclass(frozen=True)
class Landed:
    """One file that can be read: its columns, which of them hold text, their types."""

    path: Path
    columns: tuple[str, ...]
    text_columns: frozenset[str]
    types: tuple[str, ...] = ()

    @property
    def is_csv(self) -> bool:
        """Tell CSV from Parquet."""
        return is_csv(self.path)


def is_csv(path: Path) -> bool:
    """Tell by its name whether a file is CSV (plain or gzip) rather than Parquet."""
    return path.name.endswith((".csv", ".csv.gz"))


def open_landed(table: Table, path: Path) -> Landed:
    """Return the file's columns, or raise DataError saying what is wrong with it."""
    landed = _open_csv(path) if is_csv(path) else _open_parquet(table, path)
    missing = [
        column.name
        for column in table.columns
        if column.name not in landed.columns and not column.may_be_absent
    ]
    if missing:
        message = (
            f"{path}: table {table.name} lacks column {', '.join(missing)}; "
            f"the file has {', '.join(landed.columns)}"
        )
        raise DataError(message)
    return landed


def _open_parquet(table: Table, path: Path) -> Landed:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(size - 4, 0))
        tail = file.read(4)
    if head != _PARQUET:
        message = f"{path}: not a Parquet file, it begins with {head!r}"
        raise DataError(message)
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        cut = "cut short, its end is missing" if tail != _PARQUET else str(error)
        message = f"{path}: the Parquet file is {cut}; deliver it again ({size} bytes)"
        raise DataError(message) from error
    text = set()
    for field in schema:
        if (
            pa.types.is_dictionary(field.type)
            or pa.types.is_string(field.type)
            or pa.types.is_large_string(field.type)
            or pa.types.is_null(field.type)
        ):
            text.add(field.name)
        else:
            _check_type(table, path, field)
    types = tuple(str(field.type) for field in schema)
    return Landed(path, tuple(schema.names), frozenset(text), types)


def _check_type(table: Table, path: Path, field: pa.Field) -> None:
    kind = next((c.kind for c in table.columns if c.name == field.name), None)
    if kind is None:
        return
    fits = _FITS.get(kind)
    if fits is None or not fits(field.type):
        message = (
            f"{path}: column {field.name} of table {table.name} is {field.type}; "
            f"expected {_EXPECTED.get(kind, 'text')}"
        )
        raise DataError(message)


def _open_csv(path: Path) -> Landed:
    if path.suffix == ".gz":
        message = f"{path}: compressed CSV is not read; unpack it or deliver Parquet"
        raise DataError(message)
    _check_utf8(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        message = f"{path}: column {', '.join(repeated)} is there more than once"
        raise DataError(message)
    if not header:
        message = f"{path}: the file is empty; expected a header line with column names"
        raise DataError(message)
    return Landed(path, tuple(header), frozenset(header))


def _check_utf8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\x00" in block:
                message = f"{path}: not a CSV file, it holds binary data"
                raise DataError(message)
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                line += block.count(b"\n", 0, error.start)
                message = (
                    f"{path}: line {line} is not UTF-8 (byte {block[error.start]:#x}); "
                    "save the file as UTF-8"
                )
                raise DataError(message) from error
            line += block.count(b"\n")
