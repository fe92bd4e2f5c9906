"""Results as JSON has them."""

import json
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from jobs.plain import document, numbers


@dataclass(frozen=True)
class Found:
    """A result of every kind of value."""

    row_count: int
    is_whole: bool
    on: date
    rows: pd.DataFrame
    sums: dict[str, int]
    reasons: tuple[str, ...]


ROWS = pd.DataFrame(
    {
        "currency_code": ["EUR", "JPY"],
        "amount_minor": np.array([250_000, 90_000]),
        "fee_rate": [0.059, np.nan],
        "closed_at": [pd.Timestamp("2026-10-31"), pd.NaT],
    }
)
FOUND = Found(2, True, date(2026, 10, 31), ROWS, {"JPY": 90_000}, ("INACTIVE",))


def test_a_result_is_one_object() -> None:
    """Dates are ISO, rows are objects, and what is not there is null."""
    told = document(FOUND)

    assert json.loads(json.dumps(told, allow_nan=False)) == {
        "row_count": 2,
        "is_whole": True,
        "on": "2026-10-31",
        "rows": [
            {
                "currency_code": "EUR",
                "amount_minor": 250_000,
                "fee_rate": 0.059,
                "closed_at": "2026-10-31T00:00:00",
            },
            {
                "currency_code": "JPY",
                "amount_minor": 90_000,
                "fee_rate": None,
                "closed_at": None,
            },
        ],
        "sums": {"JPY": 90_000},
        "reasons": ["INACTIVE"],
    }


def test_a_bare_number_is_a_count_and_nothing_is_empty() -> None:
    """So every command has an object, whatever it returns."""
    assert (document(7), document(None)) == ({"count": 7}, {})


def test_numbers_are_those_on_top() -> None:
    """Metrics are made of them; a yes or no is none."""
    assert numbers(FOUND) == {"row_count": 2}
    assert numbers(7) == {"count": 7}
