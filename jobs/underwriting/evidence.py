"""What a person is shown beside a finding, and the sums that findings share."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray
from jobs.underwriting.rules import Measure


def as_evidence(measures: Mapping[str, Measure], row: int) -> str:
    """Return what a row failed, as a JSON list of name, value and threshold.

    Whole numbers have no decimals.
    """
    return json.dumps(
        [
            {
                "name": name,
                "value": _whole(measure.value[row]),
                "threshold": _whole(measure.threshold[row]),
            }
            for name, measure in measures.items()
            if not measure.passed[row]
        ]
    )


def marked_siblings(rows: pd.DataFrame, is_marked: BooleanArray) -> FloatArray:
    """Other sellers of the legal entity that are marked, in any currency [rows]."""
    sellers = rows[["legal_entity_id", "seller_id"]]
    marked = sellers[is_marked].drop_duplicates()
    counts = marked.groupby("legal_entity_id").size()
    of_entity = sellers["legal_entity_id"].map(counts).fillna(0)
    itself = sellers["seller_id"].isin(marked["seller_id"])
    return np.asarray(of_entity - itself, dtype=np.float64)


def share_of(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Part / whole, NaN where the whole is 0 or unknown."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _whole(number: float) -> int | float:
    """Return the number, as an integer where it is one."""
    return int(number) if float(number).is_integer() else float(number)
