"""What a watch finds: one check of one group, in numbers and in a sentence."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jobs.underwriting.policy import Watch

#: The group of what is said of a whole kind of check.
EVERYTHING = "all"

Verdict = Literal["ok", "amber", "unchecked"]


@dataclass(frozen=True)
class Finding:
    """One check; ``value`` and ``threshold`` are NaN where it could not be made.

    ``sample_count`` is the smaller number of sellers that were compared, ``sentence``
    what a person reads.
    """

    check_name: str
    group_name: str
    value: float
    threshold: float
    sample_count: int
    verdict: Verdict
    sentence: str


def unchecked(name: str, sentence: str) -> Finding:
    """Say why a whole kind of check could not be made."""
    return Finding(name, EVERYTHING, np.nan, np.nan, 0, "unchecked", sentence)


def too_few(name: str, group: str, count: int, limits: Watch) -> Finding:
    """Say that a group has too few sellers to be checked."""
    sentence = (
        f"{name} of {group}: {count} sellers, fewer than {limits.minimum_group_count}"
    )
    return Finding(name, group, np.nan, np.nan, count, "unchecked", sentence)
