"""The panel: daily repayable sales of many series as one dense array."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_EPOCH = date(1970, 1, 1)


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
    second row for a day, an index without a series, or a series given twice.
    """
    if days < 1:
        message = f"a panel needs at least one day, not {days}"
        raise ValueError(message)
    start_date = end_date - timedelta(days=days - 1)
    _check_series(series)
    _check_flows(flows, series, start_date, end_date)
    rows = flows["series_index"].to_numpy()
    columns = _days_since(flows["flow_date"], start_date)
    sales = np.zeros((series.num_rows, days), dtype=np.float32)
    sales[rows, columns] = flows["repayable_minor"].to_numpy()
    _check_one_row_a_day(sales, rows, columns, series, start_date)
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


_NEVER = np.iinfo(np.int32).max


def _text(column: pa.ChunkedArray) -> NDArray[np.str_]:
    texts = pc.cast(column, pa.string()).to_numpy(zero_copy_only=False)
    return np.asarray(texts.astype(np.str_))


def _days_since(dates: pa.ChunkedArray, start_date: date) -> NDArray[np.int64]:
    """Return days from ``start_date``; the largest int32 where there is no date."""
    numbers = pc.cast(pc.cast(dates, pa.date32()), pa.int32())
    offset = (start_date - _EPOCH).days
    days = pc.subtract(pc.cast(numbers, pa.int64()), offset)
    return np.asarray(pc.fill_null(days, _NEVER).to_numpy(), dtype=np.int64)


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


def _check_flows(
    flows: pa.Table, series: pa.Table, start_date: date, end_date: date
) -> None:
    for column in ("series_index", "flow_date", "repayable_minor"):
        if flows[column].null_count:
            message = f"flows have no {column} in {flows[column].null_count} rows"
            raise ValueError(message)
    days = pc.cast(flows["flow_date"], pa.date32())
    index = flows["series_index"]
    no_series = pc.or_(pc.less(index, 0), pc.greater_equal(index, series.num_rows))
    late, early = pc.greater(days, end_date), pc.less(days, start_date)
    negative = pc.less(flows["repayable_minor"], 0)
    _refuse(flows, series, no_series, f"has no series among {series.num_rows}")
    _refuse(flows, series, late, f"is later than the panel's last day, {end_date}")
    _refuse(flows, series, early, f"is before the panel's first day, {start_date}")
    _refuse(flows, series, negative, "is negative; repayable sales are 0 or more")


def _refuse(
    flows: pa.Table, series: pa.Table, breach: pa.ChunkedArray, sentence: str
) -> None:
    if pc.any(breach).as_py():
        row = flows.filter(breach).slice(0, 1).to_pylist()[0]
        index = row["series_index"]
        is_known = 0 <= index < series.num_rows
        message = (
            f"the flow of {_name(series, index) if is_known else f'series {index}'} on"
            f" {row['flow_date']}, {row['repayable_minor']} minor units, {sentence}"
        )
        raise ValueError(message)


def _check_one_row_a_day(
    sales: NDArray[np.float32],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    series: pa.Table,
    start_date: date,
) -> None:
    is_taken = np.zeros(sales.shape, dtype=np.bool_)
    is_taken[rows, columns] = True
    if np.count_nonzero(is_taken) == len(rows):
        return
    cells = rows * np.int64(sales.shape[1]) + columns
    values, counts = np.unique(cells, return_counts=True)
    place = np.flatnonzero(cells == values[counts > 1][0])[0]
    day = start_date + timedelta(days=int(columns[place]))
    message = f"series {_name(series, rows[place])} has two flows on {day}"
    raise ValueError(message)


def _name(series: pa.Table, row: int) -> str:
    seller, currency = series["seller_id"][int(row)], series["currency_code"][int(row)]
    return f"{seller} in {currency}"
