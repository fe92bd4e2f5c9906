"""Decide: apply the eligibility rules to every seller and keep what they saw."""

from dataclasses import dataclass

from jobs.night import Night, read_health, write_of
from jobs.stored_forecasts import model_hash
from jobs.underwriting.eligibility import evaluate
from jobs.underwriting.policy_record import hash_of, record
from jobs.used_policies import first_use
from jobs.warehouse.tables import ELIGIBILITY_DECISIONS, ELIGIBILITY_REASONS


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
        decisions = evaluation.decisions.assign(
            policy_hash=hash_of(record(night.policy)),
            model_hash=model_hash(
                warehouse, night.as_of_date, night.versions["model_version"]
            ),
            data_as_of=health["data_as_of"].max(),
            **night.versions,
        )
        reasons = evaluation.reasons.assign(
            policy_version=night.versions["policy_version"]
        )
        warehouse.replace(
            [
                *first_use(night, warehouse),
                write_of(night, ELIGIBILITY_DECISIONS, decisions),
                write_of(night, ELIGIBILITY_REASONS, reasons),
            ]
        )
    eligible = int((decisions["outcome"] == "eligible").sum())
    return Decided(len(decisions), eligible)
