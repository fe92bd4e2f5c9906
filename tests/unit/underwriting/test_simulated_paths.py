"""Formulas on marginal distributions against simulated paths of daily sales.

The paths know everything: the day of payoff, the cash of each day, the shortfall. The
formulas see only quantiles of cumulative sales at nine horizons. With many quantiles
they must agree to sampling error; with the eleven that are stored, within what the
tails between them cost, which the last tests state.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from jobs.underwriting.arrays import FloatArray
from jobs.underwriting.distribution import QuantileGrid, quantile_line, repair
from jobs.underwriting.pricing import (
    Collections,
    Costs,
    advance_for_owed,
    expected_collections,
    expected_shortfall,
    present_value,
)
from jobs.underwriting.repayment import (
    owed_at_confidence,
    repayment_day,
    repayment_probability,
)

from .builders import HORIZONS, PROBABILITIES, policy

PATHS, DAYS, RATE = 8_000, 365, 0.10
TERMS = ((90, 0.90), (180, 0.95), (270, 0.95))
#: A steady seller in cents and, sixty times that, the same seller in yen.
SCALES = {"EUR": 10_000.0, "JPY": 600_000.0}
KINDS = ("steady", "sparse", "growing", "seasonal", "pausing", "stopping")
DENSE = np.concatenate([np.arange(0.001, 0.01, 0.001), np.arange(0.01, 0.9999, 0.0025)])


@dataclass(frozen=True)
class Simulated:
    """Cumulative sales [paths, days] of one seller, many futures."""

    sales: FloatArray

    def grid(self, probabilities: FloatArray) -> QuantileGrid:
        """Return their quantiles at the horizons, as a forecast would give them."""
        at_horizons = self.sales[:, HORIZONS - 1]
        values = np.quantile(at_horizons, probabilities, axis=0).T[None]
        return QuantileGrid(values, HORIZONS, probabilities)

    def repaid(self, owed: float) -> FloatArray:
        """Cash collected by each day [paths, days]."""
        return np.minimum(owed, RATE * self.sales)

    def payoff_quantile(self, owed: float, probability: float) -> float:
        """Day by which that share of paths has repaid; infinite if never."""
        never = RATE * self.sales[:, -1] < owed
        days = np.where(never, np.inf, (RATE * self.sales < owed).sum(axis=1) + 1)
        return float(np.quantile(days, probability, method="inverted_cdf"))


@lru_cache(maxsize=2)
def simulated(kind: str, currency_code: str = "EUR") -> Simulated:
    """Simulate futures of one kind of seller, seeded by the kind."""
    random = np.random.default_rng(KINDS.index(kind))
    day = np.arange(1, DAYS + 1)
    level = np.exp(random.normal(0.0, 0.25, (PATHS, 1)))
    sales = random.gamma(2.0, 0.5, (PATHS, DAYS)) * level
    start = random.integers(0, DAYS, (PATHS, 1))
    length = random.integers(20, 90, (PATHS, 1))
    shapes: dict[str, npt.NDArray[np.floating[Any]] | float] = {
        "steady": 1.0,
        "sparse": (random.random((PATHS, DAYS)) < 0.1) * 10.0,
        "growing": np.exp(random.normal(0.003, 0.002, (PATHS, 1)) * day),
        "seasonal": (1 + 0.4 * np.sin(2 * np.pi * (day + 60) / 365))
        * (1 + 0.3 * np.sin(2 * np.pi * day / 7)),
        "pausing": ((day < start) | (day > start + length)) * 1.0,
        "stopping": (day < random.exponential(500.0, (PATHS, 1))) * 1.0,
    }
    daily = sales * shapes[kind] * SCALES[currency_code]
    return Simulated(np.cumsum(daily, axis=1))


@dataclass(frozen=True)
class Errors:
    """Formula minus paths for one advance: days, and shares of the owed amount."""

    probability: float
    payoff_days: tuple[float, ...]
    collections: float
    shortfall: float
    present_value: float
    fee_rate: float


@cache
def errors(
    kind: str,
    term: tuple[int, float],
    *,
    stored: bool,
    currency_code: str = "EUR",
) -> Errors:
    """Compare every formula with the paths, for the advance sized at that term."""
    probabilities = PROBABILITIES if stored else DENSE
    paths = simulated(kind, currency_code)
    line = quantile_line(repair(paths.grid(probabilities)))
    owed = owed_at_confidence(line, HORIZONS, RATE, *term)
    amount = float(owed[0])
    pricing = policy().pricing
    costs = Costs(pricing, np.array([pricing.shortfall_load]), np.zeros(1))
    sales = Collections(line, HORIZONS, RATE)
    cash = paths.repaid(amount)
    formula = expected_collections(sales, owed)
    exact = cash[:, HORIZONS - 1].mean(axis=0)
    discounts = np.exp(-pricing.cost_of_funds_rate * np.arange(1, DAYS + 1) / 365)
    worth = float((np.diff(cash, axis=1, prepend=0.0) @ discounts).mean())
    shortfall = amount - float(cash[:, -1].mean())
    extra = max(1.5 * shortfall, 0.01 * amount) - shortfall
    advance = min((worth - extra) / 1.03, amount / 1.04)
    return Errors(
        float(repayment_probability(line, HORIZONS, owed, RATE, term[0])[0])
        - float((cash[:, term[0] - 1] >= amount).mean()),
        tuple(
            float(repayment_day(line, HORIZONS, owed, RATE, chance)[0])
            - paths.payoff_quantile(amount, chance)
            for chance in (0.1, 0.5, 0.9)
        ),
        float(np.abs(formula - exact).max()) / amount,
        (float(expected_shortfall(formula, owed)[0]) - shortfall) / amount,
        (float(present_value(formula, HORIZONS, 0.10)[0]) - worth) / amount,
        amount / float(advance_for_owed(sales, owed, costs)[0]) - amount / advance,
    )


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("kind", KINDS)
class TestManyQuantiles:
    """Four hundred quantiles: what is left is sampling and the nine horizons."""

    def test_repayment_probability_is_that_of_the_paths(
        self, kind: str, term: tuple[int, float]
    ) -> None:
        """The share of paths repaid by the term is the formula's, to half a point."""
        assert abs(errors(kind, term, stored=False).probability) <= 0.005

    def test_collections_and_shortfall_are_those_of_the_paths(
        self, kind: str, term: tuple[int, float]
    ) -> None:
        """Expected cash at every horizon, and what is short, to 5 bp of T."""
        found = errors(kind, term, stored=False)
        assert found.collections <= 0.0005
        assert abs(found.shortfall) <= 0.0005

    def test_price_is_that_of_the_paths(
        self, kind: str, term: tuple[int, float]
    ) -> None:
        """Discounted collections to 10 bp of T, and the fee to 8 bp.

        Cash is taken to arrive in the middle between horizons, up to 95 days apart.
        """
        found = errors(kind, term, stored=False)
        assert abs(found.present_value) <= 0.0010
        assert abs(found.fee_rate) <= 0.0008


@pytest.mark.parametrize("currency_code", ["EUR", "JPY"])
class TestStoredQuantiles:
    """The eleven stored quantiles, over all kinds of sellers and all terms."""

    def found(self, currency_code: str) -> dict[tuple[str, int], Errors]:
        """Errors of each kind and term."""
        return {
            (kind, term[0]): errors(
                kind, term, stored=True, currency_code=currency_code
            )
            for kind in KINDS
            for term in TERMS
        }

    def test_repayment_probability_holds(self, currency_code: str) -> None:
        """At a stored horizon and quantile nothing is interpolated: half a point."""
        found = self.found(currency_code).values()
        assert max(abs(each.probability) for each in found) <= 0.005

    def test_payoff_days_hold(self, currency_code: str) -> None:
        """The median payoff day is off by a day on average and by three at worst."""
        found = self.found(currency_code).values()
        median = [abs(each.payoff_days[1]) for each in found]
        assert float(np.mean(median)) <= 1.0
        assert max(median) <= 3.0
        assert max(abs(days) for each in found for days in each.payoff_days) <= 4.0

    def test_shortfall_errs_on_the_safe_side(self, currency_code: str) -> None:
        """The line to (0, 0) adds at most 50 bp, and takes 15 bp from who may stop."""
        found = self.found(currency_code)
        shortfalls = [each.shortfall for each in found.values()]
        assert max(shortfalls) <= 0.0050
        assert min(shortfalls) >= -0.0015
        assert all(
            each.shortfall > 0
            for (kind, _), each in found.items()
            if kind != "stopping"
        )

    def test_fees_hold(self, currency_code: str) -> None:
        """Fees are off by 8 bp on average, 10 bp at worst, 25 bp for who may stop."""
        found = self.found(currency_code)
        fees = {key: abs(each.fee_rate) for key, each in found.items()}
        assert float(np.mean(list(fees.values()))) <= 0.0008
        assert (
            max(fee for (kind, _), fee in fees.items() if kind != "stopping") <= 0.001
        )
        assert max(fees.values()) <= 0.0025
