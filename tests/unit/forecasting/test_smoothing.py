"""The smoother equals a plain loop, NumPy and statsmodels, and never reads ahead."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from panels import random_panel
from statsmodels.tsa.exponential_smoothing.ets import ETSModel, ETSResults

from jobs.forecasting.panel import Panel
from jobs.forecasting.smoothing import (
    _PARAMETERS,
    _TREND_PENALTY_DAYS,
    GRID,
    SEASON_DAYS,
    START_DAYS,
    smooth,
    smooth_with_numpy,
)

HORIZONS_DAYS = np.array([1, 6, 7, 30, 90, 365])
ORIGINS = np.array([40, 68, 69, 110, 160])


@dataclass(frozen=True)
class Smoothed:
    """One series after its last day, by a plain loop.

    ``parameters`` level rate, trend rate, damping and season rate; ``first`` the level
    and the season [7] it began with; ``sigma2`` the variance of a day's error.
    """

    parameters: tuple[float, float, float, float]
    first: tuple[float, list[float]]
    sigma2: float
    mean: list[float]
    deviation: list[float]


def _by_hand(sales: NDArray[np.float32], first_weeks_days: int) -> Smoothed:
    """Smooth a series from its birth on with every parameter set; keep the best."""
    length = min(first_weeks_days, START_DAYS) // SEASON_DAYS * SEASON_DAYS
    start = [float(value) for value in sales[:length]]
    level_0 = sum(start) / max(length, 1)
    season_0 = [0.0] * SEASON_DAYS
    for position in range(SEASON_DAYS if length else 0):
        of_day = start[position::SEASON_DAYS]
        season_0[position] = sum(of_day) / len(of_day) - level_0
    found = []
    for number, row in enumerate(GRID.tolist()):
        level_rate, trend_rate, damping, season_rate = row
        level, trend, season, errors = level_0, 0.0, list(season_0), 0.0
        for day, sold in enumerate(sales.tolist()):
            expected = level + damping * trend + season[day % SEASON_DAYS]
            error = sold - expected
            errors += error**2
            level += damping * trend + level_rate * error
            trend = damping * trend + trend_rate * error
            season[day % SEASON_DAYS] += season_rate * error
        penalty = 1 + _TREND_PENALTY_DAYS / len(sales) * (trend_rate > 0)
        found.append((errors * penalty, number, errors, level, trend, season))
    _, number, errors, level, trend, season = min(found)
    parameters = tuple(GRID[number].tolist())
    sigma2 = errors / max(len(sales) - _PARAMETERS, 1)
    mean, deviation = _days_ahead(
        (level, trend, season), parameters, sigma2, len(sales)
    )
    return Smoothed(parameters, (level_0, season_0), sigma2, mean, deviation)


def _days_ahead(
    state: tuple[float, float, list[float]],
    parameters: tuple[float, ...],
    sigma2: float,
    seen: int,
) -> tuple[list[float], list[float]]:
    """Add days up one by one, and what a shock of each day does to the days after."""
    level, trend, season = state
    level_rate, trend_rate, damping, season_rate = parameters
    last = int(HORIZONS_DAYS[-1])
    expected, moved = [], []
    for ahead in range(1, last + 1):
        damped = sum(damping**power for power in range(1, ahead + 1))
        expected.append(level + damped * trend + season[(seen + ahead - 1) % 7])
        # An error moves its own day by 1 and the day ``ahead`` after it by this much.
        on_weekday = season_rate if ahead % SEASON_DAYS == 0 else 0.0
        moved.append(level_rate + trend_rate * damped + on_weekday)
    means, deviations = [], []
    for horizon in HORIZONS_DAYS.tolist():
        reach = [1 + sum(moved[: horizon - day]) for day in range(1, horizon + 1)]
        means.append(sum(expected[:horizon]))
        deviations.append((sigma2 * sum(part**2 for part in reach)) ** 0.5)
    return means, deviations


def _panel() -> Panel:
    """Return sellers of which some are born between the origins or never."""
    panel = random_panel(count=24, days=170, seed=3)
    births = panel.birth_index

    assert np.count_nonzero((births > ORIGINS[0]) & (births < ORIGINS[-1])) > 5
    return panel


def _close(expected: object, found: NDArray[np.float32]) -> bool:
    """Tell whether float32 arrays agree to a part in ten thousand."""
    size = float(np.abs(found).max(initial=1.0))
    return np.allclose(np.asarray(expected), found, rtol=1e-4, atol=1e-6 * size)


class TestOracles:
    """Kernel, NumPy and plain loop say the same."""

    def test_the_kernel_equals_a_plain_loop(self) -> None:
        """Every series at the first origin that knows 28 of its days, and the last."""
        panel = _panel()

        mean, deviation = smooth(panel.sales, panel.birth_index, ORIGINS, HORIZONS_DAYS)

        compared = 0
        for row, birth in enumerate(panel.birth_index.tolist()):
            told = [
                place
                for place, origin in enumerate(ORIGINS.tolist())
                if origin - birth >= START_DAYS
            ] or ([len(ORIGINS) - 1] if birth < ORIGINS[-1] else [])
            for place in told:
                expected = _by_hand(
                    panel.sales[row, birth : ORIGINS[place]],
                    int(ORIGINS[told[0]]) - birth,
                )
                assert _close(expected.mean, mean[place, row])
                assert _close(expected.deviation, deviation[place, row])
                compared += 1
        assert compared > 30

    @pytest.mark.parametrize("seed", [3, 4, 5])
    def test_the_kernel_equals_numpy(self, seed: int) -> None:
        """Births before the first origin, between two, after the last and never."""
        panel = random_panel(count=40, days=170, seed=seed)

        compiled = smooth(panel.sales, panel.birth_index, ORIGINS, HORIZONS_DAYS)
        by_numpy = smooth_with_numpy(
            panel.sales, panel.birth_index, ORIGINS, HORIZONS_DAYS
        )

        for kernel, numpy in zip(compiled, by_numpy, strict=True):
            assert kernel.any()
            assert _close(numpy, kernel)

    def test_a_series_tells_nothing_before_its_28th_day(self) -> None:
        """Before that day both are 0, the last origin excepted; unborn, always."""
        sales = np.ones((3, 170), dtype=np.float32)
        birth = np.array([41, 155, 165])

        mean, _ = smooth(sales, birth, ORIGINS, HORIZONS_DAYS)

        assert mean[:, 0].any(axis=1).tolist() == [False, False, True, True, True]
        assert mean[:, 1].any(axis=1).tolist() == [False, False, False, False, True]
        assert not mean[:, 2].any()


class TestStatsmodels:
    """Mean and variance of the sum are those of the model in the textbook."""

    @staticmethod
    def _results(
        sales: NDArray[np.float32], oracle: Smoothed
    ) -> tuple[ETSResults, NDArray[np.float64]]:
        """Return the model with the parameters and the start that the kernel chose."""
        level_rate, trend_rate, damping, season_rate = oracle.parameters
        level, season = oracle.first
        model = ETSModel(
            sales.astype(np.float64),
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=SEASON_DAYS,
            initialization_method="known",
            initial_level=level,
            initial_trend=0.0,
            initial_seasonal=season,
        )
        parameters = [level_rate, trend_rate, season_rate, damping]
        return model.smooth([*parameters, level, 0.0, *season[::-1]])

    @pytest.mark.parametrize("kind", ["flat", "rising", "seasonal", "sparse"])
    def test_the_mean_is_the_sum_of_its_point_forecasts(self, kind: str) -> None:
        """In euros and in yen, with a trend and without."""
        for factor in (1.0, 100.0):
            sales = np.float32(factor) * _single(kind)
            oracle = _by_hand(sales, len(sales))
            daily = self._results(sales, oracle).forecast(int(HORIZONS_DAYS[-1]))
            expected = np.cumsum(daily)[HORIZONS_DAYS - 1]

            mean, _ = _smooth_one(sales)

            assert pytest.approx(expected, rel=1e-4, abs=1e-2 * factor) == mean

    @pytest.mark.parametrize("kind", ["flat", "rising", "seasonal", "sparse"])
    def test_the_variance_adds_up_what_each_shock_moves(self, kind: str) -> None:
        """A shock of 1 on one day moves the simulated sum by that day's reach."""
        sales = _single(kind)
        oracle = _by_hand(sales, len(sales))
        results = self._results(sales, oracle)
        last = int(HORIZONS_DAYS[-1])
        shocked = results.simulate(
            last, anchor="end", repetitions=last, random_errors=np.eye(last)
        )
        daily = results.forecast(last)
        moved = np.cumsum(np.asarray(shocked) - np.asarray(daily)[:, None], axis=0)
        squares = (moved[HORIZONS_DAYS - 1] ** 2).sum(axis=1)

        _, deviation = _smooth_one(sales)

        assert pytest.approx(np.sqrt(oracle.sigma2 * squares), rel=1e-4) == deviation

    def test_some_series_takes_a_trend_and_some_none(self) -> None:
        """The comparisons above are of both kinds."""
        rising, flat = (
            _by_hand(_single(kind), START_DAYS) for kind in ("rising", "flat")
        )

        assert rising.parameters[1] > 0
        assert flat.parameters[1] == 0


class TestLaws:
    """What holds whatever the numbers are."""

    def test_many_origins_equal_each_alone(self) -> None:
        """One pass gives at each origin, to the bit, what a panel cut there gives."""
        panel = _panel()

        mean, deviation = smooth(panel.sales, panel.birth_index, ORIGINS, HORIZONS_DAYS)

        compared = 0
        for place, origin in enumerate(ORIGINS.tolist()):
            cut = panel.cut(origin)
            alone = smooth(
                cut.sales, cut.birth_index, np.array([origin]), HORIZONS_DAYS
            )
            old = origin - panel.birth_index >= START_DAYS
            assert alone[0][0, old].tolist() == mean[place, old].tolist()
            assert alone[1][0, old].tolist() == deviation[place, old].tolist()
            compared += np.count_nonzero(old)
        assert compared > 30

    @given(st.integers(1, 5_000), st.integers(1, 120))
    def test_a_constant_series_goes_on_for_certain(self, daily: int, days: int) -> None:
        """The sum is exact and nothing is uncertain, once a week is known."""
        sales = np.full((2, days), daily, dtype=np.float32)

        mean, deviation = smooth(
            sales, np.zeros(2, dtype=np.int64), np.array([days]), HORIZONS_DAYS
        )

        if days >= SEASON_DAYS:
            assert (daily * HORIZONS_DAYS).tolist() == mean[0, 0].tolist()
            assert not deviation.any()
        assert np.isfinite(mean).all()
        assert np.isfinite(deviation).all()

    @given(
        hnp.arrays(np.float32, (2, 45), elements=st.integers(0, 9_999)),
        st.integers(-6, 6),
    )
    def test_sales_times_a_power_of_two_scale_exactly(
        self, sales: NDArray[np.float32], power: int
    ) -> None:
        """Mean and deviation have the unit of the sales."""
        factor = np.float32(2.0**power)
        birth, origin = np.zeros(2, dtype=np.int64), np.array([45])

        once = smooth(sales, birth, origin, HORIZONS_DAYS)
        many = smooth(sales * factor, birth, origin, HORIZONS_DAYS)

        for one, other in zip(once, many, strict=True):
            assert (one * factor).tolist() == other.tolist()


def _single(kind: str) -> NDArray[np.float32]:
    """Return 150 days of one series."""
    random = np.random.default_rng(11)
    day = np.arange(150)
    noise = random.normal(0, 1, 150)
    sales = {
        "flat": 50 + 5 * noise,
        "rising": 20 + 0.02 * day**2 + 2 * noise,
        "seasonal": 40 + 20 * np.sin(2 * np.pi * day / 7) + 3 * noise,
        "sparse": np.where(random.random(150) < 0.2, 80 + 20 * noise, 0.0),
    }[kind]
    return np.maximum(np.round(sales), 0).astype(np.float32)


def _smooth_one(
    sales: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and deviation of one series at its end [horizons]."""
    mean, deviation = smooth(
        sales[None, :],
        np.zeros(1, dtype=np.int64),
        np.array([len(sales)]),
        HORIZONS_DAYS,
    )
    return mean[0, 0], deviation[0, 0]
