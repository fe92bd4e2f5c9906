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
            f"table {table.name} lacks column {', '.join(missing)}; the file has"
            f" {', '.join(landed.columns)}"
        )
        raise DataError(message, where=path)
    return landed


def _open_parquet(table: Table, path: Path) -> Landed:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(size - 4, 0))
        tail = file.read(4)
    if head != _PARQUET:
        message = f"not a Parquet file, it begins with {head!r}"
        raise DataError(message, where=path)
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        cut = "cut short, its end is missing" if tail != _PARQUET else str(error)
        message = f"the Parquet file is {cut}"
        advice = f"deliver it again ({size} bytes)"
        raise DataError(message, advice, path) from error
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
        message = f"column {field.name} of table {table.name} is {field.type}"
        advice = f"expected {_EXPECTED.get(kind, 'text')}"
        raise DataError(message, advice, path)


def _open_csv(path: Path) -> Landed:
    if path.suffix == ".gz":
        message = "compressed CSV is not read"
        advice = "unpack it or deliver Parquet"
        raise DataError(message, advice, path)
    _check_utf8(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if repeated := sorted({name for name in header if header.count(name) > 1}):
        message = f"column {', '.join(repeated)} is there more than once"
        raise DataError(message, where=path)
    if not header:
        message = "the file is empty"
        advice = "expected a header line with column names"
        raise DataError(message, advice, path)
    return Landed(path, tuple(header), frozenset(header))


def _check_utf8(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if b"\x00" in block:
                message = "not a CSV file, it holds binary data"
                raise DataError(message, where=path)
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                line += block.count(b"\n", 0, error.start)
                message = f"line {line} is not UTF-8 (byte {block[error.start]:#x})"
                advice = "save the file as UTF-8"
                raise DataError(message, advice, path) from error
            line += block.count(b"\n")
