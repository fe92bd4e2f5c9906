"""Decide: apply the eligibility rules to every seller and keep what they saw."""

from dataclasses import dataclass

from jobs.night import Night, read_health, write_of
from jobs.underwriting.eligibility import evaluate
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
            data_as_of=health["data_as_of"].max(), **night.versions
        )
        reasons = evaluation.reasons.assign(
            policy_version=night.versions["policy_version"]
        )
        warehouse.replace(
            [
                write_of(night, ELIGIBILITY_DECISIONS, decisions),
                write_of(night, ELIGIBILITY_REASONS, reasons),
            ]
        )
    eligible = int((decisions["outcome"] == "eligible").sum())
    return Decided(len(decisions), eligible)
