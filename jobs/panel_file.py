"""Panels from a Parquet file with the columns series_id, date and value."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.forecasting.panel import Panel
from jobs.sources.protocol import DataError

#: The code of ISO 4217 for no currency.
NO_CURRENCY = "XXX"
#: A century; a longer panel is a mistyped date.
LONGEST_DAYS = 36_525
_EPOCH = date(1970, 1, 1)
_REQUIRED = ("series_id", "date", "value")
_OPTIONAL = ("country_code", "currency_code")


@dataclass(frozen=True)
class FilePanel:
    """A panel, its series in order of id, and the ids as the file gave them [series].

    ``negative_count``: values below 0, which the panel holds as 0.
    """

    panel: Panel
    series_ids: pa.Array
    negative_count: int


def read_panel(path: Path, *, is_absent_closed: bool = False) -> FilePanel:
    """Return the panel of a file: one row a series, a column for each calendar day.

    A day without a row, after a series' first, sold nothing; with ``is_absent_closed``
    it also counts as closed. A value below 0 counts as 0: a day of net refunds repays
    nothing.
    Raises DataError, naming file, row, column, value and what was expected, for a
    missing column, a wrong type, a null, a value that is no finite float32, a second
    row of a series and day, two currencies or countries of a series, and no rows.
    """
    table = _typed(path, _read(path))
    ids, series = _series(table["series_id"])
    dates = table["date"].cast(pa.int32()).to_numpy().astype(np.int64)
    values = table["value"].to_numpy()
    start, end = int(dates.min()), int(dates.max())
    days = end - start + 1
    if days > LONGEST_DAYS:
        message = (
            f"dates run from {_EPOCH + timedelta(start)} to {_EPOCH + timedelta(end)}"
        )
        advice = f"expected at most {LONGEST_DAYS:,} days"
        raise DataError(message, advice, path)
    shape = (len(ids), days)
    columns = dates - start
    has_row = np.zeros(shape, dtype=np.bool_)
    has_row[series, columns] = True
    if np.count_nonzero(has_row) < len(series):
        raise DataError(_twice(path, table, series * np.int64(days) + columns))
    sales = np.zeros(shape, dtype=np.float32)
    sales[series, columns] = np.maximum(values, 0.0)
    panel = Panel(
        seller_ids=np.array(ids.cast(pa.string()).to_pylist(), dtype=np.str_),
        currency_codes=_codes(path, table, "currency_code", series, NO_CURRENCY),
        country_codes=_codes(path, table, "country_code", series, ""),
        start_date=_EPOCH + timedelta(start),
        end_date=_EPOCH + timedelta(end),
        sales=sales,
        birth_index=has_row.argmax(axis=1).astype(np.int64),
        is_open=has_row if is_absent_closed else np.broadcast_to(np.True_, shape),
    )
    return FilePanel(panel, ids, int(np.count_nonzero(values < 0)))


def _read(path: Path) -> pa.Table:
    """Return the columns that count, whatever else the file holds."""
    if not path.is_file():
        message = "no such file"
        raise DataError(message, where=path)
    try:
        names = pq.read_schema(path).names
        missing = [name for name in _REQUIRED if name not in names]
        if missing:
            message = f"no column {', '.join(missing)}"
            advice = (
                f"expected {', '.join(_REQUIRED)}, found {', '.join(names) or 'none'}"
            )
            raise DataError(message, advice, path)
        wanted = [name for name in (*_REQUIRED, *_OPTIONAL) if name in names]
        table = pq.read_table(path, columns=wanted).combine_chunks()
    except (OSError, pa.ArrowException) as error:
        message = f"not a readable Parquet file: {error}"
        raise DataError(message, where=path) from error
    if not table.num_rows:
        message = "no rows"
        advice = "expected at least one series"
        raise DataError(message, advice, path)
    return table


def _typed(path: Path, table: pa.Table) -> pa.Table:
    """Return plain arrays of ids, date32, float64 and text, each value checked."""
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        column = _plain(table[name])
        _check_type(path, name, column.type)
        if name != "country_code":
            _refuse(path, name, column, pc.is_null(column), "a value in every row")
        columns[name] = column
    columns["date"] = _days(path, columns["date"])
    values = pc.cast(columns["value"], pa.float64(), safe=False)
    limit = float(np.finfo(np.float32).max)
    is_finite = pc.less_equal(pc.abs(values), limit)
    expected = "a finite number below 3.4e38"
    _refuse(path, "value", values, pc.invert(is_finite), expected)
    return pa.table(columns | {"value": values})


def _plain(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    return array.cast(pa.string()) if _is_text(array.type) else array


def _is_text(found: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(found)
        or pa.types.is_large_string(found)
        or pa.types.is_string_view(found)
    )


def _check_type(path: Path, name: str, found: pa.DataType) -> None:
    is_integer = pa.types.is_integer(found)
    allowed, expected = {
        "series_id": (is_integer or _is_text(found), "integer or text"),
        "date": (
            pa.types.is_date(found) or pa.types.is_timestamp(found),
            "date or timestamp",
        ),
        "value": (
            is_integer or pa.types.is_floating(found) or pa.types.is_decimal(found),
            "integer, float or decimal",
        ),
    }.get(name, (_is_text(found), "text"))
    if not allowed:
        message = f"column {name} is {found}"
        advice = f"expected {expected}"
        raise DataError(message, advice, path)


def _days(path: Path, column: pa.Array) -> pa.Array:
    """Return date32; a time of day other than midnight is refused, not cut off."""
    if pa.types.is_timestamp(column.type):
        local = pc.local_timestamp(column) if column.type.tz else column
        midnight = pc.floor_temporal(local, unit="day")
        not_whole = pc.not_equal(local, midnight)
        _refuse(path, "date", local, not_whole, "a whole day, at midnight")
        column = midnight
    return column.cast(pa.date32())


def _refuse(
    path: Path, name: str, column: pa.Array, breach: pa.Array, expected: str
) -> None:
    rows = pc.indices_nonzero(breach)
    if len(rows):
        row = rows[0].as_py()
        message = f"row {row + 1}, column {name}: {column[row].as_py()}"
        advice = f"expected {expected} ({len(rows):,} such rows)"
        raise DataError(message, advice, path)


def _series(column: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the distinct ids in order, and for each row the place of its id."""
    encoded = _encoded(column)
    order = pc.array_sort_indices(encoded.dictionary).to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return encoded.dictionary.take(pa.array(order)), place[encoded.indices.to_numpy()]


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    encoded = column.combine_chunks().dictionary_encode()
    is_chunked = isinstance(encoded, pa.ChunkedArray)
    return encoded.combine_chunks() if is_chunked else encoded


def _twice(path: Path, table: pa.Table, cells: NDArray[np.int64]) -> str:
    order = np.argsort(cells, kind="stable")
    again = np.flatnonzero(np.diff(cells[order]) == 0)[0] + 1
    row = table.slice(int(order[again]), 1).to_pylist()[0]
    return (
        f"{path}: row {order[again] + 1}: series {row['series_id']} has a second row on"
        f" {row['date']}; expected one a day"
    )


def _codes(
    path: Path, table: pa.Table, name: str, series: NDArray[np.int64], default: str
) -> NDArray[np.str_]:
    """Return the code of each series; DataError where its rows do not agree."""
    count = int(series.max()) + 1
    if name not in table.column_names:
        return np.full(count, default)
    encoded = _encoded(pc.fill_null(table[name], default))
    codes = np.array(encoded.dictionary.to_pylist(), dtype=np.str_)
    code = encoded.indices.to_numpy()
    first = np.full(count, -1, dtype=np.int64)
    first[series[::-1]] = code[::-1]
    differs = np.flatnonzero(first[series] != code)
    if len(differs):
        row = int(differs[0])
        message = (
            f"row {row + 1}, column {name}: series {table['series_id'][row].as_py()}"
            f" has {str(codes[code[row]])!r} after {str(codes[first[series[row]]])!r}"
        )
        advice = f"expected one {name} a series"
        raise DataError(message, advice, path)
    return codes[first]
