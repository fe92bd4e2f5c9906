"""Audit: what must hold of the offers on show before the product may see them.

It repeats by plain arithmetic what sizing and pricing promise, and compares the whole
with what was on show before. It knows nothing of how an offer came about.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray
from jobs.underwriting.health import numbers, require_health
from jobs.underwriting.policy import Policy
from jobs.underwriting.sizing import annual_sales

_ACCOUNT = ["seller_id", "currency_code"]
#: Longer than any repayment: what stands for "later than the last horizon".
_LATER_DAYS = 10_000


@dataclass(frozen=True)
class ChangeLimits:
    """How far the offers on show may differ from those before, in each currency.

    More than ``rate`` of the count or the amount before is too much. A count that
    differs by no more than ``count`` is not, nor is any amount of so few offers.
    """

    rate: float
    count: float


def audit_offers(
    offers: pd.DataFrame,
    health: pd.DataFrame,
    policy: Policy,
    as_of_date: dt.date,
) -> list[str]:
    """Return a sentence for each rule that an open offer breaks; none is a pass.

    ``offers`` are the open rows of ``fct_advance_offers``, ``health`` the night's rows
    of all sellers. Caps are those of ``policy``, for the offers made by it this night;
    older offers keep the terms they were made with.
    """
    require_health(health, as_of_date)
    is_of_night = (offers["as_of_date"] == pd.Timestamp(as_of_date)).to_numpy()
    is_by_policy = (offers["policy_version"] == policy.policy_version).to_numpy()
    broken = _of_every_offer(offers, as_of_date)
    for rule, breaks in _of_new_offers(offers, health, policy).items():
        broken[rule] = breaks & is_of_night & is_by_policy
    return [
        f"{rule}: broken by {int(breaks.sum()):,} of {len(offers):,} offers, the first "
        f"is {offers['offer_id'].iloc[int(np.argmax(breaks))]}"
        for rule, breaks in broken.items()
        if breaks.any()
    ]


def _of_every_offer(
    offers: pd.DataFrame, as_of_date: dt.date
) -> dict[str, BooleanArray]:
    night = pd.Timestamp(as_of_date)
    days = [
        offers[f"repayment_{point}_days"].astype("Int64").fillna(_LATER_DAYS).to_numpy()
        for point in ("p10", "p50", "p90")
    ]
    owed = offers["advance_minor"] + offers["fee_minor"]
    is_refill = offers["refilled_advance_id"].notna().to_numpy()
    broken = {
        "a refill pays out its advance less what it settles": is_refill
        & (_paid_out(offers) != numbers(offers, "net_advance_minor")),
        "owed is advance plus fee": offers["owed_minor"] != owed,
        "an advance is more than nothing": offers["advance_minor"] <= 0,
        "no open offer is past its last day": offers["expires_date"] < night,
        "no offer is of a later night": offers["as_of_date"] > night,
        "a tier has one open offer": offers.duplicated([*_ACCOUNT, "target_term_days"]),
        "its repayment is disclosed in order": (days[0] > days[1])
        | (days[1] > days[2])
        | (days[0] < 0)
        | (days[1] == _LATER_DAYS),
        "the fee rate is the fee as a share of the advance": ~np.isclose(
            offers["fee_rate"] * offers["advance_minor"],
            offers["fee_minor"],
            rtol=1e-9,
            atol=1e-6,
        ),
    }
    return {rule: np.asarray(breaks, dtype=bool) for rule, breaks in broken.items()}


def _of_new_offers(
    offers: pd.DataFrame, health: pd.DataFrame, policy: Policy
) -> dict[str, BooleanArray]:
    codes = offers["currency_code"]
    lowest = policy.currency_thresholds(codes, "minimum_advance_minor")
    highest = policy.currency_thresholds(codes, "maximum_advance_minor")
    advance = offers["advance_minor"].to_numpy(dtype=np.float64)
    is_refill = offers["refilled_advance_id"].notna().to_numpy()
    life = pd.to_timedelta(policy.offers.life_days, unit="D")
    terms = {tier.target_term_days for tier in policy.tiers}
    yearly = offers[_ACCOUNT].merge(
        health[_ACCOUNT].assign(annual_sales=annual_sales(health)),
        on=_ACCOUNT,
        how="left",
    )["annual_sales"]
    limit = policy.sizing.annual_sales_share_rate * yearly.fillna(0).to_numpy()
    # The fee is rounded up to a whole unit, which may pass the cap by less than one.
    dearest = advance * policy.pricing.fee_cap_rate + 1
    return {
        # An unknown currency has no bounds, so no comparison with them is true.
        "an advance is within its currency's bounds": ~(
            (lowest <= advance) & (advance <= highest)
        ),
        "a refill pays out its currency's smallest advance": is_refill
        & ~(_paid_out(offers) >= lowest),
        "an advance is within its share of a year's sales": advance > limit,
        "a fee is within the cap": ~(offers["fee_minor"].to_numpy() <= dearest),
        "the holdback is the policy's": (
            offers["holdback_rate"] != policy.sizing.holdback_rate
        ).to_numpy(),
        "the term is one of the policy's": ~offers["target_term_days"]
        .isin(terms)
        .to_numpy(),
        "an offer lives as long as the policy says": (
            offers["expires_date"] != offers["as_of_date"] + life
        ).to_numpy(),
    }


def _paid_out(offers: pd.DataFrame) -> FloatArray:
    """Advance - settled balance + discount; NaN where no refill [offers]."""
    advance, settled, discount = (
        numbers(offers, name)
        for name in ("advance_minor", "settled_balance_minor", "discount_minor")
    )
    return advance - settled + discount


def audit_change(
    offers: pd.DataFrame,
    before: Mapping[str, Mapping[str, int]],
    limits: ChangeLimits,
) -> list[str]:
    """Return a sentence for each currency whose open offers changed too much.

    ``before`` has the ``open_count`` and ``advance_minor`` of each currency on show.
    """
    amounts = offers.groupby("currency_code")["advance_minor"].agg(["size", "sum"])
    found = []
    for code in sorted({*before, *amounts.index}):
        was = before.get(code, {"open_count": 0, "advance_minor": 0})
        count, amount = (
            (int(number) for number in amounts.loc[code])
            if code in amounts.index
            else (0, 0)
        )
        counts = f"{was['open_count']:,} to {count:,} offers"
        minor = f"{was['advance_minor']:,} to {amount:,} minor units"
        is_other_count = abs(count - was["open_count"]) > limits.count and _is_far(
            count, was["open_count"], limits.rate
        )
        are_many = max(count, was["open_count"]) > limits.count
        if is_other_count or (
            are_many and _is_far(amount, was["advance_minor"], limits.rate)
        ):
            found.append(
                f"{code} goes from {counts}, {minor}: more than {limits.rate:.0%}"
            )
    return found


def _is_far(now: int, before: int, rate: float) -> bool:
    return abs(now - before) > rate * before
