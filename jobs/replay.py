"""Replay: decide and price a past night again from what it stored, and compare.

Nothing but the underwriting tables is read: the health rows that the rules saw, the
forecast, the guard's findings, the offers that were open, and the policy to the
letter.
"""

from dataclasses import dataclass, replace

import pandas as pd

from jobs.night import Night, as_frame
from jobs.past_forecast import read_findings
from jobs.settings import code_version
from jobs.sources.protocol import DataError
from jobs.stored_forecasts import as_grid, model_hash, read_quantiles
from jobs.underwriting.comparison import Difference, differences
from jobs.underwriting.eligibility import evaluate
from jobs.underwriting.guarded_offers import Inputs, guarded_offers, underwritten
from jobs.underwriting.health import from_json
from jobs.underwriting.offer_disclosures import disclose_offers
from jobs.underwriting.offers import OPEN_OFFER_COLUMNS, Book
from jobs.underwriting.policy_record import hash_of, record
from jobs.underwriting.promise import review
from jobs.used_policies import used_policy
from jobs.warehouse.offer_tables import (
    ADVANCE_OFFERS,
    OFFER_DISCLOSURES,
    OFFER_EVALUATIONS,
    OPEN_OFFERS,
)
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.table import Table
from jobs.warehouse.tables import ELIGIBILITY_DECISIONS, ELIGIBILITY_REASONS

_REPLAYED = (
    ELIGIBILITY_DECISIONS,
    ELIGIBILITY_REASONS,
    OFFER_EVALUATIONS,
    ADVANCE_OFFERS,
    OFFER_DISCLOSURES,
    OPEN_OFFERS,
)
_KEY = ["seller_id", "currency_code"]


@dataclass(frozen=True)
class Replayed:
    """How much was compared, what differed, and which other code had decided."""

    policy_versions: tuple[str, ...]
    row_count: int
    differences: tuple[Difference, ...]
    other_code_versions: tuple[str, ...]


def replay(night: Night, seller_id: str | None = None) -> Replayed:
    """Replay every policy that decided on the night; compare all sellers or one.

    Raises DataError where the night decided nothing, or nothing about the seller.
    """
    found: list[Difference] = []
    row_count = done = 0
    codes: set[str] = set()
    with night.warehouse() as warehouse:
        policies = _policies_of(night, warehouse)
        for version in policies:
            stored = {
                each.name: _read(each, night, version, warehouse) for each in _REPLAYED
            }
            again = _again(night, version, stored, warehouse)
            codes |= set(stored[ELIGIBILITY_DECISIONS.name]["code_version"])
            for table in _REPLAYED:
                night.track(done, len(policies) * len(_REPLAYED), "tables")
                done += 1
                before, after = (
                    _of_seller(frames[table.name], seller_id)
                    for frames in (stored, again)
                )
                found += differences(table.address, _grain(table), before, after)
                row_count += len(before)
    if not row_count:
        message = f"nothing was decided about {seller_id!r} on {night.as_of_date}"
        raise DataError(message, "give a seller whom the night decided on")
    return Replayed(
        policies,
        row_count,
        tuple(found),
        tuple(sorted(codes - {code_version()})),
    )


def _policies_of(night: Night, warehouse: Warehouse) -> tuple[str, ...]:
    found = warehouse.query(
        "select distinct policy_version from underwriting.eligibility_decisions"
        " where as_of_date = $as_of_date order by policy_version",
        as_of_date=night.as_of_date,
    )
    if not found.num_rows:
        message = f"nothing was decided on {night.as_of_date}"
        raise DataError(message, "give a night that ran, or run `advances decide`")
    return tuple(found["policy_version"].to_pylist())


def _read(
    table: Table, night: Night, policy_version: str, warehouse: Warehouse
) -> pd.DataFrame:
    return as_frame(
        warehouse.query(
            f"select * from {table.address} where as_of_date = $as_of_date"
            " and policy_version = $policy_version",
            as_of_date=night.as_of_date,
            policy_version=policy_version,
        )
    )


def _again(
    night: Night, version: str, stored: dict[str, pd.DataFrame], warehouse: Warehouse
) -> dict[str, pd.DataFrame]:
    """Return the night's tables made again, without versions of the code."""
    policy = used_policy(version, warehouse)
    then = replace(night, policy=policy)
    decisions = stored[ELIGIBILITY_DECISIONS.name]
    health = from_json(decisions.sort_values(_KEY)["inputs"])
    evaluation = evaluate(health, policy, night.as_of_date)
    is_eligible = evaluation.decisions["outcome"] == "eligible"
    eligible = health[is_eligible.to_numpy()].reset_index(drop=True)
    open_offers = stored[OPEN_OFFERS.name][list(OPEN_OFFER_COLUMNS)]
    reviewed = review(open_offers, evaluation.reasons, night.as_of_date, health)
    inputs = Inputs(
        eligible,
        as_grid(read_quantiles(then, warehouse), eligible),
        Book(health, reviewed),
        *read_findings(then, warehouse),
    )
    made = guarded_offers(inputs, policy, night.as_of_date)
    told = disclose_offers(made.offers, *underwritten(inputs), policy)
    versions = {
        "policy_version": version,
        "model_version": policy.forecast.model_version,
        "data_as_of": health["data_as_of"].max(),
    }
    hashes = {
        "policy_hash": hash_of(record(policy)),
        "model_hash": model_hash(then, warehouse),
    }
    return {
        ELIGIBILITY_DECISIONS.name: evaluation.decisions.assign(**hashes, **versions),
        ELIGIBILITY_REASONS.name: evaluation.reasons,
        OFFER_EVALUATIONS.name: made.evaluations.assign(**versions),
        ADVANCE_OFFERS.name: made.offers.assign(**versions),
        OFFER_DISCLOSURES.name: told.assign(**versions),
        OPEN_OFFERS.name: made.open_offers,
    }


def _of_seller(rows: pd.DataFrame, seller_id: str | None) -> pd.DataFrame:
    return rows if seller_id is None else rows[rows["seller_id"] == seller_id]


def _grain(table: Table) -> list[str]:
    """Return the key of a table within a night and policy."""
    return [name for name in table.key if name not in table.partition]
