"""Health rows of a past day, from a panel of sales alone.

A panel knows what was sold and nothing else: checks, restrictions, balances, refunds,
payouts and advances count as passed, so the gate is history, recency, activity, volume,
growth and variation, by the same rules as at night.
"""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.health import numbers
from jobs.underwriting.money import round_half_up
from jobs.underwriting.policy import Policy, Tier
from jobs.underwriting.rules import RULES

_WEEK_DAYS, _QUARTER_WEEKS = 7, 13
_QUARTER_DAYS, _YEAR_DAYS = 91, 364

_PASSED: dict[str, Any] = {
    "last_advance_closed_date": pd.NaT,
    "seller_status": "active",
    "kyb_outcome": "passed",
    "sanctions_outcome": "passed",
    "tax_id_outcome": "passed",
    "balance_minor": 0,
    "open_advance_balance_minor": 0,
    "failed_payouts_91_days_count": 0,
    "open_advance_count": 0,
    "quarantined_91_days_count": 0,
    "refund_rate": np.nan,
    "chargeback_rate": np.nan,
    "open_advance_repaid_rate": np.nan,
    "has_payout_hold": False,
    "has_listing_suspended": False,
    "has_fraud_review": False,
    "has_missed_minimum": False,
}


def health_of_sales(
    names: pd.DataFrame,
    sales_minor: FloatArray,
    tenure_days: IntegerArray,
    as_of_date: dt.date,
) -> pd.DataFrame:
    """Return the health rows of sellers whose last known day is ``as_of_date``.

    ``names`` has seller_id, currency_code and country_code, one row a series;
    ``sales_minor`` [series, days] ends with that day, and ``tenure_days`` [series]
    counts the first day of sales as 1. Every seller is a legal entity of its own.
    A day with repayable sales counts as a day with a sale: the marts count captured
    ones, which only a day of equal refunds tells apart.
    """
    last = _days_since_last_sale(sales_minor)
    quarter = _sum(sales_minor, 0, _QUARTER_DAYS)
    before = _sum(sales_minor, _QUARTER_DAYS, 2 * _QUARTER_DAYS)
    recent = sales_minor[:, -_QUARTER_DAYS:]
    return names.assign(
        legal_entity_id=names["seller_id"],
        as_of_date=pd.Timestamp(as_of_date),
        data_as_of=pd.Timestamp(as_of_date),
        **_PASSED,
        repayable_91_days_minor=quarter,
        repayable_364_days_minor=_sum(sales_minor, 0, _YEAR_DAYS),
        tenure_days=np.maximum(tenure_days, 0),
        days_since_last_sale=last,
        active_91_days=np.count_nonzero(recent > 0, axis=1),
        growth_rate=np.where(before > 0, quarter / np.maximum(before, 1) - 1, np.nan),
        weekly_variation_rate=_weekly_variation(sales_minor),
    )


def passes_gate(
    health: pd.DataFrame, policy: Policy, tier: Tier, as_of_date: dt.date
) -> BooleanArray:
    """Whether each row passes every rule and has the history the tier asks for."""
    passed = [rule.measure(health, policy, as_of_date).passed for rule in RULES]
    is_old = numbers(health, "tenure_days") >= tier.minimum_history_days
    return np.asarray(np.logical_and.reduce([*passed, is_old]), dtype=np.bool_)


def _sum(sales: FloatArray, skipped_days: int, until_days: int) -> IntegerArray:
    """Sales of the days between so many and so many days ago [series]."""
    days = sales.shape[1]
    part = sales[:, max(days - until_days, 0) : max(days - skipped_days, 0)]
    return round_half_up(part.sum(axis=1, dtype=np.float64))


def _days_since_last_sale(sales: FloatArray) -> FloatArray:
    has_sold = sales > 0
    since = np.argmax(has_sold[:, ::-1], axis=1)
    return np.where(has_sold.any(axis=1), since, np.nan)


def _weekly_variation(sales: FloatArray) -> FloatArray:
    """Divide the deviation of 13 weeks of sales by their mean; NaN without sales."""
    recent = np.zeros((len(sales), _QUARTER_DAYS))
    known = sales[:, -_QUARTER_DAYS:]
    recent[:, _QUARTER_DAYS - known.shape[1] :] = known
    weeks = recent.reshape(len(sales), _QUARTER_WEEKS, _WEEK_DAYS).sum(axis=2)
    mean = weeks.mean(axis=1)
    spread = weeks.std(axis=1) / np.where(mean > 0, mean, 1.0)
    return np.where(mean > 0, spread, np.nan)
