"""Price: turn the night's eligible sellers and their forecasts into offers."""

from dataclasses import dataclass

import pandas as pd

from jobs.night import Night, as_frame, read_health, write_of
from jobs.offer_changes import changes_of
from jobs.open_offers import read_open_offers
from jobs.past_forecast import read_findings
from jobs.sources.protocol import DataError
from jobs.stored_forecasts import as_grid, read_quantiles
from jobs.underwriting.guarded_offers import Inputs, guarded_offers, underwritten
from jobs.underwriting.offer_disclosures import disclose_offers
from jobs.underwriting.offers import Book
from jobs.underwriting.promise import review
from jobs.used_policies import require_unchanged
from jobs.warehouse.offer_tables import (
    ADVANCE_OFFERS,
    OFFER_DISCLOSURES,
    OFFER_EVALUATIONS,
    OPEN_OFFERS,
)
from jobs.warehouse.protocol import Warehouse

_KEY = ["seller_id", "currency_code"]


@dataclass(frozen=True)
class Priced:
    """How many sellers were priced and how many offers came of it."""

    priced_count: int
    offer_count: int


def price(night: Night) -> Priced:
    """Size and price every eligible seller; replace what the night made of offers."""
    with night.warehouse() as warehouse:
        require_unchanged(night, warehouse)
        health = read_health(night, warehouse)
        eligible = health.merge(_read_eligible(night, warehouse), on=_KEY, how="inner")
        grid = as_grid(read_quantiles(night, warehouse), eligible)
        reviewed = review(
            read_open_offers(night, warehouse),
            read_reasons(night, warehouse),
            night.as_of_date,
            health,
        )
        inputs = Inputs(
            eligible, grid, Book(health, reviewed), *read_findings(night, warehouse)
        )
        priced = guarded_offers(inputs, night.policy, night.as_of_date)
        told = disclose_offers(priced.offers, *underwritten(inputs), night.policy)
        columns = {**night.versions, "data_as_of": health["data_as_of"].max()}
        open_offers = priced.open_offers.assign(
            as_of_date=pd.Timestamp(night.as_of_date), **night.versions
        )
        writes = [
            write_of(night, OFFER_EVALUATIONS, priced.evaluations.assign(**columns)),
            write_of(night, ADVANCE_OFFERS, priced.offers.assign(**columns)),
            write_of(night, OFFER_DISCLOSURES, told.assign(**columns)),
            write_of(night, OPEN_OFFERS, open_offers),
        ]
        warehouse.replace([*writes, changes_of(night, writes, warehouse)])
    return Priced(len(eligible), len(priced.offers))


def read_reasons(night: Night, warehouse: Warehouse) -> pd.DataFrame:
    """Return the rules that sellers failed on the night."""
    return as_frame(
        warehouse.query(
            "select * from underwriting.eligibility_reasons"
            " where as_of_date = $as_of_date and policy_version = $policy_version",
            as_of_date=night.as_of_date,
            policy_version=night.versions["policy_version"],
        )
    )


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
        message = f"no decisions for {night.as_of_date}"
        advice = "run `advances decide` first"
        raise DataError(message, advice)
    return decisions.loc[decisions["outcome"] == "eligible", _KEY]
