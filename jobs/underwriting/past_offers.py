"""Past offers: those open when a night began, and what the night made of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.underwriting.explained_tiers import ExplainedTier
from jobs.underwriting.money import format_minor
from jobs.underwriting.policy import Policy
from jobs.underwriting.stored import Row
from jobs.underwriting.wording import distance_text, percent

_SAME = (
    "offer_id",
    "target_term_days",
    "advance_minor",
    "owed_minor",
    "holdback_rate",
    "refilled_advance_id",
    "outcome",
    "reason_code",
    "superseded_by_offer_id",
)


@dataclass(frozen=True)
class PastOffer:
    """One offer of an earlier night.

    ``outcome`` is kept, or how the night ended it, with ``reason_code``; ``tonight``
    says for staff what the night's own terms would be where the offer holds.
    """

    offer_id: str
    target_term_days: int
    opened_date: dt.date
    expires_date: dt.date
    advance_minor: int
    fee_minor: int
    owed_minor: int
    holdback_rate: float
    refilled_advance_id: str | None
    outcome: str
    reason_code: str | None
    superseded_by_offer_id: str | None
    tonight: str

    @property
    def holds(self) -> bool:
        """Whether the seller may still accept it."""
        return self.outcome == "kept"


def past_offers(
    open_offers: Sequence[Row], tiers: Sequence[ExplainedTier], policy: Policy
) -> tuple[PastOffer, ...]:
    """Return the offers of ``open_offers``, beside tonight's ``tiers``."""
    tier_of = {tier.target_term_days: tier for tier in tiers}
    return tuple(
        PastOffer(
            **{name: row[name] for name in _SAME},
            opened_date=as_day(row["opened_date"]),
            expires_date=as_day(row["expires_date"]),
            fee_minor=row["owed_minor"] - row["advance_minor"],
            tonight=_tonight(row, tier_of.get(row["target_term_days"]), policy),
        )
        for row in open_offers
    )


def as_day(moment: dt.date) -> dt.date:
    """Return the day of a date or a time."""
    return dt.date(moment.year, moment.month, moment.day)


def _tonight(row: Row, tier: ExplainedTier | None, policy: Policy) -> str:
    """Say what would be offered tonight, and why the older offer stays."""
    if row["outcome"] != "kept":
        return ""
    currency = row["currency_code"]
    if tier is None:
        return "none"
    if tier.reason:
        return f"none: {tier.reason.code}, {distance_text(tier.reason, currency)}"
    amount = format_minor(tier.rounded_advance_minor, currency)
    terms = f"{amount} at {percent(tier.fee_rate or 0.0, 'en')}"
    margin = policy.offers.minimum_improvement_rate
    if margin is None:
        return f"{terms}; no terms replace an offer"
    return f"{terms}: not better by {percent(margin, 'en')}"
