"""Health rows: what a decision keeps of them reads back as it was."""

import numpy as np
import pandas as pd

from jobs.underwriting.health import as_json, from_json

from .builders import WRITTEN_OFF, YEN, health

SPARSE = {
    "kyb_outcome": None,
    "days_since_last_sale": np.nan,
    "growth_rate": 0.1 + 0.2,
    "data_as_of": pd.Timestamp("2026-11-01 22:00:00.123456"),
}


def test_rows_read_back_from_json_write_the_same_json() -> None:
    """Dates, missing values and every digit of a rate survive, beside any neighbour."""
    rows = health({}, {**YEN, **SPARSE}, {"seller_id": "carl", **WRITTEN_OFF})
    texts = as_json(rows)
    assert texts.tolist() == as_json(from_json(texts)).tolist()


def test_one_row_reads_back_without_its_neighbours() -> None:
    """A whole column of missing values has no type of its own, yet reads back."""
    texts = as_json(health({}, {**YEN, **SPARSE}))[[1]]
    assert texts.tolist() == as_json(from_json(texts)).tolist()
