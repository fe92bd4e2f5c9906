"""What this room reads of a seller: one row a seller, currency and as_of_date.

The columns are those of ``cash_flow.fct_seller_health_daily``. Its ``open_advance_*``
also count advances written off with a balance left: we no longer expect that money, but
the seller still owes it. ``refillable_*`` are of the advance that a new one could
settle; rows of older nights lack them.
"""

import datetime as dt
import json

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray

#: A row without one of these cannot be judged at all.
REQUIRED_COLUMNS = (
    "seller_id",
    "legal_entity_id",
    "as_of_date",
    "currency_code",
    "country_code",
    "seller_status",
    "repayable_91_days_minor",
    "repayable_364_days_minor",
    "balance_minor",
    "open_advance_balance_minor",
    "tenure_days",
    "active_91_days",
    "failed_payouts_91_days_count",
    "open_advance_count",
    "quarantined_91_days_count",
    "has_payout_hold",
    "has_listing_suspended",
    "has_fraud_review",
    "has_missed_minimum",
    "data_as_of",
)

#: A missing value here has a meaning, which the rule that reads it states.
OPTIONAL_COLUMNS = (
    "last_advance_closed_date",
    "kyb_outcome",
    "sanctions_outcome",
    "tax_id_outcome",
    "days_since_last_sale",
    "refund_rate",
    "chargeback_rate",
    "growth_rate",
    "weekly_variation_rate",
    "open_advance_repaid_rate",
)


def in_order(health: pd.DataFrame) -> pd.DataFrame:
    """Rows by seller and currency, so that no result depends on how they came."""
    return health.sort_values(["seller_id", "currency_code"], ignore_index=True)


def require_health(health: pd.DataFrame, as_of_date: dt.date) -> None:
    """Refuse rows that no rule could read.

    Raises:
        ValueError: a column or a required value is missing, a seller and currency
            appears twice, or a row is of another date.

    """
    missing = set(REQUIRED_COLUMNS + OPTIONAL_COLUMNS) - set(health.columns)
    if missing:
        _refuse(f"lacks the columns {', '.join(sorted(missing))}")
    empty = [name for name in REQUIRED_COLUMNS if health[name].isna().any()]
    if empty:
        _refuse(f"has rows without {', '.join(empty)}")
    if health.duplicated(["seller_id", "currency_code"]).any():
        _refuse("has a seller and currency twice")
    if (pd.to_datetime(health["as_of_date"]) != pd.Timestamp(as_of_date)).any():
        _refuse(f"has rows of another date than {as_of_date}")


def numbers(health: pd.DataFrame, name: str) -> FloatArray:
    """One numeric column as float64, NaN where missing [rows]."""
    return health[name].to_numpy(dtype=np.float64, na_value=np.nan)


def flags(health: pd.DataFrame, name: str) -> BooleanArray:
    """One boolean column [rows]."""
    return health[name].to_numpy(dtype=np.bool_)


def days_until(moments: pd.Series, as_of_date: dt.date) -> FloatArray:
    """Whole days from each moment's date to as_of_date, NaN where missing [rows]."""
    dates = pd.to_datetime(moments).dt.normalize()
    passed = (pd.Timestamp(as_of_date) - dates).dt.days
    return np.asarray(passed, dtype=np.float64)


def as_json(health: pd.DataFrame) -> pd.Series:
    """Each row as one JSON object, its columns in order, nothing rounded.

    Built a column at a time. Whole numbers are written without decimals and dates as
    YYYY-MM-DD, so that a row reads the same whatever types its neighbours force on a
    column.
    """
    columns = [_texts(health[name]) for name in health]
    rows = ["{" + ", ".join(row) + "}" for row in zip(*columns, strict=True)]
    return pd.Series(rows, index=health.index, dtype="str")


def from_json(texts: pd.Series) -> pd.DataFrame:
    """Rows from what ``as_json`` wrote; ``as_json`` of them is the same text again."""
    rows = pd.DataFrame([json.loads(text) for text in texts])
    for name in rows.columns:
        if str(name).endswith(("_date", "_at", "_as_of")):
            rows[name] = pd.to_datetime(rows[name])
    return rows


def _texts(column: pd.Series) -> list[str]:
    """One column as JSON names and values; each different value is written once."""
    codes, values = pd.factorize(column)
    if str(column.name).endswith("_date"):
        texts = pd.to_datetime(values).strftime('"%Y-%m-%d"').tolist()
    elif isinstance(values, pd.DatetimeIndex):
        texts = values.strftime('"%Y-%m-%dT%H:%M:%S.%f"').tolist()
    elif pd.api.types.is_bool_dtype(values):
        texts = ["true" if value else "false" for value in values]
    elif pd.api.types.is_integer_dtype(values):
        texts = [str(value) for value in values.tolist()]
    elif pd.api.types.is_numeric_dtype(values):
        # Shortest exact text of each number, whole ones without decimals.
        floats = values.to_numpy(dtype=np.float64).tolist()
        texts = [repr(number).removesuffix(".0") for number in floats]
    else:
        texts = [json.dumps(value) for value in values.tolist()]
    name = json.dumps(column.name) + ": "
    known = [name + text for text in (*texts, "null")]  # code -1: missing
    return [known[code] for code in codes.tolist()]


def _refuse(fault: str) -> None:
    message = f"The seller health table {fault}: build cash_flow for this date again."
    raise ValueError(message)
