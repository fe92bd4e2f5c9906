"""Tiny builders: a policy, seller health rows and quantile grids."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.offers import Book, Offers, make_offers, no_open_offers
from jobs.underwriting.policy import Policy, parse_policy
from jobs.underwriting.promise import review

POLICY_FILE = Path(__file__).parents[3] / "jobs" / "policies" / "2027-01.toml"
POLICY_TEXT = POLICY_FILE.read_text(encoding="utf-8")
AS_OF_DATE = dt.date(2026, 11, 1)
HORIZONS = np.array([7, 14, 30, 60, 90, 120, 180, 270, 365])
PROBABILITIES = np.array(
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99],
)

#: Confidence of each term of the policy in force.
CONFIDENCE = {90: 0.95, 180: 0.95, 270: 0.95}

#: No seller failed a rule.
NO_REASONS = pd.DataFrame(
    {"seller_id": [], "currency_code": [], "reason_code": []}, dtype="str"
)

#: Euro and yen sellers of 1,000.00 and 100,000 a day, as their health rows say.
DAILY = [100_000.0, 100_000.0]

_HEALTHY: dict[str, Any] = {
    "seller_id": "anna",
    "legal_entity_id": "anna-gmbh",
    "as_of_date": pd.Timestamp(AS_OF_DATE),
    "last_advance_closed_date": pd.NaT,
    "currency_code": "EUR",
    "country_code": "DE",
    "seller_status": "active",
    "kyb_outcome": "passed",
    "sanctions_outcome": "passed",
    "tax_id_outcome": "passed",
    "repayable_91_days_minor": 9_100_000,
    "repayable_364_days_minor": 36_400_000,
    "balance_minor": 50_000,
    "open_advance_balance_minor": 0,
    "tenure_days": 700,
    "days_since_last_sale": 1.0,
    "active_91_days": 80,
    "failed_payouts_91_days_count": 0,
    "open_advance_count": 0,
    "quarantined_91_days_count": 0,
    "refund_rate": 0.05,
    "chargeback_rate": 0.001,
    "growth_rate": 0.1,
    "weekly_variation_rate": 0.4,
    "open_advance_repaid_rate": np.nan,
    "refillable_advance_id": None,
    "refillable_fee_minor": np.nan,
    "refillable_owed_minor": np.nan,
    "has_payout_hold": False,
    "has_listing_suspended": False,
    "has_fraud_review": False,
    "has_missed_minimum": False,
    "data_as_of": pd.Timestamp("2026-11-01 22:00:00"),
}

YEN: dict[str, Any] = {
    "seller_id": "botan",
    "legal_entity_id": "botan-kk",
    "currency_code": "JPY",
    "country_code": "JP",
}

#: What the guard finds usual of a seller of 1,000.00 a day: steady prices, spread over
#: the days, delivered, no advance before.
USUAL: dict[str, Any] = {
    "repayable_28_days_minor": 2_800_000,
    "repayable_91_days_before_minor": 9_100_000,
    "repayable_364_days_before_minor": 36_400_000,
    "captured_28_days_minor": 2_800_000,
    "best_3_days_minor": 400_000,
    "item_28_days_minor": 2_800_000,
    "item_before_minor": 9_100_000,
    "deliverable_recent_minor": 2_800_000,
    "undelivered_recent_minor": 50_000,
    "deliverable_before_minor": 9_000_000,
    "undelivered_before_minor": 90_000,
    "captured_before_advances_minor": 0,
    "refunded_after_advances_minor": 0,
    "item_28_days_count": 280,
    "item_before_count": 910,
}

#: An advance written off with 6,000.00 of its 10,000.00 left, long closed.
WRITTEN_OFF: dict[str, Any] = {
    "open_advance_count": 1,
    "open_advance_balance_minor": 600_000,
    "open_advance_repaid_rate": 0.4,
    "last_advance_closed_date": pd.Timestamp("2026-03-01"),
}

#: An advance of 10,000.00 for a fee of 1,000.00, of which 80 % is repaid.
REFILLABLE: dict[str, Any] = {
    "open_advance_count": 1,
    "open_advance_balance_minor": 220_000,
    "open_advance_repaid_rate": 0.8,
    "refillable_advance_id": "advance-1",
    "refillable_fee_minor": 100_000,
    "refillable_owed_minor": 1_100_000,
}


def policy(*changes: tuple[str, str]) -> Policy:
    """Return the policy in force, its text changed by (old, new) pairs."""
    text = POLICY_TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_policy(text, POLICY_FILE.name)


def unbound() -> Policy:
    """Return the policy in force without the limits of a night's portfolio."""
    return policy().model_copy(update={"portfolio": None})


def health(*changes: dict[str, Any]) -> pd.DataFrame:
    """Return health rows of healthy sellers, each changed as said.

    Without changes: anna in EUR and botan in JPY.
    """
    rows = [{**_HEALTHY, **change} for change in changes or ({}, YEN)]
    frame = pd.DataFrame(rows)
    for name in ("last_advance_closed_date", "as_of_date", "data_as_of"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def grid(daily_minor: list[float], spread: float = 0.3) -> QuantileGrid:
    """Quantiles of sellers who sell that much a day, lognormal around it.

    ``spread`` is the relative width between the median and the next quartile.
    """
    factors = np.exp(spread * np.linspace(-2.3, 2.3, len(PROBABILITIES)) / 0.67 * 0.6)
    daily = np.array(daily_minor, dtype=np.float64)
    values = daily[:, None, None] * HORIZONS[None, :, None] * factors[None, None, :]
    return QuantileGrid(values, HORIZONS, PROBABILITIES)


def open_offer(**changes: Any) -> pd.DataFrame:  # noqa: ANN401 - any column
    """Return anna's 90-day offer of ten nights ago, changed as said."""
    row = {
        "offer_id": "old",
        "seller_id": "anna",
        "currency_code": "EUR",
        "target_term_days": 90,
        "advance_minor": 700_000,
        "owed_minor": 740_000,
        "fee_rate": 0.0571,
        "holdback_rate": 0.10,
        "opened_date": pd.Timestamp(AS_OF_DATE) - pd.Timedelta(days=10),
        "expires_date": pd.Timestamp(AS_OF_DATE) + pd.Timedelta(days=20),
        "refilled_advance_id": None,
        "accepted_offer_id": None,
    }
    frame = pd.DataFrame([{**row, **changes}])
    return frame.astype({"refilled_advance_id": "str", "accepted_offer_id": "str"})


def book(everyone: pd.DataFrame, open_offers: pd.DataFrame | None = None) -> Book:
    """Return what a night knows of everyone, and of the offers open before it."""
    before = no_open_offers() if open_offers is None else open_offers
    return Book(everyone, review(before, NO_REASONS, AS_OF_DATE, everyone))


def offered(
    rows: pd.DataFrame,
    sales: QuantileGrid,
    rules: Policy | None = None,
    everyone: pd.DataFrame | None = None,
    open_offers: pd.DataFrame | None = None,
) -> Offers:
    """Make the offers of one night; everyone is eligible unless said."""
    known = book(rows if everyone is None else everyone, open_offers)
    return make_offers(rows, sales, rules or policy(), AS_OF_DATE, known)
