"""Stored forecasts: the quantiles of a night, as the grid that underwriting reads."""

import hashlib

import numpy as np
import pandas as pd

from jobs.night import Night, as_frame
from jobs.sources.protocol import DataError
from jobs.underwriting.distribution import QuantileGrid
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import QUANTILE_COLUMNS

_KEY = ["seller_id", "currency_code"]


def read_quantiles(
    night: Night, warehouse: Warehouse, seller_id: str | None = None
) -> pd.DataFrame:
    """Return the night's stored quantiles of one seller, or of all of them.

    Raises DataError where the night has none.
    """
    message = (
        f"no forecasts for {night.as_of_date} by {night.versions['model_version']}"
    )
    advice = "run `advances forecast predict` for every bucket first"
    if not warehouse.exists("underwriting", "forecast_quantiles"):
        raise DataError(message, advice)
    columns = ", ".join([*_KEY, "horizon_days", *QUANTILE_COLUMNS, "is_extrapolated"])
    query = (
        f"select {columns} from underwriting.forecast_quantiles"
        " where as_of_date = $as_of_date and model_version = $model_version"
    )
    only = {} if seller_id is None else {"seller_id": seller_id}
    stored = as_frame(
        warehouse.query(
            query + (" and seller_id = $seller_id" if only else ""),
            as_of_date=night.as_of_date,
            model_version=night.versions["model_version"],
            **only,
        )
    )
    if stored.empty and not only:
        raise DataError(message, advice)
    return stored


def as_grid(
    stored: pd.DataFrame, wanted: pd.DataFrame, *, may_lack: bool = False
) -> QuantileGrid:
    """Return the stored quantiles aligned with the rows of ``wanted``.

    Raises DataError where a forecast is missing, unless it ``may_lack``: then nothing
    is sold.
    """
    horizons = np.sort(stored["horizon_days"].unique())
    numbered = wanted[_KEY].assign(row=np.arange(len(wanted)))
    if may_lack:
        grid = numbered.merge(pd.DataFrame({"horizon_days": horizons}), how="cross")
        rows = grid.merge(stored, on=[*_KEY, "horizon_days"], how="left")
        rows["is_extrapolated"] = rows["is_extrapolated"].eq(True)
        rows = rows.fillna(dict.fromkeys(QUANTILE_COLUMNS, 0))
    else:
        rows = stored.merge(numbered, on=_KEY, how="inner")
    rows = rows.sort_values(["row", "horizon_days"])
    if len(rows) != len(wanted) * len(horizons):
        message = "forecasts are missing for some of these sellers"
        advice = "run `advances forecast predict` for every bucket first"
        raise DataError(message, advice)
    values = rows[list(QUANTILE_COLUMNS)].to_numpy(dtype=np.float64)
    shape = (len(wanted), len(horizons))
    return QuantileGrid(
        values.reshape(*shape, len(QUANTILE_COLUMNS)),
        horizons_days=horizons.astype(np.int64),
        probabilities=np.array(list(QUANTILE_COLUMNS.values())),
        is_extrapolated=rows["is_extrapolated"].to_numpy(dtype=bool).reshape(shape),
    )


def model_hash(night: Night, warehouse: Warehouse) -> str | None:
    """Return the SHA-256 of the night's fitted forecast, None where none is stored."""
    found = warehouse.query(
        "select model from underwriting.forecast_models"
        " where as_of_date = $as_of_date and model_version = $model_version",
        as_of_date=night.as_of_date,
        model_version=night.versions["model_version"],
    )
    if not found.num_rows:
        return None
    return hashlib.sha256(str(found["model"][0].as_py()).encode()).hexdigest()
