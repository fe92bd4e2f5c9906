"""Price and repayment against plain loops, and the shape both must have."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.arrays import FloatArray
from jobs.underwriting.distribution import (
    QuantileGrid,
    QuantileLine,
    expected_minimum,
    line_at_day,
    quantile_line,
)
from jobs.underwriting.pricing import (
    Collections,
    Costs,
    advance_for_owed,
    advance_worth,
    expected_collections,
    expected_shortfall,
    owed_for_advance,
    present_value,
)
from jobs.underwriting.repayment import (
    owed_at_confidence,
    repayment_day,
    repayment_probability,
)

from .builders import HORIZONS, PROBABILITIES, grid, policy

RATE = 0.10
PRICING = policy().pricing
#: A euro seller and a yen seller, then one who may stop: zeros up to .05.
SALES = grid([25_000.0, 1_800_000.0, 40_000.0], spread=0.5)
SALES.values[2, :, :3] = 0.0


def collections(sales: QuantileGrid = SALES) -> Collections:
    """Return the sales with the holdback of the tests."""
    return Collections(quantile_line(sales), HORIZONS, RATE)


def costs(count: int = 3, load: float = 1.5, fixed: float = 0.0) -> Costs:
    """Return the policy's pricing with one load and fixed cost for all."""
    return Costs(PRICING, np.full(count, load), np.full(count, fixed))


def sized(term: int = 180, confidence: float = 0.95) -> FloatArray:
    """Return the owed amounts at a term and confidence."""
    return owed_at_confidence(quantile_line(SALES), HORIZONS, RATE, term, confidence)


def looped_advance(seller: int, owed: float, load: float, fixed: float) -> float:
    """Advance for an owed amount, horizon by horizon as underwriting states it."""
    line = quantile_line(SALES)
    before, previous, worth = 0.0, 0.0, 0.0
    for place, horizon in enumerate(HORIZONS):
        at_horizon = line_at_day(line, HORIZONS, int(horizon))
        level = np.full(3, owed / RATE)
        collected = RATE * expected_minimum(at_horizon, level)[seller]
        middle = (before + horizon) / 2
        worth += (collected - previous) * math.exp(-0.10 * middle / 365)
        before, previous = float(horizon), collected
        assert place < 9
    shortfall = owed - previous
    extra = max(load * shortfall, 0.01 * owed) - shortfall
    return min((worth - extra - fixed) / (1 + 0.01 + 0.02), owed / 1.04)


class TestRepayment:
    """Size at confidence, and when it is repaid."""

    def test_size_is_the_holdback_of_a_low_quantile(self) -> None:
        """T = r q(.05) of 180 days; nothing for who sells nothing with .05."""
        expected = RATE * SALES.values[:, 6, 2]
        assert sized().tolist() == pytest.approx(expected.tolist())
        assert sized()[2] == 0.0

    @pytest.mark.parametrize(("term", "confidence"), [(90, 0.9), (200, 0.93)])
    def test_what_is_sized_is_repaid_with_its_confidence(
        self, term: int, confidence: float
    ) -> None:
        """P(repaid by H) of T at confidence c is c, on and between the knots."""
        owed = sized(term, confidence)[:2]
        line = quantile_line(SALES.take(slice(0, 2)))
        found = repayment_probability(line, HORIZONS, owed, RATE, term)
        assert found.tolist() == pytest.approx([confidence, confidence])

    def test_the_payoff_day_at_the_confidence_is_the_term(self) -> None:
        """By the term, and not before, it is repaid with the confidence."""
        line = quantile_line(SALES.take(slice(0, 2)))
        found = repayment_day(line, HORIZONS, sized()[:2], RATE, 0.95)
        assert found.tolist() == [180.0, 180.0]

    @given(st.floats(min_value=1e-3, max_value=1e3))
    @settings(max_examples=25)
    def test_scales_with_sales(self, factor: float) -> None:
        """Sales times k give T times k and the same payoff days and fee rate."""
        larger = QuantileGrid(SALES.values * factor, HORIZONS, PROBABILITIES)
        line = quantile_line(larger)
        owed = owed_at_confidence(line, HORIZONS, RATE, 90, 0.9)
        expected = sized(90, 0.9)
        assert np.allclose(owed, expected * factor, rtol=1e-9)
        advance = advance_for_owed(collections(larger), owed, costs())
        assert np.allclose(
            advance,
            advance_for_owed(collections(), expected, costs()) * factor,
            rtol=1e-9,
        )
        days = repayment_day(line, HORIZONS, owed, RATE, 0.5)
        same = repayment_day(quantile_line(SALES), HORIZONS, expected, RATE, 0.5)
        assert np.abs(days - same).max() <= 1.0


class TestPrice:
    """From owed amount to advance and back."""

    @pytest.mark.parametrize(("load", "fixed"), [(1.5, 0.0), (2.0, 150.0)])
    def test_agrees_with_the_loop(self, load: float, fixed: float) -> None:
        """The closed form is what adding up horizon by horizon gives."""
        owed = np.array([150_000.0, 9_000_000.0, 400_000.0])
        found = advance_for_owed(collections(), owed, costs(3, load, fixed))
        for seller in range(3):
            expected = looped_advance(seller, owed[seller], load, fixed)
            assert found[seller] == pytest.approx(expected)

    def test_collections_rise_to_what_is_owed_less_the_shortfall(self) -> None:
        """C rises over the horizons and ends at T - E[shortfall]."""
        owed = np.array([200_000.0, 9_000_000.0, 400_000.0])
        collected = expected_collections(collections(), owed)
        assert (np.diff(collected, axis=1) >= 0).all()
        short = expected_shortfall(collected, owed)
        assert np.allclose(collected[:, -1] + short, owed)

    def test_free_money_is_worth_what_is_collected(self) -> None:
        """At no cost of funds the present value is the last collections."""
        collected = expected_collections(collections(), sized())
        found = present_value(collected, HORIZONS, 0.0)
        assert np.allclose(found, collected[:, -1])

    @given(
        st.floats(min_value=0.2, max_value=1.0),
        st.floats(min_value=0.0, max_value=500.0),
    )
    @settings(max_examples=50)
    def test_search_agrees_with_a_bisection(self, share: float, fixed: float) -> None:
        """For part of the sized advance the smallest fee is that of a bisection."""
        limit = np.array([sized()[0], sized()[1], 300_000.0])
        price = costs(fixed=fixed)
        advance = advance_for_owed(collections(), limit, price) * share
        found = owed_for_advance(collections(), advance, limit, price)
        low, high = (
            advance * 1.04,
            np.maximum(advance * 1.04, np.minimum(advance * 1.16, limit)),
        )
        start = low
        for _ in range(80):
            middle = (low + high) / 2
            enough = advance_worth(collections(), middle, price) >= advance
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        pays = advance_worth(collections(), high, price) >= advance - 1e-3
        at_floor = advance_worth(collections(), start, price) >= advance
        expected = np.where(at_floor, start, np.where(pays, high, np.nan))
        assert np.array_equal(np.isnan(found), np.isnan(expected))
        known = ~np.isnan(found)
        assert np.abs(found - expected)[known].max(initial=0.0) <= 0.01

    def test_a_row_alone_has_the_same_bits_as_in_a_batch(self) -> None:
        """Neighbours move neither present value nor price, not in the last bit."""
        random = np.random.default_rng(11)
        sales = collections(grid(np.exp(random.normal(11, 2, 2_000)).tolist()))
        owed = owed_at_confidence(sales.line, HORIZONS, RATE, 180, 0.95)
        collected = expected_collections(sales, owed)
        together = present_value(collected, HORIZONS, 0.10)
        alone = [
            present_value(collected[[row]], HORIZONS, 0.10)[0] for row in range(2_000)
        ]
        assert together.tolist() == alone
        advance = advance_for_owed(sales, owed, costs(2_000)) / 2
        price = owed_for_advance(sales, advance, owed, costs(2_000))
        for row in range(0, 2_000, 40):
            line = QuantileLine(sales.line.edges, sales.line.values[:, [row]])
            one = Collections(line, HORIZONS, RATE)
            found = owed_for_advance(one, advance[[row]], owed[[row]], costs(1))
            assert found.tolist() == [price[row]]

    def test_search_inverts_the_closed_form(self) -> None:
        """The advance sized from T owes T again."""
        limit = sized()[:2]
        sales = collections(SALES.take(slice(0, 2)))
        advance = advance_for_owed(sales, limit, costs(2))
        found = owed_for_advance(sales, advance, limit, costs(2))
        assert np.allclose(found, limit, atol=0.01)

    def test_never_below_the_fee_floor(self) -> None:
        """A tiny advance that would cost almost nothing still pays the floor."""
        advance = np.array([1_000.0, 1_000.0, 0.0])
        limit = np.array([1e6, 1e6, 0.0])
        found = owed_for_advance(collections(), advance, limit, costs())
        assert found[2] == 0.0
        assert (found[:2] >= 1_040.0).all()

    def test_no_price_where_the_cap_does_not_pay(self) -> None:
        """Owed amounts that sales cannot repay have no fee within the cap."""
        advance = np.array([5e7, 1e6, 5e7])
        limit = np.full(3, np.inf)
        found = owed_for_advance(collections(), advance, limit, costs())
        assert np.isnan(found).tolist() == [True, False, True]

    def test_a_heavier_load_never_advances_more(self) -> None:
        """More doubt about the forecast means less money."""
        owed = np.array([300_000.0, 20_000_000.0, 400_000.0])
        light = advance_for_owed(collections(), owed, costs(load=1.5))
        heavy = advance_for_owed(collections(), owed, costs(load=2.0))
        assert (heavy <= light).all()
        assert heavy[2] < light[2]
