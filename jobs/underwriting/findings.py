"""Findings: what each rule found of one seller, passed rules too."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jobs.underwriting.policy import Policy
from jobs.underwriting.reasons import BY_CODE, REASONS, Category, Unit
from jobs.underwriting.rules import RULES

_INTERNAL = {reason.code for reason in REASONS if reason.is_internal}


@dataclass(frozen=True)
class Finding:
    """One rule of one seller; numbers are in its unit, None where unknown.

    Rates are shares of 1; everything else is a whole number (amounts in minor units).
    ``distance`` is how much is missing, 0 where the rule passed.
    """

    code: str
    category: Category
    unit: Unit
    is_internal: bool
    is_passed: bool
    value: float | None = None
    threshold: float | None = None
    distance: float | None = None


def failed(
    code: str,
    value: float | None = None,
    threshold: float | None = None,
    distance: float | None = None,
    unit: Unit | None = None,
) -> Finding:
    """Return the finding of a reason that stands in the way.

    Without a distance it is how far the value is from the threshold.
    """
    if distance is None and value is not None and threshold is not None:
        distance = abs(threshold - value)
    return _finding(code, unit or BY_CODE[code].unit, (value, threshold, distance))


def find(
    rows: pd.DataFrame,
    policy: Policy,
    as_of_date: dt.date,
    stored: list[dict[str, Any]],
) -> tuple[Finding, ...]:
    """Measure every rule on one health row, and add what else was stored.

    ``stored`` are the seller's rows of ``eligibility_reasons``: a reason that no rule
    measures any more appears with the numbers that were kept.
    """
    found = []
    for rule in RULES:
        measure = rule.measure(rows, policy, as_of_date)
        numbers = (measure.value[0], measure.threshold[0], measure.distance[0])
        passed = bool(measure.passed[0])
        found.append(_finding(rule.code, rule.unit, numbers, is_passed=passed))
    measured = {finding.code for finding in found}
    names = ("reason_code", "value", "threshold", "distance", "unit")
    kept = [row for row in stored if row["reason_code"] not in measured]
    return (*found, *(failed(*(row[name] for name in names)) for row in kept))


def _finding(
    code: str,
    unit: Unit,
    numbers: Sequence[float | None],
    *,
    is_passed: bool = False,
) -> Finding:
    value, threshold, distance = (_number(number, unit) for number in numbers)
    return Finding(
        code,
        BY_CODE[code].category,
        unit,
        code in _INTERNAL,
        is_passed,
        value,
        threshold,
        distance,
    )


def _number(number: float | None, unit: Unit) -> float | None:
    if number is None or not math.isfinite(number):
        return None
    return float(number) if unit == "rate" else round(number)
