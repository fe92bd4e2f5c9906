"""The ladder: for every seller and tier the largest advance that may be offered.

A tier's size starts from the repayment confidence, is capped, rounded down to a
friendly amount and priced; then the final whole amounts are checked once more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.money import (
    round_down,
    round_down_to_step,
    round_half_up,
    round_up,
)
from jobs.underwriting.policy import Policy, Tier
from jobs.underwriting.pricing import (
    TOLERANCE_MINOR,
    annual_return,
    expected_collections,
    expected_shortfall,
    owed_for_advance,
)
from jobs.underwriting.repayment import repayment_day, repayment_probability
from jobs.underwriting.sizing import Sellers, read_sellers, size_tier

#: What can become of a tier; a code's place is its number in ``Rungs.outcome``.
OUTCOMES = (
    "offered",
    "SHORT_HISTORY",
    "HISTORY_INCOMPLETE",
    "REPAYMENT_UNLIKELY",
    "PRICE_ABOVE_CAP",
    "BELOW_MINIMUM_ADVANCE",
    "EXPOSURE_LIMIT",
    "BUDGET_EXHAUSTED",
)
OFFERED = OUTCOMES.index("offered")
UNLIKELY = OUTCOMES.index("REPAYMENT_UNLIKELY")
TOO_SMALL = OUTCOMES.index("BELOW_MINIMUM_ADVANCE")
EXHAUSTED = OUTCOMES.index("BUDGET_EXHAUSTED")

#: Sellers worked on at once, so that the arrays in use stay in the processor's cache.
_BLOCK_ROWS = 2_000


@dataclass(frozen=True)
class Rungs:
    """Sizes, prices and outcomes; every array is [sellers, tiers].

    Amounts are minor units; ``advance_minor`` to ``repayment_p90_days`` hold only where
    the outcome is ``OFFERED``. Days are NaN beyond the last horizon.
    """

    sized_owed_minor: IntegerArray
    capped_advance_minor: IntegerArray
    binding_cap: IntegerArray
    outcome: IntegerArray
    advance_minor: IntegerArray
    fee_minor: IntegerArray
    fee_rate: FloatArray
    annual_return_rate: FloatArray
    expected_shortfall_minor: IntegerArray
    repayment_probability_rate: FloatArray
    repayment_p10_days: FloatArray
    repayment_p50_days: FloatArray
    repayment_p90_days: FloatArray

    def largest_owed(self) -> IntegerArray:
        """Most each seller would owe, A + F, who accepts one offer only [sellers]."""
        owed = self.advance_minor + self.fee_minor
        offered = np.where(self.outcome == OFFERED, owed, 0)
        return np.asarray(offered.max(axis=1, initial=0), dtype=np.int64)

    def replaced(self, rows: BooleanArray, others: "Rungs") -> "Rungs":
        """Return these rungs with those of ``others`` in the marked rows."""
        result = {}
        for field in fields(self):
            values = getattr(self, field.name).copy()
            values[rows] = getattr(others, field.name)
            result[field.name] = values
        return Rungs(**result)


def make_rungs(
    rows: pd.DataFrame,
    grid: QuantileGrid,
    policy: Policy,
    entity_limit_minor: IntegerArray,
) -> Rungs:
    """Size, cap, round and price every tier of these sellers.

    ``rows`` are health rows aligned with ``grid``; ``entity_limit_minor`` [sellers] is
    the most its legal entity lets each owe, fee included. No seller's rungs depend on
    another's.
    """
    parts = [
        _block(rows.iloc[part], grid.take(part), policy, entity_limit_minor[part])
        for part in blocks(len(rows))
    ]
    return _joined(parts, np.concatenate)


def _block(
    rows: pd.DataFrame,
    grid: QuantileGrid,
    policy: Policy,
    entity_limit: IntegerArray,
) -> Rungs:
    sellers = read_sellers(rows, grid, policy, entity_limit)
    rungs = [_rung(tier, sellers, grid, policy) for tier in policy.tiers]
    return spaced(_joined(rungs, np.column_stack), policy.sizing.minimum_tier_ratio)


def _rung(
    tier: Tier,
    sellers: Sellers,
    grid: QuantileGrid,
    policy: Policy,
) -> Rungs:
    """Size, price and check one tier; every array is [sellers] here."""
    size = size_tier(tier, sellers, policy)
    rounded = round_down_to_step(size.capped, sellers.step)
    is_small = rounded < sellers.minimum
    advance = np.where(is_small, 0, rounded)
    owed = owed_for_advance(
        sellers.sales,
        advance.astype(np.float64),
        size.owed_within_entity,
        sellers.costs,
    )
    fee, is_dear = whole_fee(advance, owed, policy.pricing.fee_cap_rate)
    terms = _measured(tier, sellers, advance, fee)
    is_risky = terms.repayment_probability_rate < tier.confidence_rate
    roomy = round_down_to_step(size.capped_without_entity, sellers.step)
    is_guessed = grid.extrapolated_at(tier.target_term_days)
    # Where not even the shortest horizon was learned, no tier is lent on.
    is_unlearned = grid.extrapolated_at(1)
    outcome = _outcome(
        SHORT_HISTORY=sellers.tenure_days < tier.minimum_history_days,
        HISTORY_INCOMPLETE=is_unlearned | (is_guessed & tier.needs_matured_horizon),
        REPAYMENT_UNLIKELY=size.sized_owed < 1,
        PRICE_ABOVE_CAP=np.where(is_small, size.is_unaffordable, is_dear),
        BELOW_MINIMUM_ADVANCE=is_small & (roomy < sellers.minimum),
        EXPOSURE_LIMIT=is_small,
    )
    is_unlikely = (outcome == OFFERED) & is_risky
    return replace(
        terms,
        sized_owed_minor=round_down(size.sized_owed),
        capped_advance_minor=size.capped,
        binding_cap=size.binding_cap,
        outcome=np.where(is_unlikely, UNLIKELY, outcome),
    )


def whole_fee(
    advance: IntegerArray,
    owed: FloatArray,
    fee_cap_rate: float,
) -> tuple[IntegerArray, BooleanArray]:
    """F = T - A rounded up to whole minor units, and whether that is above the cap.

    Up, so that the whole fee still covers the costs; the seller pays less than one
    minor unit for it. 0 where no fee within the cap covers them.
    """
    exact = np.where(np.isnan(owed), 0.0, owed - advance)
    fee = round_up(exact, forgiving=2 * TOLERANCE_MINOR)
    is_dear = np.isnan(owed) | (fee > advance * fee_cap_rate + TOLERANCE_MINOR)
    return fee, is_dear


def _fee_rate(advance: IntegerArray, fee: IntegerArray) -> FloatArray:
    """Fee rate f = F / A; NaN where nothing is advanced."""
    return np.where(advance > 0, fee / np.maximum(advance, 1), np.nan)


def _measured(
    tier: Tier,
    sellers: Sellers,
    advance: IntegerArray,
    fee: IntegerArray,
) -> Rungs:
    """Return, shortfall, repayment probability and days of the final whole amounts."""
    sales = sellers.sales
    owed = (advance + fee).astype(np.float64)
    forecast = (sales.line, sales.horizons_days, owed, sales.holdback_rate)
    collected = expected_collections(sales, owed)
    nothing = np.zeros_like(advance)
    return Rungs(
        sized_owed_minor=nothing,
        capped_advance_minor=nothing,
        binding_cap=nothing,
        outcome=nothing,
        advance_minor=advance,
        fee_minor=fee,
        fee_rate=_fee_rate(advance, fee),
        annual_return_rate=annual_return(
            sales, collected, advance.astype(np.float64), owed, sellers.costs
        ),
        expected_shortfall_minor=round_half_up(expected_shortfall(collected, owed)),
        repayment_probability_rate=repayment_probability(
            *forecast,
            tier.target_term_days,
        ),
        repayment_p10_days=repayment_day(*forecast, 0.10),
        repayment_p50_days=repayment_day(*forecast, 0.50),
        repayment_p90_days=repayment_day(*forecast, 0.90),
    )


def _outcome(**refusals: BooleanArray) -> IntegerArray:
    """Return the number in ``OUTCOMES`` of the first refusal that applies."""
    numbers_of_codes = [OUTCOMES.index(code) for code in refusals]
    chosen = np.select(list(refusals.values()), numbers_of_codes, default=OFFERED)
    return np.asarray(chosen, dtype=np.int64)


def spaced(
    rungs: Rungs, minimum_ratio: float, held_minor: FloatArray | None = None
) -> Rungs:
    """Decline a longer tier that advances too little more than a shorter one.

    ``held_minor`` is the advance of each tier's offer that holds, 0 for none; its tier
    is not opened, and what would be beside it is compared with it [sellers, tiers].
    """
    outcome = rungs.outcome.copy()
    held = np.zeros(outcome.shape) if held_minor is None else held_minor
    best = np.zeros(len(outcome))
    for tier in range(outcome.shape[1]):
        advance, holds = rungs.advance_minor[:, tier], held[:, tier] > 0
        opens = (outcome[:, tier] == OFFERED) & ~holds
        # The thousandth forgives that 1.1 is not exact in binary.
        is_close = opens & (advance < best * minimum_ratio - TOLERANCE_MINOR)
        outcome[is_close, tier] = TOO_SMALL
        best = np.where(opens & ~is_close, advance, best)
        best = np.where(holds, np.maximum(best, held[:, tier]), best)
    return replace(rungs, outcome=outcome)


def _joined(
    parts: list[Rungs],
    join: Callable[[list[npt.NDArray[Any]]], npt.NDArray[Any]],
) -> Rungs:
    """Join the parts, each array with its like."""
    names = [field.name for field in fields(Rungs)]
    return Rungs(*(join([getattr(part, name) for part in parts]) for name in names))


def blocks(count: int) -> Iterator[slice]:
    """Yield blocks of rows; an empty one where there are none, to keep the shapes."""
    for start in range(0, max(count, 1), _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, count))
