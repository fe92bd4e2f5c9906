"""Price: turn the night's eligible sellers and their forecasts into offers."""

from dataclasses import dataclass

import pandas as pd

from jobs.night import Night, as_frame, read_health, write_of
from jobs.sources.protocol import DataError
from jobs.stored_forecasts import as_grid, read_quantiles
from jobs.underwriting.offers import make_offers
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import ADVANCE_OFFERS, OFFER_EVALUATIONS

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
        priced = make_offers(
            eligible,
            as_grid(read_quantiles(night, warehouse), eligible),
            night.policy,
            night.as_of_date,
            health=health,
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
