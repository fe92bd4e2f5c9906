"""What was forecast some nights ago, and what else the guard reads beside it."""

from datetime import timedelta

import numpy as np
import pandas as pd

from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.night import Night, as_frame
from jobs.sources.protocol import DataError
from jobs.underwriting.arrays import BooleanArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.guard import GUARD_DAYS, LIMIT
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import QUANTILE_COLUMNS

_KEY = ["seller_id", "currency_code"]


def read_unusual(
    night: Night, warehouse: Warehouse, health: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of ``health`` with what the guard looks at, in their order.

    Raises DataError where a seller of the night is not looked at.
    """
    unusual = as_frame(
        warehouse.query(
            "select * from cash_flow.fct_seller_unusual_sales_daily"
            " where as_of_date = $as_of_date",
            as_of_date=night.as_of_date,
        )
    )
    columns = [name for name in unusual.columns if name not in health.columns]
    rows = health.merge(unusual[[*_KEY, *columns]], on=_KEY, how="inner")
    if len(rows) != len(health):
        message = f"fct_seller_unusual_sales_daily of {night.as_of_date} lacks sellers"
        advice = f"run `advances build --as-of {night.as_of_date}` again"
        raise DataError(message, advice)
    return rows


def read_past_grid(
    night: Night,
    warehouse: Warehouse,
    rows: pd.DataFrame,
    last_horizon_days: int = HORIZONS_DAYS[-1],
    days_ago: int = GUARD_DAYS,
) -> tuple[QuantileGrid, BooleanArray]:
    """Return the quantiles stored some nights ago, aligned with ``rows``, and for whom.

    The flags [rows] are false where no forecast of that night is stored; the quantiles
    there are 0.
    """
    stored = as_frame(
        warehouse.query(
            "select * from underwriting.forecast_quantiles"
            " where as_of_date = $past_date and model_version = $model_version"
            " and horizon_days <= $last_horizon_days",
            past_date=night.as_of_date - timedelta(days=days_ago),
            model_version=night.versions["model_version"],
            last_horizon_days=last_horizon_days,
        )
    )
    horizons = np.array([day for day in HORIZONS_DAYS if day <= last_horizon_days])
    wanted = rows[_KEY].reset_index(drop=True).reset_index()
    found = stored.merge(wanted, on=_KEY, how="inner")
    place = (
        found["index"].to_numpy(dtype=np.int64),
        np.searchsorted(horizons, found["horizon_days"].to_numpy()),
    )
    values = np.zeros((len(rows), len(horizons), len(QUANTILE_COLUMNS)))
    values[place] = found[list(QUANTILE_COLUMNS)].to_numpy(dtype=np.float64)
    is_stored = np.zeros((len(rows), len(horizons)), dtype=np.bool_)
    is_stored[place] = True
    probabilities = np.array(list(QUANTILE_COLUMNS.values()))
    grid = QuantileGrid(values, horizons, probabilities)
    return grid, np.asarray(is_stored.all(axis=1), dtype=np.bool_)


def read_findings(
    night: Night, warehouse: Warehouse
) -> tuple[pd.DataFrame, QuantileGrid | None]:
    """Return the guard's findings and, of those limited, what was forecast for them.

    Raises DataError where that forecast is no longer stored.
    """
    findings = as_frame(
        warehouse.query(
            "select * from underwriting.guard_findings"
            " where as_of_date = $as_of_date and policy_version = $policy_version"
            " order by seller_id, currency_code",
            as_of_date=night.as_of_date,
            policy_version=night.versions["policy_version"],
        )
    )
    limited = findings[findings["verdict"] == LIMIT]
    if limited.empty:
        return findings, None
    past, is_stored = read_past_grid(night, warehouse, limited)
    if not is_stored.all():
        message = (
            f"the forecasts that the findings of {night.as_of_date} are made of are"
            " gone"
        )
        advice = "run `advances decide` again"
        raise DataError(message, advice)
    return findings, past
