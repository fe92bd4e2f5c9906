"""Levels move against a miss, by little, within bounds, and only where there is one."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from jobs.forecasting.conformal import (
    _FURTHEST,
    LEAST_SERIES,
    Matured,
    no_shift,
    shift_levels,
    shifted,
)
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES

LEVELS = np.array(PROBABILITIES)
DAYS = np.array(HORIZONS_DAYS)
GRID = (len(DAYS), len(LEVELS))
COUNT = 4_000
SHARES = st.lists(st.floats(0, 1), min_size=GRID[1], max_size=GRID[1]).map(sorted)


def _matured(
    below: NDArray[np.float64], at_most: NDArray[np.float64], count: int = COUNT
) -> Matured:
    """Return cohorts of which these shares lie below and at or below each quantile."""
    counts = np.full(GRID[0], count)
    sides = [
        np.round(np.broadcast_to(share, GRID) * count).astype(np.int64)
        for share in (below, at_most)
    ]
    return Matured(sides[0], sides[1], counts)


def _shift(matured: Matured, nights: int = 1) -> NDArray[np.float64]:
    """Return the shifts after as many nights that turned out alike."""
    shift = no_shift(GRID[0], LEVELS)
    for _ in range(nights):
        shift = shift_levels(shift, matured, DAYS, LEVELS)
    return shift


def test_before_anything_has_matured_nothing_is_shifted() -> None:
    """A first night asks for the levels as they are."""
    nothing = Matured(
        np.zeros(GRID, dtype=np.int64),
        np.zeros(GRID, dtype=np.int64),
        np.zeros(GRID[0], dtype=np.int64),
    )

    assert not _shift(nothing).any()
    assert LEVELS.tolist() == shifted(LEVELS, no_shift(GRID[0], LEVELS)[0]).tolist()


@given(SHARES)
def test_too_small_a_cohort_moves_nothing(shares: list[float]) -> None:
    """However wrong it was."""
    share = np.array(shares)

    assert not _shift(_matured(share, share, LEAST_SERIES - 1), 5).any()


def test_a_calibrated_forecast_is_left_alone() -> None:
    """Where a share p lies at or below each quantile p there is nothing to mend."""
    assert not _shift(_matured(LEVELS, LEVELS), nights=400).any()


@given(SHARES)
def test_levels_move_against_the_miss(shares: list[float]) -> None:
    """Too few below a quantile ask for a higher level, too many for a lower one."""
    share = np.round(np.array(shares) * COUNT) / COUNT

    moved = _shift(_matured(share, share))

    assert (np.sign(LEVELS - share) == np.sign(moved)).all()


def test_bands_that_are_too_narrow_become_wider() -> None:
    """With 60 % in a band of 80 %, its edges move out on both sides."""
    narrow = 0.5 + (LEVELS - 0.5) * 0.75

    levels = shifted(LEVELS, _shift(_matured(narrow, narrow), nights=30)[2])

    assert (levels[LEVELS < 0.5] < LEVELS[LEVELS < 0.5]).all()
    assert (levels[LEVELS > 0.5] > LEVELS[LEVELS > 0.5]).all()
    assert levels[LEVELS == 0.5] == 0.5


def test_a_longer_horizon_moves_more_slowly() -> None:
    """Its nights share most of their days, so each says less that is new."""
    missed = LEVELS - 0.1 * np.minimum(LEVELS, 1 - LEVELS)

    moved = _shift(_matured(missed, missed, count=10**6))

    assert (np.diff(moved, axis=0) < 0).all()
    assert pytest.approx(moved[0] * DAYS[0]) == moved[-1] * DAYS[-1]


@given(st.lists(SHARES, min_size=1, max_size=6), st.integers(1, 60))
def test_no_level_ever_leaves_its_bounds(nights: list[list[float]], each: int) -> None:
    """A level stays inside (0, 1), within its share of the way to either end."""
    shift = no_shift(GRID[0], LEVELS)
    furthest = _FURTHEST * np.minimum(LEVELS, 1 - LEVELS)
    for shares in nights:
        share = np.array(shares)
        for _ in range(each):
            shift = shift_levels(shift, _matured(share, share), DAYS, LEVELS)
        assert (np.abs(shift) <= furthest).all()
    for row in shift:
        levels = shifted(LEVELS, row)
        assert levels[0] > 0
        assert levels[-1] < 1


@given(st.floats(0, 0.9))
def test_outcomes_that_equal_a_quantile_of_nothing_are_no_miss(stopped: float) -> None:
    """Where 40 % stop, the quantiles up to .4 are 0 and 40 % lie at, none below."""
    at_most = np.maximum(LEVELS, stopped)
    below = np.where(stopped > LEVELS, 0.0, LEVELS)

    assert np.abs(_shift(_matured(below, at_most))).max() < 1e-4


def test_fewer_stopping_than_said_is_a_miss() -> None:
    """Where quantiles up to .5 are 0 and only a tenth sold nothing, levels rise."""
    at_most = np.where(LEVELS <= 0.5, 0.1, LEVELS)
    below = np.where(LEVELS <= 0.5, 0.0, LEVELS)

    moved = _shift(_matured(below, at_most))[0]

    assert (moved[(LEVELS > 0.1) & (LEVELS <= 0.5)] > 0).all()
    assert not moved[(LEVELS <= 0.1) | (LEVELS > 0.5)].any()


@given(st.lists(st.floats(-0.5, 0.5), min_size=len(LEVELS), max_size=len(LEVELS)))
def test_levels_keep_their_order(parts: list[float]) -> None:
    """Whatever the shifts, a higher quantile is asked for at no lower a level."""
    furthest = np.minimum(LEVELS, 1 - LEVELS)

    levels = shifted(LEVELS, np.array(parts) * furthest)

    assert (np.diff(levels) >= 0).all()


def test_the_correction_follows_a_miss_until_it_is_gone() -> None:
    """Bands that are too narrow are calibrated after some horizons of nights.

    The forecast is a normal distribution of deviation .93 where the truth has 1, and
    each night's cohort was forecast 30 nights ago.
    """
    truth, said = NormalDist(), NormalDist(0, 0.93)
    horizon_days = np.array([30])
    shifts = [no_shift(1, LEVELS)] * 30
    for _ in range(1_500):
        levels = shifted(LEVELS, shifts[-30][0])
        share = np.array([truth.cdf(said.inv_cdf(level)) for level in levels])
        counts = np.round(share[None] * 10**6).astype(np.int64)
        matured = Matured(counts, counts, np.array([10**6]))
        shifts.append(shift_levels(shifts[-1], matured, horizon_days, LEVELS))

    assert pytest.approx(LEVELS, abs=0.002) == share
