"""Stored: what a night keeps of one seller and currency, as plain values."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs.underwriting.distribution import QuantileGrid

#: One stored row as plain values; what is missing is None.
Row = dict[str, Any]


@dataclass(frozen=True)
class Stored:
    """What an explanation is made of.

    ``grid`` holds one row, or is None for a seller without a forecast. ``open_offers``
    are those that were open when the night began, ``finding`` is the guard's, and
    ``past`` the forecast of 28 days before, that limits the size where it says so.
    """

    decision: Row
    reasons: list[Row]
    grid: QuantileGrid | None
    evaluations: list[Row]
    offers: list[Row]
    open_offers: Sequence[Row] = ()
    finding: Row | None = None
    past: QuantileGrid | None = None


@dataclass(frozen=True)
class Evidence:
    """One thing that the guard found too large; its name ends in its unit."""

    name: str
    value: float
    threshold: float


@dataclass(frozen=True)
class Unusual:
    """What the guard made of unusual sales, limit or review, and what it had seen."""

    verdict: str
    evidence: tuple[Evidence, ...]


def unusual(finding: Row | None) -> Unusual | None:
    """Read a row of ``guard_findings``."""
    if finding is None:
        return None
    seen = tuple(Evidence(**each) for each in json.loads(finding["evidence"]))
    return Unusual(finding["verdict"], seen)
