"""Sizes: how much may be advanced for a tier, and which cap says so."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileGrid, quantile_line, repair
from jobs.underwriting.health import numbers
from jobs.underwriting.money import round_down
from jobs.underwriting.policy import Policy, Tier
from jobs.underwriting.pricing import Collections, Costs, advance_for_owed
from jobs.underwriting.refills import settled_by
from jobs.underwriting.repayment import owed_at_confidence

#: What can set a size, in the order in which a tie is told.
CAPS = (
    "confidence",
    "sales_share",
    "annual_share",
    "currency_maximum",
    "entity_exposure",
)

#: Larger than any amount: the limit of a seller whose entity has room.
NO_LIMIT_MINOR = 2**53


@dataclass(frozen=True)
class Sellers:
    """What sizing reads of each seller, all [sellers]."""

    sales: Collections
    costs: Costs
    tenure_days: FloatArray
    annual_sales: FloatArray
    run_rate: FloatArray
    minimum: IntegerArray
    maximum: IntegerArray
    step: IntegerArray
    entity_limit: IntegerArray


@dataclass(frozen=True)
class Size:
    """The size of one tier before its price, all [sellers]."""

    sized_owed: FloatArray
    owed_limit: FloatArray
    owed_within_entity: FloatArray
    limits: IntegerArray  # [sellers, 4]: by owed amount, year, currency, entity
    is_unaffordable: BooleanArray

    @property
    def capped(self) -> IntegerArray:
        """Largest advance under every cap, before friendly rounding."""
        return np.asarray(np.maximum(self.limits.min(axis=1), 0), dtype=np.int64)

    @property
    def capped_without_entity(self) -> IntegerArray:
        """The same if the legal entity had room."""
        within = self.limits[:, :-1].min(axis=1)
        return np.asarray(np.maximum(within, 0), dtype=np.int64)

    @property
    def binding_cap(self) -> IntegerArray:
        """Number in ``CAPS`` of the cap that set the size."""
        is_by_confidence = self.owed_limit >= self.sized_owed
        tightest = self.limits.argmin(axis=1)
        return np.where((tightest == 0) & is_by_confidence, 0, tightest + 1)


def read_sellers(
    rows: pd.DataFrame,
    grid: QuantileGrid,
    policy: Policy,
    entity_limit: IntegerArray,
) -> Sellers:
    """Gather what sizing reads from health rows and the grid aligned with them.

    The least that is advanced is so much more for a refill as it withholds, so that the
    policy's least is paid out.
    """
    codes = rows["currency_code"]
    smallest = policy.currency_amounts(codes, "minimum_advance_minor")
    return Sellers(
        sales=_collections(grid, policy),
        costs=costs_of(codes, grid, policy),
        tenure_days=numbers(rows, "tenure_days"),
        annual_sales=annual_sales(rows),
        run_rate=run_rate(rows),
        minimum=smallest + settled_by(rows, policy).withheld_minor,
        maximum=policy.currency_amounts(codes, "maximum_advance_minor"),
        step=policy.currency_amounts(codes, "step_minor"),
        entity_limit=entity_limit,
    )


def size_tier(tier: Tier, sellers: Sellers, policy: Policy) -> Size:
    """Size one tier: T by confidence and steady sales, A by price, year and caps.

    The entity limits T, so its advance is what that T pays for, as for the sales.
    """
    sales, term = sellers.sales, tier.target_term_days
    sized = owed_at_confidence(
        sales.line,
        sales.horizons_days,
        sales.holdback_rate,
        term,
        tier.confidence_rate,
    )
    steady = sales_share_limit(sellers.run_rate, sales.holdback_rate, term)
    owed_limit = np.minimum(sized, steady)
    within_entity = np.minimum(owed_limit, sellers.entity_limit)
    priced = advance_for_owed(sales, owed_limit, sellers.costs)
    limits = (
        # One unit less leaves room for rounding the fee up: what is owed in the end
        # never exceeds what was sized, nor what the entity may owe.
        round_down(priced) - 1,
        round_down(policy.sizing.annual_sales_share_rate * sellers.annual_sales),
        sellers.maximum,
        round_down(advance_for_owed(sales, within_entity, sellers.costs)) - 1,
    )
    dearest = owed_limit / (1 + policy.pricing.fee_cap_rate)
    return Size(
        sized,
        owed_limit,
        within_entity,
        np.column_stack(limits),
        priced < dearest,
    )


def annual_sales(rows: pd.DataFrame) -> FloatArray:
    """Sales of the last 364 days x 365 / min(tenure, 364), in minor units a year."""
    year = numbers(rows, "repayable_364_days_minor")
    return year * 365 / np.clip(numbers(rows, "tenure_days"), 1, 364)


def run_rate(rows: pd.DataFrame) -> FloatArray:
    """min(annual sales, 4 x sales of the last 91 days), in minor units a year."""
    return np.minimum(annual_sales(rows), 4 * numbers(rows, "repayable_91_days_minor"))


def sales_share_limit(
    yearly_sales: FloatArray,
    holdback_rate: float,
    term_days: int,
) -> FloatArray:
    """T <= r x run rate x H / 365: what a steady run rate would repay in the term."""
    return holdback_rate * yearly_sales * term_days / 365


def _collections(grid: QuantileGrid, policy: Policy) -> Collections:
    line = quantile_line(repair(grid))
    return Collections(line, grid.horizons_days, policy.sizing.holdback_rate)


def costs_of(codes: pd.Series, grid: QuantileGrid, policy: Policy) -> Costs:
    """Return what advances to sellers of these currencies cost, by their forecasts."""
    pricing = policy.pricing
    load = np.where(
        grid.extrapolated_at(int(grid.horizons_days[-1])),
        pricing.shortfall_load_extrapolated,
        pricing.shortfall_load,
    )
    fixed = policy.currency_amounts(codes, "servicing_fixed_minor")
    return Costs(pricing, load, fixed.astype(np.float64))
