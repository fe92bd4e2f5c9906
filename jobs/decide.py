"""Decide: apply the eligibility rules to every seller and keep what they saw."""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from jobs.night import Night, read_health, write_of
from jobs.past_forecast import read_past_grid, read_unusual
from jobs.stored_forecasts import model_hash
from jobs.underwriting.eligibility import evaluate
from jobs.underwriting.guard import GUARD_DAYS, find_unusual
from jobs.underwriting.policy import Guard
from jobs.underwriting.policy_record import hash_of, record
from jobs.used_policies import first_use
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import (
    ELIGIBILITY_DECISIONS,
    ELIGIBILITY_REASONS,
    GUARD_FINDINGS,
)

_KEY = ["seller_id", "currency_code"]
#: The first horizon that reaches 28 days; those after it are not read.
_LAST_HORIZON_DAYS = 30


@dataclass(frozen=True)
class Decided:
    """How many sellers were evaluated and how many passed."""

    evaluated_count: int
    eligible_count: int


def decide(night: Night) -> Decided:
    """Evaluate every seller's health of the night; replace the night's decisions."""
    with night.warehouse() as warehouse:
        health = read_health(night, warehouse)
        evaluation = evaluate(health, night.policy, night.as_of_date)
        versions = {"data_as_of": health["data_as_of"].max(), **night.versions}
        hashes = {
            "policy_hash": hash_of(record(night.policy)),
            "model_hash": model_hash(night, warehouse),
        }
        decisions = evaluation.decisions.assign(**hashes, **versions)
        reasons = evaluation.reasons.assign(
            policy_version=night.versions["policy_version"]
        )
        eligible = decisions.loc[decisions["outcome"] == "eligible", _KEY]
        writes = [
            *first_use(night, warehouse),
            write_of(night, ELIGIBILITY_DECISIONS, decisions),
            write_of(night, ELIGIBILITY_REASONS, reasons),
        ]
        if night.policy.guard is not None:
            found = _find_unusual(night, warehouse, health, night.policy.guard)
            findings = found.merge(eligible, on=_KEY).assign(
                as_of_date=pd.Timestamp(night.as_of_date), **versions
            )
            writes.append(write_of(night, GUARD_FINDINGS, findings))
        warehouse.replace(writes)
    return Decided(len(decisions), len(eligible))


def _find_unusual(
    night: Night, warehouse: Warehouse, health: pd.DataFrame, rules: Guard
) -> pd.DataFrame:
    """Return what the guard finds among all sellers; say where it cannot find any.

    All, because a seller that is not eligible may rise together with one that is.
    """
    past, is_forecast = read_past_grid(night, warehouse, health, _LAST_HORIZON_DAYS)
    if not is_forecast.any():
        past_date = night.as_of_date - timedelta(days=GUARD_DAYS)
        night.say(
            f"Unusual sales were not looked for: no forecasts of {past_date} are stored"
        )
    rows = read_unusual(night, warehouse, health)
    return find_unusual(rows, past, is_forecast, rules)
