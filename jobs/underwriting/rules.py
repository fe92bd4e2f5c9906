"""The eligibility rules, one pure function each, over all sellers at once.

Every rule measures something, compares it with the policy, and says by how much it is
missed. A missing value passes unless the rule says otherwise: each docstring names the
rule that speaks instead.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray
from jobs.underwriting.health import days_until, flags, numbers
from jobs.underwriting.policy import Policy
from jobs.underwriting.reasons import Unit
from jobs.underwriting.refills import settled_by


@dataclass(frozen=True)
class Measure:
    """What a rule found, each array [rows].

    ``distance`` is how much is missing in the rule's unit: above 0 where the rule
    failed, 0 where it passed.
    """

    passed: BooleanArray
    value: FloatArray
    threshold: FloatArray
    distance: FloatArray


def at_least(value: FloatArray, threshold: FloatArray | float) -> Measure:
    """Pass where value >= threshold or either is missing; distance = what is short."""
    return _compare(value, threshold, np.subtract(threshold, value))


def at_most(value: FloatArray, threshold: FloatArray | float) -> Measure:
    """Pass where value <= threshold or either is missing; distance = what is over."""
    return _compare(value, threshold, np.subtract(value, threshold))


def data_stale(health: pd.DataFrame, policy: Policy, as_of_date: dt.date) -> Measure:
    """Age of the newest input, in days, at most the policy's; never missing."""
    age = days_until(health["data_as_of"], as_of_date)
    return at_most(age, policy.eligibility.maximum_data_age_days)


def history_incomplete(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Quarantined rows of the last 91 days at most the policy's count."""
    return at_most(
        numbers(health, "quarantined_91_days_count"),
        policy.eligibility.maximum_quarantined_count,
    )


def account_not_active(health: pd.DataFrame, _: Policy, __: dt.date) -> Measure:
    """Status must be active."""
    return at_least(_as_numbers(health["seller_status"] == "active"), 1.0)


def account_restricted(health: pd.DataFrame, _: Policy, __: dt.date) -> Measure:
    """No payout hold, suspended listing or fraud review may be open."""
    restrictions = ("has_payout_hold", "has_listing_suspended", "has_fraud_review")
    open_count = sum(flags(health, name).astype(np.float64) for name in restrictions)
    return at_most(np.asarray(open_count, dtype=np.float64), 0.0)


def country_not_supported(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Ask that the policy allow the row's currency in the seller's country."""
    allowed = {
        f"{code}/{currency}"
        for code, country in policy.countries.items()
        for currency in country.currencies
    }
    pair = health["country_code"] + "/" + health["currency_code"]
    return at_least(_as_numbers(pair.isin(allowed)), 1.0)


def kyb_incomplete(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Count the required checks of the business (kyb, tax_id) that passed.

    No known check counts as not passed. Unknown countries require none here:
    COUNTRY_NOT_SUPPORTED speaks.
    """
    checks = ("kyb", "tax_id")
    required = [_is_required(health, policy, check) for check in checks]
    passed = [_has_passed(health, check) for check in checks]
    done = sum(
        _as_numbers(ask & has) for ask, has in zip(required, passed, strict=True)
    )
    asked = sum(_as_numbers(ask) for ask in required)
    return at_least(np.asarray(done), np.asarray(asked))


def sanctions_unresolved(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Ask for a passed sanctions check where required; none known is not passed."""
    required = _is_required(health, policy, "sanctions")
    return at_least(
        _as_numbers(_has_passed(health, "sanctions")),
        _as_numbers(required),
    )


def short_history(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Days since the first sale at least the policy's; never sold counts as 0."""
    return at_least(
        numbers(health, "tenure_days"),
        policy.eligibility.minimum_history_days,
    )


def low_volume(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Monthly sales, 91-day sales x 365 / (12 x 91) rounded down, in minor units.

    A currency the policy does not know has no threshold: COUNTRY_NOT_SUPPORTED speaks.
    """
    quarter = health["repayable_91_days_minor"].to_numpy(dtype=np.int64)
    monthly = (quarter * 365 // (12 * 91)).astype(np.float64)
    return at_least(
        monthly,
        policy.currency_thresholds(
            health["currency_code"],
            "minimum_monthly_sales_minor",
        ),
    )


def last_sale_too_old(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Days since the last sale at most the policy's, fewer for dense sellers.

    Never sold passes: SHORT_HISTORY speaks.
    """
    rules = policy.eligibility
    threshold = np.where(
        numbers(health, "active_91_days") >= rules.dense_sale_days,
        rules.dense_last_sale_within_days,
        rules.last_sale_within_days,
    )
    since = numbers(health, "days_since_last_sale")
    return at_most(since, threshold.astype(np.float64))


def too_few_sale_days(health: pd.DataFrame, policy: Policy, day: dt.date) -> Measure:
    """Days with a sale in the last 91 at least the policy's count.

    Passes where the last sale is too old: both are INACTIVE, and that one speaks.
    """
    few = at_least(
        numbers(health, "active_91_days"),
        policy.eligibility.minimum_sale_days,
    )
    silent = ~last_sale_too_old(health, policy, day).passed
    return Measure(
        few.passed | silent,
        few.value,
        few.threshold,
        np.where(silent, 0.0, few.distance),
    )


def declining_sales(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Growth quarter on quarter at least the policy's.

    No sales in the quarter before passes: SHORT_HISTORY or INACTIVE speaks.
    """
    growth = numbers(health, "growth_rate")
    return at_least(growth, policy.eligibility.minimum_growth_rate)


def volatile_sales(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Variation of weekly sales at most the policy's; no sales passes: LOW_VOLUME."""
    return at_most(
        numbers(health, "weekly_variation_rate"),
        policy.eligibility.maximum_weekly_variation_rate,
    )


def refund_rate_high(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Refunds as a share of sales at most the policy's; no sales passes: LOW_VOLUME."""
    refunds = numbers(health, "refund_rate")
    return at_most(refunds, policy.eligibility.maximum_refund_rate)


def chargeback_rate_high(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Chargebacks as a share of sales, likewise; no sales passes: LOW_VOLUME."""
    chargebacks = numbers(health, "chargeback_rate")
    return at_most(chargebacks, policy.eligibility.maximum_chargeback_rate)


def negative_balance(health: pd.DataFrame, _: Policy, __: dt.date) -> Measure:
    """Balance at least 0, in minor units."""
    return at_least(numbers(health, "balance_minor"), 0.0)


def payout_failed(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """Failed payouts of the last 91 days at most the policy's count."""
    return at_most(
        numbers(health, "failed_payouts_91_days_count"),
        policy.eligibility.maximum_failed_payouts_count,
    )


def open_advance_not_paid_down(
    health: pd.DataFrame,
    policy: Policy,
    _: dt.date,
) -> Measure:
    """Repaid share of the open advance, the smallest if several, at least the policy's.

    That is the share of [refills] where an offer could settle the advance. One written
    off with a balance left counts as open, and no offer settles it. No open advance
    passes; an open one of unknown repaid share counts as unpaid.
    """
    repaid = numbers(health, "open_advance_repaid_rate")
    is_open = numbers(health, "open_advance_count") > 0
    repaid = np.where(is_open, np.nan_to_num(repaid, nan=0.0), np.nan)
    threshold = np.full(len(health), policy.eligibility.minimum_repaid_rate)
    if policy.refills is not None:
        is_refill = settled_by(health, policy).is_refill
        threshold[is_refill] = policy.refills.minimum_repaid_rate
    return at_least(repaid, threshold)


def minimum_missed(health: pd.DataFrame, policy: Policy, _: dt.date) -> Measure:
    """No open advance may have missed a minimum that no gate of the policy paused."""
    missed = flags(health, "has_missed_minimum") & ~_is_paused(health, policy)
    return at_most(missed.astype(np.float64), 0.0)


def cooling_off(health: pd.DataFrame, policy: Policy, as_of_date: dt.date) -> Measure:
    """Days since the last advance closed at least the policy's; none ever passes."""
    since = days_until(health["last_advance_closed_date"], as_of_date)
    return at_least(since, policy.eligibility.cooling_off_days)


@dataclass(frozen=True)
class Rule:
    """A reason's code and unit, and the function that measures it."""

    code: str
    unit: Unit
    measure: Callable[[pd.DataFrame, Policy, dt.date], Measure]


RULES: tuple[Rule, ...] = (
    Rule("DATA_STALE", "days", data_stale),
    Rule("HISTORY_INCOMPLETE", "count", history_incomplete),
    Rule("ACCOUNT_NOT_ACTIVE", "flag", account_not_active),
    Rule("ACCOUNT_RESTRICTED", "count", account_restricted),
    Rule("COUNTRY_NOT_SUPPORTED", "flag", country_not_supported),
    Rule("KYB_INCOMPLETE", "count", kyb_incomplete),
    Rule("SANCTIONS_UNRESOLVED", "flag", sanctions_unresolved),
    Rule("SHORT_HISTORY", "days", short_history),
    Rule("LOW_VOLUME", "minor", low_volume),
    Rule("INACTIVE", "days", last_sale_too_old),
    Rule("INACTIVE", "count", too_few_sale_days),
    Rule("DECLINING_SALES", "rate", declining_sales),
    Rule("VOLATILE_SALES", "rate", volatile_sales),
    Rule("REFUND_RATE_HIGH", "rate", refund_rate_high),
    Rule("CHARGEBACK_RATE_HIGH", "rate", chargeback_rate_high),
    Rule("NEGATIVE_BALANCE", "minor", negative_balance),
    Rule("PAYOUT_FAILED", "count", payout_failed),
    Rule("OPEN_ADVANCE_NOT_PAID_DOWN", "rate", open_advance_not_paid_down),
    Rule("MINIMUM_MISSED", "flag", minimum_missed),
    Rule("COOLING_OFF", "days", cooling_off),
)


def _compare(
    value: FloatArray,
    threshold: FloatArray | float,
    missing: FloatArray,
) -> Measure:
    passed = ~(missing > 0)  # a comparison with NaN is false, so what is unknown passes
    return Measure(
        passed,
        value,
        np.broadcast_to(np.asarray(threshold, dtype=np.float64), value.shape),
        np.where(passed, 0.0, missing),
    )


def _as_numbers(flags_of_rows: pd.Series) -> FloatArray:
    return flags_of_rows.to_numpy(dtype=np.float64)


def _is_paused(health: pd.DataFrame, policy: Policy) -> BooleanArray:
    """Whether a gate paused the missed interval [rows]; rows of older nights: no."""
    if "missed_minimum_gates" not in health:
        return np.zeros(len(health), dtype=np.bool_)
    pausing = policy.pausing_events
    events = health["missed_minimum_gates"].fillna("").str.split(",")
    return np.array([not pausing.isdisjoint(found) for found in events], dtype=np.bool_)


def _is_required(health: pd.DataFrame, policy: Policy, check: str) -> pd.Series:
    countries = [
        code
        for code, country in policy.countries.items()
        if check in country.required_checks
    ]
    return health["country_code"].isin(countries)


def _has_passed(health: pd.DataFrame, check: str) -> pd.Series:
    return health[f"{check}_outcome"].eq("passed").fillna(value=False).astype(bool)
