"""Eligibility: every rule for every seller, all reasons collected.

A data fault makes the outcome ``not_assessed`` whatever else was found, because what
was measured on faulty data is no reason to decline anyone.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, IntegerArray
from jobs.underwriting.health import as_json, in_order, require_health
from jobs.underwriting.policy import Policy
from jobs.underwriting.reasons import BY_CODE
from jobs.underwriting.rules import RULES, Measure


@dataclass(frozen=True)
class Evaluation:
    """Decisions, one row a seller and currency, and reasons, one row a failed rule."""

    decisions: pd.DataFrame
    reasons: pd.DataFrame


def evaluate(
    health: pd.DataFrame,
    policy: Policy,
    as_of_date: dt.date,
) -> Evaluation:
    """Apply every rule to every row of the seller health table.

    The frames have the columns of ``eligibility_decisions`` and
    ``eligibility_reasons`` but for versions, sorted by seller and currency, reasons
    then in the order of the rules. Distances are in the reason's unit and above 0.

    Raises:
        ValueError: the health table cannot be read (see ``require_health``).

    """
    require_health(health, as_of_date)
    rows = in_order(health)
    measures = [rule.measure(rows, policy, as_of_date) for rule in RULES]
    failed = ~np.column_stack([measure.passed for measure in measures])
    return Evaluation(
        _decisions(rows, failed, as_of_date),
        _reasons(rows, failed, measures, as_of_date),
    )


def _decisions(
    rows: pd.DataFrame,
    failed: BooleanArray,
    as_of_date: dt.date,
) -> pd.DataFrame:
    data_rules = [BY_CODE[rule.code].category == "data" for rule in RULES]
    has_fault = failed[:, data_rules].any(axis=1)
    outcome = np.where(failed.any(axis=1), "declined", "eligible")
    return pd.DataFrame(
        {
            "seller_id": rows["seller_id"],
            "as_of_date": pd.Timestamp(as_of_date),
            "currency_code": rows["currency_code"],
            "country_code": rows["country_code"],
            "outcome": np.where(has_fault, "not_assessed", outcome),
            "reason_count": failed.sum(axis=1).astype(np.int64),
            "inputs": as_json(rows),
        },
    )


def _reasons(
    rows: pd.DataFrame,
    failed: BooleanArray,
    measures: list[Measure],
    as_of_date: dt.date,
) -> pd.DataFrame:
    row, rule = np.nonzero(failed)
    return pd.DataFrame(
        {
            "seller_id": rows["seller_id"].to_numpy()[row],
            "as_of_date": pd.Timestamp(as_of_date),
            "currency_code": rows["currency_code"].to_numpy()[row],
            "reason_code": _names([each.code for each in RULES], rule),
            "category": _names([BY_CODE[each.code].category for each in RULES], rule),
            "unit": _names([each.unit for each in RULES], rule),
            "value": np.column_stack([each.value for each in measures])[row, rule],
            "threshold": np.column_stack([each.threshold for each in measures])[
                row,
                rule,
            ],
            "distance": np.column_stack([each.distance for each in measures])[
                row, rule
            ],
        },
    )


def _names(names: list[str], chosen: IntegerArray) -> pd.Series:
    return pd.Series(np.array(names, dtype=object)[chosen], dtype="str")
