"""The numerics of the quantile grid against plain loops and closed forms."""

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
    payoff_day,
    probability_at_least,
    quantile_at,
    quantile_line,
    repair,
)

from .builders import HORIZONS, PROBABILITIES, grid

STEPS = st.lists(
    st.one_of(st.just(0.0), st.floats(min_value=0.01, max_value=1e6)),
    min_size=len(PROBABILITIES),
    max_size=len(PROBABILITIES),
)
LEVELS = st.floats(min_value=0.0, max_value=2e7)


def one_line(increments: list[float]) -> QuantileLine:
    """Quantile line of one seller at one horizon, from its increments."""
    sums = np.cumsum(increments)
    values = np.concatenate([[0.0], sums, sums[-1:]])
    edges = np.concatenate([[0.0], PROBABILITIES, [1.0]])
    return QuantileLine(edges, values[:, None])


def looped_quantile(edges: FloatArray, values: FloatArray, probability: float) -> float:
    """Q(p) by walking along the segments."""
    for start, end, low, high in zip(
        edges[:-1], edges[1:], values[:-1], values[1:], strict=True
    ):
        if start <= probability <= end:
            return float(low + (probability - start) / (end - start) * (high - low))
    raise AssertionError(probability)


def looped_probability(edges: FloatArray, values: FloatArray, level: float) -> float:
    """P(S >= K) by walking along the segments."""
    if level <= 0:
        return 1.0
    for start, end, low, high in zip(
        edges[:-1], edges[1:], values[:-1], values[1:], strict=True
    ):
        if low < level <= high:
            inside = (level - low) / (high - low)
            return float(1.0 - (start + inside * (end - start)))
    return 0.0


def looped_minimum(edges: FloatArray, values: FloatArray, level: float) -> float:
    """E[min(K, S)], the sum over segments as underwriting states it."""
    total = 0.0
    for start, end, low, high in zip(
        edges[:-1], edges[1:], values[:-1], values[1:], strict=True
    ):
        inside = (level - low) / (high - low) if high > low else float(level > low)
        share = min(max(inside, 0.0), 1.0)
        middle = (min(low, level) + min(high, level)) / 2
        total += (end - start) * (share * middle + (1 - share) * level)
    return total


class TestProbabilityAxis:
    """One horizon: quantiles, probabilities and expectations."""

    @given(STEPS, LEVELS)
    def test_agrees_with_the_loops(self, increments: list[float], level: float) -> None:
        """P(S >= K) and E[min(K, S)] are what walking the segments gives."""
        line = one_line(increments)
        edges, values = line.edges, line.values[:, 0]
        found = probability_at_least(line, np.array([level]))[0]
        assert found == pytest.approx(looped_probability(edges, values, level))
        expected = looped_minimum(edges, values, level)
        assert expected_minimum(line, np.array([level]))[0] == pytest.approx(expected)

    @given(STEPS, st.floats(min_value=0.0, max_value=1.0))
    def test_quantiles_agree_with_the_loop(
        self, increments: list[float], probability: float
    ) -> None:
        """Q(p) is linear between the edges; a p next to an edge is the edge."""
        line = one_line(increments)
        expected = looped_quantile(line.edges, line.values[:, 0], probability)
        # Within 1e-9 of an edge, where Q may rise by its largest value in .01.
        nearest = 1e-7 * line.values.max()
        found = quantile_at(line, probability)[0]
        assert pytest.approx(expected, abs=nearest) == found

    @given(STEPS, LEVELS, LEVELS)
    def test_more_is_less_likely_and_worth_more(
        self, increments: list[float], one: float, other: float
    ) -> None:
        """P falls and E[min(K, S)] rises in K; E is at most K and at most E[S]."""
        line = one_line(increments)
        low, high = np.array([min(one, other)]), np.array([max(one, other)])
        likely = probability_at_least(line, low), probability_at_least(line, high)
        worth = expected_minimum(line, low), expected_minimum(line, high)
        assert 1 >= likely[0] >= likely[1] >= 0
        assert worth[0] <= worth[1] * (1 + 1e-12) + 1e-9
        assert worth[1] <= min(high[0], line.integrals[-1, 0]) * (1 + 1e-12) + 1e-9

    @given(STEPS, st.floats(min_value=0.001, max_value=0.999))
    def test_a_quantile_is_reached_with_its_probability(
        self, increments: list[float], probability: float
    ) -> None:
        """P(S >= Q(p)) is 1 - p, or more where Q is flat."""
        line = one_line(increments)
        reached = probability_at_least(line, quantile_at(line, probability))[0]
        # A tiny step between large values loses digits of the place inside it.
        assert reached >= 1 - probability - 1e-6

    def test_uniform_sales_in_closed_form(self) -> None:
        """For S uniform on [0, 1]: P(S >= K) = 1 - K, E[min(K, S)] = K - K^2 / 2."""
        edges = np.array([0.0, 0.25, 0.5, 1.0])
        line = QuantileLine(edges, np.stack([edges, edges * 100], axis=1))
        level = np.array([0.3, 30.0])
        assert probability_at_least(line, level).tolist() == pytest.approx([0.7, 0.7])
        assert expected_minimum(line, level).tolist() == pytest.approx([0.255, 25.5])

    def test_a_seller_who_may_sell_nothing_has_an_atom(self) -> None:
        """Zero up to a quarter: a small amount is reached with less than .75."""
        line = one_line([0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0])
        tiny = np.array([1e-9])
        assert probability_at_least(line, np.array([0.0]))[0] == 1.0
        assert probability_at_least(line, tiny)[0] == pytest.approx(0.75)

    def test_nobody_sells_more_than_the_last_quantile(self) -> None:
        """Above the last knot the probability is 0 and E[min] is E[S]."""
        line = one_line([10.0] * len(PROBABILITIES))
        huge = np.array([1e9])
        assert probability_at_least(line, huge)[0] == 0.0
        assert expected_minimum(line, huge)[0] == pytest.approx(line.integrals[-1, 0])


class TestHorizonAxis:
    """Days between the horizons."""

    def test_passes_through_the_horizons_to_the_last_bit(self) -> None:
        """At a horizon the line is the horizon's own."""
        line = quantile_line(grid([123.45, 67_890.0]))
        for place, day in enumerate(HORIZONS):
            found = line_at_day(line, HORIZONS, int(day)).values
            assert np.array_equal(found, line.values[:, :, place])

    def test_is_linear_in_days_through_zero(self) -> None:
        """Half of the first horizon has half its sales, day 75 lies between 60, 90."""
        line = quantile_line(grid([100.0, 6_000.0]))
        first = line_at_day(line, HORIZONS, 3.5).values
        between = line_at_day(line, HORIZONS, 75).values
        assert np.allclose(first, line.values[:, :, 0] / 2)
        assert np.allclose(between, line.values[:, :, 3:5].mean(axis=2))

    @pytest.mark.parametrize("day", [0, 366])
    def test_extrapolates_nothing(self, day: int) -> None:
        """A day outside the grid is refused."""
        with pytest.raises(ValueError, match="outside the grid of 1 to 365 days"):
            line_at_day(quantile_line(grid([1.0, 2.0])), HORIZONS, day)

    @given(
        st.floats(min_value=1.0, max_value=3e5),
        st.sampled_from([0.05, 0.1, 0.5, 0.77, 0.9]),
    )
    @settings(max_examples=50)
    def test_payoff_day_is_the_first_that_is_likely_enough(
        self, level: float, probability: float
    ) -> None:
        """Walking day by day finds the same day, for the euro and the yen seller."""
        line = quantile_line(grid([500.0, 700.0]))
        levels = np.array([level, level])
        found = payoff_day(line, HORIZONS, levels, probability)
        for seller in range(2):
            expected = np.nan
            for day in range(1, 366):
                at_day = line_at_day(line, HORIZONS, day)
                enough = quantile_at(at_day, 1 - probability)[seller]
                if enough >= level * (1 - 1e-12):
                    expected = day
                    break
            assert found[seller] == pytest.approx(expected, nan_ok=True)

    def test_payoff_day_is_missing_beyond_the_grid(self) -> None:
        """Who cannot repay within a year has no payoff day."""
        line = quantile_line(grid([1.0, 1_000.0]))
        found = payoff_day(line, HORIZONS, np.array([10_000.0, 10_000.0]), 0.5)
        assert np.isnan(found).tolist() == [True, False]

    def test_payoff_day_on_a_horizon_is_that_horizon(self) -> None:
        """A crossing exactly on day 90 is not day 91."""
        sales = grid([333.3, 7_777.7])
        line = quantile_line(sales)
        level = sales.values[:, 4, 5]
        assert payoff_day(line, HORIZONS, level, 0.5).tolist() == [90.0, 90.0]


class TestGrid:
    """Repair, selection and refusal."""

    @given(st.integers(min_value=0, max_value=10_000))
    @settings(max_examples=30)
    def test_repair_never_falls_and_keeps_what_was_right(self, seed: int) -> None:
        """Repaired quantiles rise in days and probability; repairing again is idle."""
        noise = np.random.default_rng(seed).normal(
            10.0, 20.0, (2, len(HORIZONS), len(PROBABILITIES))
        )
        found = repair(QuantileGrid(noise, HORIZONS, PROBABILITIES))
        assert (found.values >= 0).all()
        assert (np.diff(found.values, axis=1) >= 0).all()
        assert (np.diff(found.values, axis=2) >= 0).all()
        assert np.array_equal(repair(found).values, found.values)
        right = grid([3.0, 500.0])
        assert np.array_equal(repair(right).values, right.values)

    def test_takes_rows_in_the_order_asked(self) -> None:
        """Rows and their marks stay together."""
        marks = np.zeros((2, len(HORIZONS)), dtype=bool)
        marks[1, -1] = True
        both = grid([1.0, 2.0])
        marked = QuantileGrid(both.values, HORIZONS, PROBABILITIES, marks)
        found = marked.take(np.array([1, 0]))
        assert np.array_equal(found.values, both.values[::-1])
        assert found.extrapolated_at(365).tolist() == [True, False]
        assert found.extrapolated_at(90).tolist() == [False, False]
        assert both.extrapolated_at(365).tolist() == [False, False]

    @pytest.mark.parametrize(
        ("values", "horizons", "probabilities", "fault"),
        [
            (np.ones((2, 3, 2)), [7, 14], [0.1, 0.5], "must be \\[sellers, 2, 2\\]"),
            (np.full((2, 2, 2), np.nan), [7, 14], [0.1, 0.5], "must not be missing"),
            (np.ones((2, 2, 2)), [14, 7], [0.1, 0.5], "positive and increase"),
            (np.ones((2, 2, 2)), [7, 14], [0.0, 0.5], "positive and increase"),
            (np.ones((2, 2, 2)), [7, 14], [0.5, 1.0], "below 1"),
        ],
    )
    def test_refuses_what_is_no_grid(
        self,
        values: FloatArray,
        horizons: list[int],
        probabilities: list[float],
        fault: str,
    ) -> None:
        """Shapes, gaps and order are checked once, at the door."""
        with pytest.raises(ValueError, match=fault):
            QuantileGrid(values, np.array(horizons), np.array(probabilities))
