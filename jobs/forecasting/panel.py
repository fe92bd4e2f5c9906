"""The panel: daily repayable sales of many series as one dense array."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: From here on a float64 no longer holds every whole number, and sums would drift.
_INEXACT_TOTAL = 2.0**53
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Panel:
    """Repayable sales, one row a series (a seller in one currency), one column a day.

    ``sales``: float64 [series, days], whole minor units; the first column is
    ``start_date``, the last is ``end_date``, the last day known.
    ``birth_index``: int64 [series], the column of the first sale. It is negative where
    that sale came before ``start_date``, and equal to the number of days where a
    series never sold. Columns before the birth are not history.
    """

    seller_ids: NDArray[np.str_]
    currency_codes: NDArray[np.str_]
    start_date: date
    end_date: date
    sales: NDArray[np.float64]
    birth_index: NDArray[np.int64]

    @property
    def days(self) -> int:
        """Number of columns."""
        return int(self.sales.shape[1])


def build_panel(flows: pa.Table, series: pa.Table, end_date: date, days: int) -> Panel:
    """Scatter daily flows into a panel of the wanted series, in the wanted order.

    ``flows``: seller_id, currency_code, flow_date, repayable_minor (whole minor units,
    0 or more), one row a series and day; other columns and other series are ignored.
    ``series``: seller_id, currency_code, one row each. The panel holds the ``days``
    days up to ``end_date``; an earlier flow counts for the birth only.
    Raises ValueError for a missing or negative amount, a second row for a day, a flow
    after ``end_date``, a series wanted twice, or totals too large to stay exact.
    """
    if days < 1:
        message = f"a panel needs at least one day, not {days}"
        raise ValueError(message)
    _check_flows(flows, end_date)
    start_date = end_date - timedelta(days=days - 1)
    rows = _row_of_each_flow(flows, series)
    columns = _days_since_epoch(flows) - (start_date - _EPOCH).days
    amounts = pc.cast(flows["repayable_minor"], pa.int64()).to_numpy()
    inside = (rows >= 0) & (columns >= 0)
    _check_one_row_a_day(rows[inside], columns[inside], series, start_date)
    sales = np.zeros((series.num_rows, days))
    sales[rows[inside], columns[inside]] = amounts[inside]
    _check_totals(sales, series)
    birth_index = np.full(series.num_rows, days, dtype=np.int64)
    sold = (rows >= 0) & (amounts > 0)
    np.minimum.at(birth_index, rows[sold], columns[sold])
    return Panel(
        seller_ids=_text(series["seller_id"]).to_numpy().astype(np.str_),
        currency_codes=_text(series["currency_code"]).to_numpy().astype(np.str_),
        start_date=start_date,
        end_date=end_date,
        sales=sales,
        birth_index=birth_index,
    )


def take_series(panel: Panel, rows: NDArray[np.int64]) -> Panel:
    """Return the panel of the series at ``rows``, in that order."""
    return Panel(
        panel.seller_ids[rows],
        panel.currency_codes[rows],
        panel.start_date,
        panel.end_date,
        panel.sales[rows],
        panel.birth_index[rows],
    )


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.string())


def _days_since_epoch(flows: pa.Table) -> NDArray[np.int64]:
    dates = pc.cast(flows["flow_date"], pa.date32())
    return np.asarray(pc.cast(dates, pa.int32()).to_numpy(), dtype=np.int64)


def _row_of_each_flow(flows: pa.Table, series: pa.Table) -> NDArray[np.int64]:
    """Return for each flow its row in ``series``, -1 where it is not wanted."""
    sellers = pc.unique(_text(series["seller_id"]))
    currencies = pc.unique(_text(series["currency_code"]))

    def keys(table: pa.Table) -> NDArray[np.int64]:
        seller = pc.index_in(_text(table["seller_id"]), sellers)
        currency = pc.index_in(_text(table["currency_code"]), currencies)
        key = pc.add(
            pc.multiply(pc.cast(seller, pa.int64()), len(currencies)), currency
        )
        return np.asarray(pc.fill_null(key, -1).to_numpy(), dtype=np.int64)

    wanted = keys(series)
    row_of_key = np.full(len(sellers) * len(currencies) + 1, -1, dtype=np.int64)
    row_of_key[wanted] = np.arange(len(wanted))
    again = np.flatnonzero(row_of_key[wanted] != np.arange(len(wanted)))
    if len(again):
        message = f"series {_name(series, again[0])} is wanted twice"
        raise ValueError(message)
    # The last slot stays -1, and that is where the key -1 of an unwanted flow looks.
    return row_of_key[keys(flows)]


def _check_flows(flows: pa.Table, end_date: date) -> None:
    for column in ("seller_id", "currency_code", "flow_date", "repayable_minor"):
        if flows[column].null_count:
            message = f"flows have no {column} in {flows[column].null_count} rows"
            raise ValueError(message)
    _refuse(
        flows,
        pc.greater(pc.cast(flows["flow_date"], pa.date32()), pa.scalar(end_date)),
        f"is later than the last day of the panel, {end_date}",
    )
    _refuse(flows, pc.less(flows["repayable_minor"], 0), "is negative")


def _refuse(flows: pa.Table, breach: pa.ChunkedArray, sentence: str) -> None:
    broken = flows.filter(breach)
    if broken.num_rows:
        row = broken.slice(0, 1).to_pylist()[0]
        message = (
            f"the flow of seller {row['seller_id']} on {row['flow_date']}, "
            f"{row['repayable_minor']} {row['currency_code']} minor units, {sentence}"
        )
        raise ValueError(message)


def _check_one_row_a_day(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    series: pa.Table,
    start_date: date,
) -> None:
    cells = rows * (int(columns.max(initial=0)) + 1) + columns
    is_taken = np.zeros(int(cells.max(initial=0)) + 1, dtype=np.bool_)
    is_taken[cells] = True
    if np.count_nonzero(is_taken) == len(cells):
        return
    values, counts = np.unique(cells, return_counts=True)
    place = np.flatnonzero(cells == values[counts > 1][0])[0]
    day = start_date + timedelta(days=int(columns[place]))
    message = f"series {_name(series, rows[place])} has two flows on {day}"
    raise ValueError(message)


def _check_totals(sales: NDArray[np.float64], series: pa.Table) -> None:
    large = np.flatnonzero(sales.sum(axis=1) >= _INEXACT_TOTAL)
    if len(large):
        message = f"series {_name(series, large[0])} sold 2**53 minor units or more"
        raise ValueError(message)


def _name(series: pa.Table, row: int) -> str:
    seller, currency = series["seller_id"][row], series["currency_code"][row]
    return f"{seller} in {currency}"
