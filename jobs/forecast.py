"""Forecast: fit the distribution of cumulative sales, then predict it for sellers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.calendars import calendars_of
from jobs.forecasters import FORECASTERS, THREADS
from jobs.forecasting.grid import Forecast
from jobs.night import Night
from jobs.sales_history import (
    BUCKET_COUNT,
    SalesHistory,
    count_series,
    read_countries,
    read_history,
    read_matured,
    read_model,
    read_model_before,
)
from jobs.settings import ConfigurationError
from jobs.warehouse.duckdb import one_row
from jobs.warehouse.protocol import Warehouse, Write
from jobs.warehouse.tables import FORECAST_MODELS, FORECAST_QUANTILES, QUANTILE_COLUMNS

#: The fit reads whole buckets until it has this many series to take its sample from.
FIT_SERIES = 3_000
#: Read at once: about 270 MB of panel and, while it is read, twice that of rows. A
#: million sellers then take less than 4 GiB; more at once was no faster.
BLOCK_SERIES = 80_000


@dataclass(frozen=True)
class Share:
    """The ``index``-th of ``count`` equal shares of the sellers, counted from 0."""

    index: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read ``1/4``, the first of four; ConfigurationError on anything else."""
        first, _, second = text.partition("/")
        if first.isdigit() and second.isdigit():
            index, count = int(first) - 1, int(second)
            if 0 <= index < count <= BUCKET_COUNT and BUCKET_COUNT % count == 0:
                return cls(index, count)
        message = (
            f"bucket {text!r}: expected i/n with n one of 1, 2, 4 ... {BUCKET_COUNT} "
            "and i from 1 to n, for example 1/4"
        )
        raise ConfigurationError(message)

    @property
    def buckets(self) -> list[int]:
        """The hash buckets in this share."""
        return list(range(self.index, BUCKET_COUNT, self.count))


def forecast_fit(night: Night) -> int:
    """Fit the night's model on past origins and store it; return the series read."""
    with night.warehouse() as warehouse:
        history = read_fit_history(night, warehouse)
        model = fit(night, warehouse, history)
        warehouse.replace([model_write(night, model, history.data_as_of)])
    return len(history.panel.seller_ids)


def read_fit_history(night: Night, warehouse: Warehouse) -> SalesHistory:
    """Return the sales that models are fitted on: whole buckets, enough of them."""
    counts = count_series(night, warehouse)
    buckets = next(_blocks(list(range(BUCKET_COUNT)), counts, FIT_SERIES))
    return read_history(night, warehouse, buckets)


def fit(night: Night, warehouse: Warehouse, history: SalesHistory) -> str:
    """Return the night's model, corrected by how its earlier forecasts turned out."""
    forecaster = FORECASTERS[night.versions["model_version"]]
    panel = history.panel
    countries = read_countries(night, warehouse)
    calendars = calendars_of(countries, panel.start_date, panel.end_date)
    return forecaster.calibrate(
        forecaster.fit(panel, calendars),
        read_model_before(night, warehouse),
        read_matured(night, warehouse),
    )


def model_write(night: Night, model: str, data_as_of: object) -> Write:
    """Return the write that stores the night's model."""
    partition = {
        "as_of_date": night.as_of_date,
        "model_version": night.versions["model_version"],
    }
    row = {
        **partition,
        "model": model,
        "code_version": night.versions["code_version"],
        "data_as_of": data_as_of,
    }
    return Write(FORECAST_MODELS, partition, one_row(FORECAST_MODELS, row))


def forecast_predict(night: Night, share: Share) -> int:
    """Store the quantiles of one share of the sellers; return how many series."""
    with night.warehouse() as warehouse:
        model = read_model(night, warehouse)
        counts = count_series(night, warehouse)
        blocks = _blocks(share.buckets, counts, BLOCK_SERIES)
        total = int(counts[share.buckets].sum())
        rows = pa.concat_tables(_predicted(night, warehouse, model, blocks, total))
        warehouse.replace([quantile_write(night, share.buckets, rows)])
    return total


def quantile_write(night: Night, buckets: list[int], rows: pa.Table) -> Write:
    """Return the write that stores the night's quantiles of these buckets."""
    partition = {
        "as_of_date": night.as_of_date,
        "model_version": night.versions["model_version"],
        "seller_bucket": buckets,
    }
    return Write(FORECAST_QUANTILES, partition, rows)


def _blocks(
    buckets: list[int], counts: NDArray[np.int64], least: int
) -> Iterator[list[int]]:
    """Split ``buckets`` into runs of ``least`` series or more, the last one fewer."""
    block: list[int] = []
    for bucket in buckets:
        block.append(bucket)
        if counts[block].sum() >= least:
            yield block
            block = []
    if block:
        yield block


def _predicted(
    night: Night,
    warehouse: Warehouse,
    model: str,
    blocks: Iterator[list[int]],
    total: int,
) -> Iterator[pa.Table]:
    """Read block after block; predict each in parts side by side, in their order."""
    done = 0
    predict = FORECASTERS[night.versions["model_version"]].predict

    def rows_of(history: SalesHistory) -> tuple[int, pa.Table]:
        rows = quantile_rows(night, history, predict(history.panel, model))
        return len(history.panel.seller_ids), rows

    with ThreadPoolExecutor(THREADS) as pool:
        for buckets in blocks:
            parts = read_history(night, warehouse, buckets).parts()
            for series_count, rows in pool.map(rows_of, parts):
                done += series_count
                night.track(done, total, "series")
                yield rows


def quantile_rows(night: Night, history: SalesHistory, forecast: Forecast) -> pa.Table:
    """Lay the quantiles [series, horizons, probabilities] out as rows, rounded down."""
    series_count, horizon_count, _ = forecast.quantiles.shape
    row_count = series_count * horizon_count
    # Down: a forecast of 99.9 cents has not promised a euro.
    flat = np.floor(forecast.quantiles).astype(np.int64)
    flat = flat.reshape(row_count, len(QUANTILE_COLUMNS))
    series_index = pa.array(np.repeat(np.arange(series_count), horizon_count))
    panel = history.panel
    columns: dict[str, object] = {
        "seller_id": pa.array(panel.seller_ids).take(series_index),
        "currency_code": pa.array(panel.currency_codes).take(series_index),
        "seller_bucket": history.buckets.take(series_index),
        "horizon_days": np.tile(forecast.horizons_days, series_count),
        "is_extrapolated": np.tile(forecast.is_extrapolated, series_count),
        **{name: flat[:, index] for index, name in enumerate(QUANTILE_COLUMNS)},
    }
    constants = {
        "as_of_date": pa.scalar(night.as_of_date, pa.date32()),
        "model_version": pa.scalar(night.versions["model_version"]),
        "code_version": pa.scalar(night.versions["code_version"]),
        "data_as_of": pa.scalar(history.data_as_of, pa.timestamp("us")),
    }
    columns |= {name: pa.repeat(value, row_count) for name, value in constants.items()}
    return pa.table(columns)
