"""Price: turn the night's eligible sellers and their forecasts into offers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.night import Night, as_frame, read_health, write_of
from jobs.past_forecast import read_past_grid
from jobs.sources.protocol import DataError
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.guard import LIMIT
from jobs.underwriting.guarded_offers import guarded_offers
from jobs.underwriting.offers import make_offers
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import (
    ADVANCE_OFFERS,
    OFFER_EVALUATIONS,
    QUANTILE_COLUMNS,
)

_KEY = ["seller_id", "currency_code"]


@dataclass(frozen=True)
class Priced:
    """How many sellers were priced and how many offers came of it."""

    priced_count: int
    offer_count: int


def price(night: Night) -> Priced:
    """Size and price every eligible seller; replace the night's offers."""
    with night.warehouse() as warehouse:
        health = read_health(night, warehouse)
        eligible = health.merge(_read_eligible(night, warehouse), on=_KEY, how="inner")
        findings, past = _read_findings(night, warehouse)
        priced = guarded_offers(
            eligible,
            _read_grid(night, warehouse, eligible),
            findings,
            past,
            lambda rows, grid: make_offers(
                rows, grid, night.policy, night.as_of_date, health=health
            ),
        )
        data_as_of = health["data_as_of"].max()
        columns = {**night.versions, "data_as_of": data_as_of}
        warehouse.replace(
            [
                write_of(
                    night, OFFER_EVALUATIONS, priced.evaluations.assign(**columns)
                ),
                write_of(night, ADVANCE_OFFERS, priced.offers.assign(**columns)),
            ]
        )
    return Priced(len(eligible), len(priced.offers))


def _read_eligible(night: Night, warehouse: Warehouse) -> pd.DataFrame:
    """Return the sellers and currencies that the night's decisions call eligible."""
    decisions = as_frame(
        warehouse.query(
            "select seller_id, currency_code, outcome"
            " from underwriting.eligibility_decisions"
            " where as_of_date = $as_of_date and policy_version = $policy_version",
            as_of_date=night.as_of_date,
            policy_version=night.versions["policy_version"],
        )
    )
    if decisions.empty:
        message = f"no decisions for {night.as_of_date}; run `advances decide` first"
        raise DataError(message)
    return decisions.loc[decisions["outcome"] == "eligible", _KEY]


def _read_findings(
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
            f"the forecasts that the findings of {night.as_of_date} are made of are "
            "gone; run `advances decide` again"
        )
        raise DataError(message)
    return findings, past


def _read_grid(
    night: Night, warehouse: Warehouse, eligible: pd.DataFrame
) -> QuantileGrid:
    """Return the stored quantiles aligned with the rows of ``eligible``.

    Raises DataError where a seller's forecast of the night is missing.
    """
    stored = as_frame(
        warehouse.query(
            "select * from underwriting.forecast_quantiles"
            " where as_of_date = $as_of_date and model_version = $model_version",
            as_of_date=night.as_of_date,
            model_version=night.versions["model_version"],
        )
    )
    horizons = np.sort(stored["horizon_days"].unique())
    wanted = eligible[_KEY].assign(row=np.arange(len(eligible)))
    rows = stored.merge(wanted, on=_KEY, how="inner").sort_values(
        ["row", "horizon_days"]
    )
    if len(rows) != len(eligible) * len(horizons) or stored.empty:
        message = (
            f"forecasts of {night.as_of_date} are missing for some eligible sellers; "
            "run `advances forecast predict` for every bucket first"
        )
        raise DataError(message)
    values = rows[list(QUANTILE_COLUMNS)].to_numpy(dtype=np.float64)
    shape = (len(eligible), len(horizons))
    return QuantileGrid(
        values.reshape(*shape, len(QUANTILE_COLUMNS)),
        horizons_days=horizons.astype(np.int64),
        probabilities=np.array(list(QUANTILE_COLUMNS.values())),
        is_extrapolated=rows["is_extrapolated"].to_numpy(dtype=bool).reshape(shape),
    )
