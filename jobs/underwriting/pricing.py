"""Price: the smallest fee whose discounted collections cover what an advance costs.

Owed T = A + F, advance A, fee F, fee rate f = F / A. All formulas take expectations
from the marginal distributions of cumulative sales; no path of days is needed.
Amounts are in minor units, floats here, and become integers in offers.
"""

from dataclasses import dataclass

import numpy as np

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileLine, expected_minimum
from jobs.underwriting.policy import Pricing
from jobs.underwriting.search import Bracket, root_between

#: Error left by the search for an owed amount: a thousandth of a minor unit.
TOLERANCE_MINOR = 1e-3


@dataclass(frozen=True)
class Costs:
    """What an advance costs: the policy's pricing and two numbers a seller.

    ``shortfall_load`` and ``servicing_fixed_minor`` are [sellers].
    """

    pricing: Pricing
    shortfall_load: FloatArray
    servicing_fixed_minor: FloatArray


@dataclass(frozen=True)
class Collections:
    """The forecast side of a price: sales by horizon, and the share we collect.

    ``line`` is [edges, sellers, horizons] in minor units.
    """

    line: QuantileLine
    horizons_days: IntegerArray
    holdback_rate: float


def expected_collections(sales: Collections, owed: FloatArray) -> FloatArray:
    """C_t = E[min(T, r S_t)] = r E[min(T / r, S_t)] at every horizon t.

    ``owed`` is T [sellers]; the result [sellers, horizons].
    """
    horizons = len(sales.horizons_days)
    level = np.repeat(owed[:, None] / sales.holdback_rate, horizons, axis=1)
    return sales.holdback_rate * expected_minimum(sales.line, level)


def expected_shortfall(collected: FloatArray, owed: FloatArray) -> FloatArray:
    """E[(T - r S_last)+] = T - C_last, never below 0 [sellers]."""
    return np.maximum(owed - collected[:, -1], 0.0)


def present_value(
    collected: FloatArray,
    horizons_days: IntegerArray,
    cost_of_funds_rate: float,
) -> FloatArray:
    """PV = sum over k of (C_k - C_{k-1}) exp(-funds (h_{k-1} + h_k) / 2 / 365).

    What is collected between two horizons arrives in the middle of them [sellers].
    """
    days = np.concatenate([[0.0], horizons_days.astype(np.float64)])
    discounts = np.exp(-cost_of_funds_rate * (days[1:] + days[:-1]) / 2 / 365)
    arriving = np.diff(collected, axis=1, prepend=0.0)
    # A matrix product may add up a row in another order beside other rows.
    return np.asarray((arriving * discounts).sum(axis=1), dtype=np.float64)


def advance_worth(sales: Collections, owed: FloatArray, costs: Costs) -> FloatArray:
    """Largest advance the collections of T pay for, whatever its fee rate.

    shortfall = E[(T - r S_last)+]
    extra     = max(load shortfall, floor T) - shortfall
    A         = (PV - extra - fixed servicing) / (1 + servicing + margin)

    May be negative [sellers].
    """
    pricing = costs.pricing
    collected = expected_collections(sales, owed)
    shortfall = expected_shortfall(collected, owed)
    priced = np.maximum(
        costs.shortfall_load * shortfall,
        pricing.shortfall_floor_rate * owed,
    )
    worth = present_value(collected, sales.horizons_days, pricing.cost_of_funds_rate)
    worth = worth - (priced - shortfall) - costs.servicing_fixed_minor
    return worth / (1 + pricing.servicing_rate + pricing.margin_rate)


def advance_for_owed(sales: Collections, owed: FloatArray, costs: Costs) -> FloatArray:
    """Return A with T fixed: min(worth(T), T / (1 + fee floor)), closed form.

    The fee rate T / A - 1 may lie above the cap, and A may be 0 or less where no
    advance pays [sellers].
    """
    largest = owed / (1 + costs.pricing.fee_floor_rate)
    return np.minimum(advance_worth(sales, owed, costs), largest)


def owed_for_advance(
    sales: Collections,
    advance: FloatArray,
    limit: FloatArray,
    costs: Costs,
) -> FloatArray:
    """Return T with A fixed: the smallest T >= A (1 + fee floor) with worth(T) >= A.

    ``limit`` is the most that may be owed [sellers]; the search also stops at
    A (1 + fee cap). NaN where even that much does not pay: the price is above the cap.
    Found to a thousandth of a minor unit.
    """
    low = advance * (1 + costs.pricing.fee_floor_rate)
    high = np.minimum(advance * (1 + costs.pricing.fee_cap_rate), limit)
    high = np.maximum(low, high)
    gap_low = advance_worth(sales, low, costs) - advance
    gap_high = advance_worth(sales, high, costs) - advance
    owed = np.where(gap_low >= 0, low, high)
    searched = (gap_low < 0) & (gap_high > TOLERANCE_MINOR)
    found = root_between(
        lambda tried: advance_worth(sales, tried, costs) - advance,
        Bracket(low, high, gap_low, gap_high),
        searched,
        TOLERANCE_MINOR,
    )
    owed = np.where(searched, found, owed)
    return np.where((gap_low >= 0) | (gap_high >= -TOLERANCE_MINOR), owed, np.nan)
