"""The panel: daily repayable sales of many series as one dense array."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.forecasting.kernels import compiled

_EPOCH = date(1970, 1, 1)
_NEVER = np.iinfo(np.int32).max
_NO_SERIES, _EARLY, _LATE, _NEGATIVE, _TWICE = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Panel:
    """Repayable sales, one row a series (a seller in one currency), one column a day.

    ``sales``: float32 [series, days], never negative, in the unit of each series' own
    currency; the first column is ``start_date``, the last ``end_date``, the last day
    known. A day without sales holds 0.
    ``is_open``: bool [series, days]; a closed day sold nothing and does not count as a
    day without sales.
    ``birth_index``: int64 [series], the column of the first sale: negative where that
    lies before ``start_date``, the number of days where a series never sold. Columns
    before the birth are not history.
    ``country_codes``: [series], empty where unknown; it only chooses the calendar.
    """

    seller_ids: NDArray[np.str_]
    currency_codes: NDArray[np.str_]
    country_codes: NDArray[np.str_]
    start_date: date
    end_date: date
    sales: NDArray[np.float32]
    birth_index: NDArray[np.int64]
    is_open: NDArray[np.bool_]

    @property
    def days(self) -> int:
        """Number of columns."""
        return int(self.sales.shape[1])

    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        """Return the panel of the series at ``rows``, in that order."""
        return type(self)(
            self.seller_ids[rows],
            self.currency_codes[rows],
            self.country_codes[rows],
            self.start_date,
            self.end_date,
            self.sales[rows],
            self.birth_index[rows],
            self.is_open[rows],
        )

    def cut(self, days: int) -> Self:
        """Return the panel as it was known at the end of its first ``days`` days."""
        return type(self)(
            self.seller_ids,
            self.currency_codes,
            self.country_codes,
            self.start_date,
            self.start_date + timedelta(days=days - 1),
            self.sales[:, :days],
            np.minimum(self.birth_index, days),
            self.is_open[:, :days],
        )


def build_panel(flows: pa.Table, series: pa.Table, end_date: date, days: int) -> Panel:
    """Scatter daily flows into a panel of the ``days`` days up to ``end_date``.

    ``series``: seller_id, currency_code, country_code, first_sale_date (null where
    never), one row each, in the order wanted.
    ``flows``: series_index (the row in ``series``), flow_date, repayable_minor (0 or
    more), one row a series and day.
    Raises ValueError for a missing or negative amount, a day outside the panel, a
    second row for a day with sales, an index without a series, or a series given twice.
    """
    if days < 1:
        message = f"a panel needs at least one day, not {days}"
        raise ValueError(message)
    start_date = end_date - timedelta(days=days - 1)
    _check_series(series)
    _check_present(flows)
    sales = np.zeros((series.num_rows, days), dtype=np.float32)
    for batch in flows.to_batches():
        indexes = batch["series_index"].to_numpy(zero_copy_only=False)
        columns = _days_since(batch["flow_date"], start_date)
        amounts = batch["repayable_minor"].to_numpy(zero_copy_only=False)
        place, breach = _scatter(sales, indexes, columns, amounts)
        if breach:
            raise ValueError(
                _described(batch, place, breach, series, (start_date, end_date))
            )
    birth = _days_since(series["first_sale_date"], start_date)
    return Panel(
        seller_ids=_text(series["seller_id"]),
        currency_codes=_text(series["currency_code"]),
        country_codes=_text(series["country_code"]),
        start_date=start_date,
        end_date=end_date,
        sales=sales,
        birth_index=np.where(birth == _NEVER, days, np.minimum(birth, days)),
        is_open=np.broadcast_to(np.True_, sales.shape),
    )


def _text(column: pa.ChunkedArray) -> NDArray[np.str_]:
    texts = pc.cast(column, pa.string()).to_numpy(zero_copy_only=False)
    return np.asarray(texts.astype(np.str_))


def _days_since(
    dates: pa.ChunkedArray | pa.Array, start_date: date
) -> NDArray[np.int64]:
    """Return days from ``start_date``; the largest int32 where there is no date."""
    numbers = pc.cast(pc.cast(dates, pa.date32()), pa.int32())
    offset = (start_date - _EPOCH).days
    days = pc.subtract(pc.cast(numbers, pa.int64()), offset)
    whole = pc.fill_null(days, _NEVER).to_numpy(zero_copy_only=False)
    return np.asarray(whole, dtype=np.int64)


def _check_series(series: pa.Table) -> None:
    names = series.select(["seller_id", "currency_code"])
    counts = names.group_by(names.column_names).aggregate([([], "count_all")])
    twice = counts.filter(pc.greater(counts["count_all"], 1)).to_pylist()
    if twice:
        message = (
            f"series {twice[0]['seller_id']} in {twice[0]['currency_code']} is given"
            f" {twice[0]['count_all']} times; expected once"
        )
        raise ValueError(message)


def _check_present(flows: pa.Table) -> None:
    for column in ("series_index", "flow_date", "repayable_minor"):
        if flows[column].null_count:
            message = f"flows have no {column} in {flows[column].null_count} rows"
            raise ValueError(message)
    kind = flows["repayable_minor"].type
    if not pa.types.is_integer(kind):
        message = f"repayable_minor is of type {kind}; expected whole minor units"
        raise ValueError(message)


@compiled
def _scatter(
    sales: NDArray[np.float32],
    indexes: NDArray[np.int64],
    columns: NDArray[np.int64],
    amounts: NDArray[np.int64],
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Put every amount in its place; return the first that has none, and its breach."""
    for k in range(len(indexes)):
        row, column = indexes[k], columns[k]
        if row < 0 or row >= sales.shape[0]:
            return k, _NO_SERIES
        if column < 0:
            return k, _EARLY
        if column >= sales.shape[1]:
            return k, _LATE
        if amounts[k] < 0:
            return k, _NEGATIVE
        if sales[row, column] != 0:
            return k, _TWICE
        sales[row, column] = amounts[k]
    return 0, 0


def _described(
    batch: pa.RecordBatch,
    place: int,
    breach: int,
    series: pa.Table,
    span: tuple[date, date],
) -> str:
    """Say which flow breaks which rule."""
    row = batch.slice(place, 1).to_pylist()[0]
    index = row["series_index"]
    name = f"series {index}" if breach == _NO_SERIES else _name(series, index)
    rule = {
        _NO_SERIES: f"has no series among {series.num_rows}",
        _EARLY: f"is before the panel's first day, {span[0]}",
        _LATE: f"is later than the panel's last day, {span[1]}",
        _NEGATIVE: "is negative; repayable sales are 0 or more",
        _TWICE: "is the second of that day; expected one",
    }[breach]
    amount = f"{row['repayable_minor']} minor units"
    return f"the flow of {name} on {row['flow_date']}, {amount}, {rule}"


def _name(series: pa.Table, row: int) -> str:
    seller, currency = series["seller_id"][int(row)], series["currency_code"][int(row)]
    return f"{seller} in {currency}"
