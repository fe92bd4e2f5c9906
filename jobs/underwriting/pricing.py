"""Price: the smallest fee whose discounted collections cover what an advance costs.

Owed T = A + F, advance A, fee F, fee rate f = F / A. All formulas take expectations
from the marginal distributions of cumulative sales; no path of days is needed.
Amounts are in minor units, floats here, and become integers in offers.
"""

from dataclasses import dataclass

import numpy as np

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileLine, expected_minimum
from jobs.underwriting.money import round_down
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
class FeeParts:
    """What a fee is made of, all [sellers] in whole minor units.

    The five parts add up to the fee exactly. ``remainder_minor`` is what the fee floor
    adds, and what rounding the others down leaves.
    """

    funding_minor: IntegerArray
    expected_loss_minor: IntegerArray
    servicing_minor: IntegerArray
    margin_minor: IntegerArray
    remainder_minor: IntegerArray


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


def priced_loss(shortfall: FloatArray, owed: FloatArray, costs: Costs) -> FloatArray:
    """Loss the fee pays for: max(load shortfall, floor T) [sellers]."""
    return np.maximum(
        costs.shortfall_load * shortfall,
        costs.pricing.shortfall_floor_rate * owed,
    )


def fee_parts(
    sales: Collections,
    advance_minor: IntegerArray,
    fee_minor: IntegerArray,
    costs: Costs,
) -> FeeParts:
    """Split a fee into what it pays for: worth(T) = A, solved for F = T - A.

    F = (C_last - PV) + max(load shortfall, floor T) + (servicing A + fixed) + margin A

    Each part is rounded down; the remainder is the fee less the four, so that nothing
    is lost. It is what the fee floor adds, and a few minor units of rounding.
    """
    advance = advance_minor.astype(np.float64)
    owed = advance + fee_minor
    collected = expected_collections(sales, owed)
    pricing, days = costs.pricing, sales.horizons_days
    waiting = present_value(collected, days, pricing.cost_of_funds_rate)
    funding, loss, servicing, margin = (
        round_down(part)
        for part in (
            # Nothing is collected below 0, so only the error of a sum can be negative.
            np.maximum(collected[:, -1] - waiting, 0.0),
            priced_loss(expected_shortfall(collected, owed), owed, costs),
            pricing.servicing_rate * advance + costs.servicing_fixed_minor,
            pricing.margin_rate * advance,
        )
    )
    remainder = fee_minor - funding - loss - servicing - margin
    return FeeParts(funding, loss, servicing, margin, remainder)


def advance_worth(sales: Collections, owed: FloatArray, costs: Costs) -> FloatArray:
    """Largest advance the collections of T pay for, whatever its fee rate.

    shortfall = E[(T - r S_last)+]
    extra     = priced loss - shortfall
    A         = (PV - extra - fixed servicing) / (1 + servicing + margin)

    May be negative [sellers].
    """
    rate = 1 + costs.pricing.servicing_rate + costs.pricing.margin_rate
    return _priced_value(sales, expected_collections(sales, owed), owed, costs) / rate


def annual_return(
    sales: Collections,
    collected: FloatArray,
    advance: FloatArray,
    owed: FloatArray,
    costs: Costs,
) -> FloatArray:
    """Risk-adjusted return on the money out, a year [sellers]; NaN without an advance.

    (PV - extra - fixed servicing - A (1 + servicing)) / (A years out)

    PV and extra are those of ``advance_worth``, so funding and the loaded loss are paid
    for. The money is out for the integral of 1 - C_t / T over the grid, in years.
    """
    days = np.concatenate([[0.0], sales.horizons_days.astype(np.float64)])
    is_made = advance > 0
    share = collected / np.where(is_made, owed, 1.0)[:, None]
    left = 1 - np.concatenate([np.zeros((len(owed), 1)), share], axis=1)
    years = ((left[:, 1:] + left[:, :-1]) / 2 * np.diff(days)).sum(axis=1) / 365
    profit = _priced_value(sales, collected, owed, costs)
    profit = profit - advance * (1 + costs.pricing.servicing_rate)
    return np.where(is_made, profit / np.where(is_made, advance * years, 1.0), np.nan)


def _priced_value(
    sales: Collections, collected: FloatArray, owed: FloatArray, costs: Costs
) -> FloatArray:
    """PV - extra - fixed servicing [sellers], as ``advance_worth`` defines them."""
    pricing = costs.pricing
    shortfall = expected_shortfall(collected, owed)
    priced = priced_loss(shortfall, owed, costs)
    worth = present_value(collected, sales.horizons_days, pricing.cost_of_funds_rate)
    return worth - (priced - shortfall) - costs.servicing_fixed_minor


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
