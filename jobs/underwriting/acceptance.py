"""Acceptance: the rules asked again when a seller takes an open offer."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from jobs.underwriting.eligibility import evaluate
from jobs.underwriting.policy import Policy


@dataclass(frozen=True)
class Recheck:
    """Which rules were asked again, and which of them the seller now fails."""

    checked: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def may_accept(self) -> bool:
        """Whether the advance may be paid out."""
        return not self.failed


def recheck(health: pd.DataFrame, policy: Policy, as_of_date: dt.date) -> Recheck:
    """Ask the policy's ``offers.acceptance_checks`` of one seller's newest health row.

    Sizes, prices and past sales were promised and are not asked again.
    """
    found = set(evaluate(health, policy, as_of_date).reasons["reason_code"])
    checked = policy.offers.acceptance_checks
    return Recheck(checked, tuple(code for code in checked if code in found))
