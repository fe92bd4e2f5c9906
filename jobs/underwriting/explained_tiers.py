"""Tiers explained: what capped a size, what a fee pays for, what another cap gives.

Caps that look at one seller alone are computed again from the stored inputs; one that
looks at more (a legal entity, the guard) shows the size that was stored.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import FloatArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.findings import Finding, failed
from jobs.underwriting.money import round_down, round_up
from jobs.underwriting.policy import Policy, Tier
from jobs.underwriting.pricing import (
    TOLERANCE_MINOR,
    Collections,
    advance_for_owed,
    advance_worth,
    fee_parts,
    owed_for_advance,
)
from jobs.underwriting.refills import settled_by
from jobs.underwriting.repayment import repayment_probability
from jobs.underwriting.sizing import (
    CAPS,
    NO_LIMIT_MINOR,
    Sellers,
    Size,
    read_sellers,
    sales_share_limit,
    size_tier,
)
from jobs.underwriting.stored import Row, Stored

#: Health row and forecast of one seller.
Inputs = tuple[pd.DataFrame, QuantileGrid]

#: Caps that grow in proportion to sales.
_BY_SALES = {"confidence", "sales_share", "annual_share"}

#: No size would have changed these.
_NOT_ABOUT_SIZE = {
    "SHORT_HISTORY",
    "HISTORY_INCOMPLETE",
    "PRICE_ABOVE_CAP",
    "BUDGET_EXHAUSTED",
}

#: With one of these a tier may be a rung that longer ones are compared with.
_MAY_BE_RUNG = (None, "BELOW_MINIMUM_ADVANCE", "BUDGET_EXHAUSTED", "UNUSUAL_SALES")


@dataclass(frozen=True)
class Cap:
    """The advance that one cap alone would allow, before friendly rounding."""

    name: str
    advance_minor: int
    is_binding: bool


@dataclass(frozen=True)
class Lift:
    """What the tier would be if its binding cap were lifted, the others kept.

    ``fee_minor`` is None where no fee within the policy's cap would pay for it.
    """

    cap: str
    advance_minor: int
    fee_minor: int | None
    repayment_probability_rate: float


@dataclass(frozen=True)
class ExplainedTier:
    """One tier: size, caps, price and, where it was refused, the reason.

    ``offer`` holds the stored terms; ``fee_parts`` add up to its fee. ``fee_rate`` is
    tonight's where nothing is in its way, also of a tier whose earlier offer holds. The
    smallest advance is more by ``withheld_minor``, what it would settle of an open one.
    """

    target_term_days: int
    confidence_rate: float
    outcome: str
    reason: Finding | None
    sized_owed_minor: int
    caps: tuple[Cap, ...]
    capped_advance_minor: int
    step_minor: int
    minimum_advance_minor: int
    withheld_minor: int
    rounded_advance_minor: int
    fee_rate: float | None
    offer: Row | None
    fee_parts: dict[str, int] | None
    lifted: Lift | None

    @property
    def binding_cap(self) -> str:
        """Name of the cap that set the size."""
        (name,) = (cap.name for cap in self.caps if cap.is_binding)
        return name

    @property
    def is_by_sales(self) -> bool:
        """Whether the size would grow with the seller's sales."""
        return self.binding_cap in _BY_SALES


@dataclass(frozen=True)
class _Case:
    """One seller and tier, as sizing sees it again: without the guard, and priced."""

    tier: Tier
    sellers: Sellers
    size: Size
    priced: Sellers
    policy: Policy
    currency_code: str
    capped_minor: int
    withheld_minor: int

    @property
    def step_minor(self) -> int:
        return int(self.sellers.step[0])

    @property
    def rounded_minor(self) -> int:
        return self.capped_minor - self.capped_minor % self.step_minor


def explain_tiers(
    measured: Inputs, priced: Inputs, stored: Stored, policy: Policy
) -> tuple[ExplainedTier, ...]:
    """Explain every tier of one seller, from what the night stored of it.

    ``measured`` are its health row and forecast, ``priced`` what the guard left of
    them: caps are computed of the first, prices and refusals of the second.
    """
    no_limit = np.array([NO_LIMIT_MINOR], dtype=np.int64)
    sellers, left = (
        read_sellers(rows, grid, policy, no_limit) for rows, grid in (measured, priced)
    )
    evaluation_of = {row["target_term_days"]: row for row in stored.evaluations}
    offer_of = {row["target_term_days"]: row for row in stored.offers}
    held_of = {
        row["target_term_days"]: row["advance_minor"]
        for row in stored.open_offers
        if row["outcome"] == "kept"
    }
    code = stored.decision["currency_code"]
    withheld = int(settled_by(measured[0], policy).withheld_minor[0])
    explained: list[ExplainedTier] = []
    rung_minor = held_minor = 0
    for tier in policy.tiers:
        term = tier.target_term_days
        evaluation = evaluation_of.get(term)
        if evaluation is None:
            continue
        capped = evaluation["capped_advance_minor"]
        size = size_tier(tier, sellers, policy)
        case = _Case(tier, sellers, size, left, policy, code, capped, withheld)
        shorter_minor = max(rung_minor, held_minor)
        explained.append(
            _explained(case, evaluation, offer_of.get(term), shorter_minor)
        )
        if _is_rung(case, evaluation, rung_minor):
            rung_minor = case.rounded_minor
        if evaluation["outcome"] == "kept":
            held_minor = max(held_minor, held_of.get(term, 0))
    return tuple(explained)


def _is_rung(case: _Case, evaluation: Row, shorter_minor: int) -> bool:
    """Whether longer tiers of the night were compared with this one."""
    least = max(int(case.sellers.minimum[0]), _next_rung(case, shorter_minor))
    return evaluation["reason_code"] in _MAY_BE_RUNG and case.rounded_minor >= least


def _next_rung(case: _Case, shorter_minor: int) -> int:
    """Return the least that is enough more than a shorter tier, in whole steps."""
    ratio = case.policy.sizing.minimum_tier_ratio
    least = math.ceil(shorter_minor * ratio - TOLERANCE_MINOR)
    return -(-least // case.step_minor) * case.step_minor


def _explained(
    case: _Case,
    evaluation: Row,
    offer: Row | None,
    shorter_minor: int,
) -> ExplainedTier:
    code = evaluation["reason_code"]
    caps = _caps(case, evaluation)
    return ExplainedTier(
        target_term_days=case.tier.target_term_days,
        confidence_rate=case.tier.confidence_rate,
        outcome=evaluation["outcome"],
        reason=_reason(case, code, shorter_minor) if code else None,
        sized_owed_minor=evaluation["sized_owed_minor"],
        caps=caps,
        capped_advance_minor=case.capped_minor,
        step_minor=case.step_minor,
        minimum_advance_minor=int(case.sellers.minimum[0]),
        withheld_minor=case.withheld_minor,
        rounded_advance_minor=case.rounded_minor,
        fee_rate=evaluation["fee_rate"] if code is None else None,
        offer=offer,
        fee_parts=_fee_parts(case, offer) if offer else None,
        lifted=None if code in _NOT_ABOUT_SIZE else _lifted(case, caps),
    )


def _caps(case: _Case, evaluation: Row) -> tuple[Cap, ...]:
    """Return each cap of the seller alone, and the night's where one was binding."""
    rate = case.sellers.sales.holdback_rate
    steady = sales_share_limit(case.sellers.run_rate, rate, case.tier.target_term_days)
    annual, maximum = case.size.limits[0, 1:3]
    amounts = {
        CAPS[0]: _advance(case, case.size.sized_owed),
        CAPS[1]: _advance(case, steady),
        CAPS[2]: max(int(annual), 0),
        CAPS[3]: int(maximum),
    }
    binding = evaluation["binding_cap"]
    amounts.setdefault(binding, case.capped_minor)
    return tuple(Cap(name, amount, name == binding) for name, amount in amounts.items())


def _advance(case: _Case, owed: FloatArray) -> int:
    """Advance that an owed amount pays for, as sizing rounds it."""
    paid_for = advance_for_owed(case.sellers.sales, owed, case.sellers.costs)
    return max(int(round_down(paid_for)[0]) - 1, 0)


def _lifted(case: _Case, caps: tuple[Cap, ...]) -> Lift:
    """Return the tier without its binding cap: its size, fee and probability."""
    (binding,) = (cap.name for cap in caps if cap.is_binding)
    free = min(cap.advance_minor for cap in caps if not cap.is_binding)
    advance_minor = free - free % case.step_minor
    advance = np.array([advance_minor], dtype=np.float64)
    sales, pricing = case.sellers.sales, case.policy.pricing
    dearest = advance * (1 + pricing.fee_cap_rate)
    owed = owed_for_advance(sales, advance, dearest, case.sellers.costs)
    is_payable = advance_minor > 0 and not np.isnan(owed[0])
    fee = round_up(np.nan_to_num(owed) - advance, forgiving=2 * TOLERANCE_MINOR)
    return Lift(
        binding,
        advance_minor,
        int(fee[0]) if is_payable else None,
        _probability(case, sales, owed if is_payable else dearest),
    )


def _probability(case: _Case, sales: Collections, owed: FloatArray) -> float:
    term = case.tier.target_term_days
    return float(
        repayment_probability(
            sales.line, sales.horizons_days, owed, sales.holdback_rate, term
        )[0]
    )


def _reason(case: _Case, code: str, shorter_minor: int) -> Finding:
    """Return the refusal of a tier with the numbers behind it, in its unit."""
    minimum = int(case.sellers.minimum[0])
    pricing = case.policy.pricing
    if code == "SHORT_HISTORY":
        needed = case.tier.minimum_history_days
        return failed(code, float(case.sellers.tenure_days[0]), needed)
    if code == "REPAYMENT_UNLIKELY":
        least = np.array([minimum * (1 + pricing.fee_floor_rate)])
        certainty = _probability(case, case.priced.sales, least)
        return failed(code, certainty, case.tier.confidence_rate)
    if code == "PRICE_ABOVE_CAP":
        return failed(code, _fee_rate_needed(case), pricing.fee_cap_rate)
    if code in ("BELOW_MINIMUM_ADVANCE", "EXPOSURE_LIMIT"):
        is_close = code == "BELOW_MINIMUM_ADVANCE"
        rung = _next_rung(case, shorter_minor) if is_close else 0
        return failed(code, case.capped_minor, max(minimum, rung))
    if code == "BUDGET_EXHAUSTED":
        money = case.policy.currencies[case.currency_code]
        return failed(code, threshold=money.nightly_budget_minor)
    return failed(code)


def _fee_rate_needed(case: _Case) -> float:
    """Fee rate at which the owed amount as sized pays; NaN where none above the cap."""
    owed = size_tier(case.tier, case.priced, case.policy).owed_limit
    worth = advance_worth(case.priced.sales, owed, case.priced.costs)[0]
    rate = float(owed[0] / worth - 1) if worth > 0 else math.nan
    return rate if rate > case.policy.pricing.fee_cap_rate else math.nan


def _fee_parts(case: _Case, offer: Row) -> dict[str, int]:
    advance, fee = (
        np.array([offer[name]], dtype=np.int64)
        for name in ("advance_minor", "fee_minor")
    )
    parts = fee_parts(case.priced.sales, advance, fee, case.priced.costs)
    return {name: int(part[0]) for name, part in asdict(parts).items()}
