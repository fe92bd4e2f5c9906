"""Stored forecasts: the quantiles of a night, aligned with the sellers asked for."""

import hashlib
from datetime import date

import numpy as np
import pandas as pd

from jobs.night import as_frame
from jobs.sources.protocol import DataError
from jobs.underwriting.distribution import QuantileGrid
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import QUANTILE_COLUMNS

_KEY = ["seller_id", "currency_code"]


def read_grid(
    warehouse: Warehouse,
    as_of_date: date,
    model_version: str,
    sellers: pd.DataFrame,
    *,
    may_lack: bool = False,
) -> QuantileGrid:
    """Return the stored quantiles aligned with the rows of ``sellers``.

    ``sellers`` has seller_id and currency_code. Raises DataError where a seller's
    forecast of the night is missing, unless it ``may_lack``: then it sells nothing.
    """
    stored = as_frame(
        warehouse.query(
            "select * from underwriting.forecast_quantiles"
            " where as_of_date = $as_of_date and model_version = $model_version",
            as_of_date=as_of_date,
            model_version=model_version,
        )
    )
    horizons = np.sort(stored["horizon_days"].unique())
    wanted = sellers[_KEY].assign(row=np.arange(len(sellers)))
    if may_lack:
        wanted = wanted.merge(pd.DataFrame({"horizon_days": horizons}), how="cross")
        keys = [*_KEY, "horizon_days"]
        rows = wanted.merge(stored, on=keys, how="left")
        rows["is_extrapolated"] = rows["is_extrapolated"].eq(True)
        rows = rows.fillna(dict.fromkeys(QUANTILE_COLUMNS, 0))
    else:
        rows = stored.merge(wanted, on=_KEY, how="inner")
    rows = rows.sort_values(["row", "horizon_days"])
    if len(rows) != len(sellers) * len(horizons) or stored.empty:
        message = (
            f"forecasts of {as_of_date} are missing for some eligible sellers; "
            "run `advances forecast predict` for every bucket first"
        )
        raise DataError(message)
    values = rows[list(QUANTILE_COLUMNS)].to_numpy(dtype=np.float64)
    shape = (len(sellers), len(horizons))
    return QuantileGrid(
        values.reshape(*shape, len(QUANTILE_COLUMNS)),
        horizons_days=horizons.astype(np.int64),
        probabilities=np.array(list(QUANTILE_COLUMNS.values())),
        is_extrapolated=rows["is_extrapolated"].to_numpy(dtype=bool).reshape(shape),
    )


def model_hash(
    warehouse: Warehouse, as_of_date: date, model_version: str
) -> str | None:
    """Return the SHA-256 of a night's fitted forecast, None where none is stored."""
    found = warehouse.query(
        "select model from underwriting.forecast_models"
        " where as_of_date = $as_of_date and model_version = $model_version",
        as_of_date=as_of_date,
        model_version=model_version,
    )
    if not found.num_rows:
        return None
    return hashlib.sha256(str(found["model"][0].as_py()).encode()).hexdigest()
