"""Forecast: fit the distribution of cumulative sales, then predict it for sellers."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jobs.forecasting.empirical import EmpiricalModel, fit, predict
from jobs.forecasting.grid import Forecast
from jobs.forecasting.panel import Panel, build_panel
from jobs.night import Night, require_marts
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError
from jobs.warehouse.protocol import Warehouse, Write
from jobs.warehouse.tables import (
    FORECAST_MODELS,
    FORECAST_QUANTILES,
    QUANTILE_COLUMNS,
)

#: Sellers fall into this many buckets by a hash of their id (dbt computes it).
BUCKET_COUNT = 64
#: Two years of history and a little more; older days do not move the forecast.
HISTORY_DAYS = 800


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
    """Fit the model on past origins and store it; return the number of series seen."""
    with night.warehouse() as warehouse:
        panel, _, data_as_of = _read_panel(night, warehouse, Share())
        model = fit(panel)
        row = {
            "as_of_date": night.as_of_date,
            "model_version": night.versions["model_version"],
            "model": model.to_json(),
            "code_version": night.versions["code_version"],
            "data_as_of": data_as_of,
        }
        partition = {
            "as_of_date": night.as_of_date,
            "model_version": row["model_version"],
        }
        rows = pa.Table.from_pylist([row])
        warehouse.replace([Write(FORECAST_MODELS, partition, rows)])
    return len(panel.seller_ids)


def forecast_predict(night: Night, share: Share) -> int:
    """Store the quantiles of one share of the sellers; return how many series."""
    with night.warehouse() as warehouse:
        model = _read_model(night, warehouse)
        panel, buckets, data_as_of = _read_panel(night, warehouse, share)
        rows = _rows(night, panel, buckets, predict(panel, model), data_as_of)
        partition = {
            "as_of_date": night.as_of_date,
            "model_version": night.versions["model_version"],
            "seller_bucket": share.buckets,
        }
        warehouse.replace([Write(FORECAST_QUANTILES, partition, rows)])
    return len(panel.seller_ids)


def _read_model(night: Night, warehouse: Warehouse) -> EmpiricalModel:
    found = warehouse.query(
        "select model from underwriting.forecast_models"
        " where as_of_date = $as_of_date and model_version = $model_version",
        as_of_date=night.as_of_date,
        model_version=night.versions["model_version"],
    )
    if not found.num_rows:
        message = f"no model for {night.as_of_date}; run `advances forecast fit` first"
        raise DataError(message)
    return EmpiricalModel.from_json(found["model"][0].as_py())


def _read_panel(
    night: Night, warehouse: Warehouse, share: Share
) -> tuple[Panel, pa.Array, object]:
    """Return the share's panel, each series' bucket, and how fresh the data is."""
    require_marts(night, warehouse)
    series = warehouse.query(
        "select seller_id, currency_code, seller_bucket, data_as_of"
        " from cash_flow.fct_seller_health_daily where as_of_date = $as_of_date"
        " and mod(seller_bucket, $count) = $index order by seller_id, currency_code",
        as_of_date=night.as_of_date,
        count=share.count,
        index=share.index,
    )
    flows = warehouse.query(
        "select seller_id, currency_code, flow_date, repayable_minor"
        " from cash_flow.fct_seller_cash_flows_daily"
        " inner join (select seller_id, currency_code"
        " from cash_flow.fct_seller_health_daily where as_of_date = $as_of_date"
        " and mod(seller_bucket, $count) = $index) as wanted"
        " using (seller_id, currency_code)"
        " where flow_date <= $as_of_date"
        " and (captured_minor > 0 or repayable_minor > 0)",
        as_of_date=night.as_of_date,
        count=share.count,
        index=share.index,
    )
    data_as_of = series["data_as_of"][0].as_py() if series.num_rows else None
    panel = build_panel(flows, series, night.as_of_date, HISTORY_DAYS)
    return panel, series["seller_bucket"], data_as_of


def _rows(
    night: Night,
    panel: Panel,
    buckets: pa.Array,
    forecast: Forecast,
    data_as_of: object,
) -> pa.Table:
    """Lay the quantile array [series, horizons, probabilities] out as long rows."""
    series_count, horizon_count, _ = forecast.quantiles.shape
    row_count = series_count * horizon_count
    flat = forecast.quantiles.reshape(row_count, -1)
    series_index = pa.array(np.repeat(np.arange(series_count), horizon_count))
    columns: dict[str, object] = {
        "seller_id": pa.array(panel.seller_ids).take(series_index),
        "currency_code": pa.array(panel.currency_codes).take(series_index),
        "seller_bucket": buckets.take(series_index),
        "horizon_days": np.tile(forecast.horizons_days, series_count),
        "is_extrapolated": np.tile(forecast.is_extrapolated, series_count),
        **{name: flat[:, index] for index, name in enumerate(QUANTILE_COLUMNS)},
    }
    constants = {
        "as_of_date": pa.scalar(night.as_of_date, pa.date32()),
        "model_version": pa.scalar(night.versions["model_version"]),
        "code_version": pa.scalar(night.versions["code_version"]),
        "data_as_of": pa.scalar(data_as_of, pa.timestamp("us")),
    }
    columns |= {name: pa.repeat(value, row_count) for name, value in constants.items()}
    return pa.table(columns)
