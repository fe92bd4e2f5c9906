"""One horizon's distribution: calibrated, in order, with an atom at zero and a cap."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_rows import made_rows
from numpy.typing import NDArray

from jobs.forecasting.experts import LOG_FLOOR, Evidence
from jobs.forecasting.features import FEATURES, SHARED
from jobs.forecasting.grid import PROBABILITIES
from jobs.forecasting.horizon import (
    _LEAST_HIGHEST,
    HorizonModel,
    fit_horizon,
    horizon_quantiles,
)
from jobs.forecasting.rows import Rows

LEVELS = np.array(PROBABILITIES)
IDLE = FEATURES.index("idle")


def _evidence(rows: Rows) -> Evidence:
    """Return rows as evidence at one horizon."""
    return Evidence(
        base=rows.base[:, None],
        experts=rows.experts[:, None],
        shared=rows.features[:, : len(SHARED)],
        own=rows.features[:, None, len(SHARED) :],
        risk=rows.risk,
        is_typical=np.ones(len(rows.base), dtype=np.bool_),
    )


def _stopping(rows: Rows, seed: int = 3) -> Rows:
    """Return the rows of which every fifth or so sold nothing, the idle more often."""
    chance = 1 / (1 + np.exp(1.5 - rows.features[:, IDLE]))
    stopped = np.random.default_rng(seed).random(len(chance)) < chance
    return replace(
        rows,
        sold=np.where(stopped, 0.0, rows.sold),
        target=np.where(stopped, np.log(LOG_FLOOR), rows.target),
    )


@cache
def _model(is_stopping: bool = False) -> HorizonModel:  # noqa: FBT001, FBT002 - two models
    rows = made_rows(origins=20, each=150)
    return fit_horizon(_stopping(rows) if is_stopping else rows)


def _quantiles(
    model: HorizonModel,
    rows: Rows,
    before: float = 1.0,
    levels: NDArray[np.float64] = LEVELS,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    stop = np.full(len(rows.base), before)
    return horizon_quantiles(model, _evidence(rows), 0, levels, stop)


@pytest.mark.parametrize("is_stopping", [False, True])
def test_is_calibrated_on_rows_it_has_not_seen(is_stopping: bool) -> None:  # noqa: FBT001
    """A share p of the outcomes lies at or below each quantile p, none below by more.

    Where sellers stop, outcomes equal to a quantile of 0 lie at it.
    """
    fresh = made_rows(origins=20, each=150, seed=9)
    fresh = _stopping(fresh, seed=5) if is_stopping else fresh

    found, _ = _quantiles(_model(is_stopping), fresh)

    below = (fresh.sold[:, None] < found).mean(axis=0)
    at_most = (fresh.sold[:, None] <= found).mean(axis=0)
    assert (below <= LEVELS + 0.04).all()
    assert (at_most >= LEVELS - 0.04).all()


@pytest.mark.parametrize("is_stopping", [False, True])
def test_quantiles_rise_with_the_level(is_stopping: bool) -> None:  # noqa: FBT001
    """None is negative, none is infinite, none is below the one before."""
    rows = made_rows(seed=9)

    found, _ = _quantiles(_model(is_stopping), rows)

    assert (len(rows.base), len(LEVELS)) == found.shape
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=1) >= 0).all()


def test_levels_up_to_the_chance_of_no_sale_are_zero() -> None:
    """The atom at zero is as large as the chance, and sales follow above it."""
    rows = made_rows(seed=9)

    found, stop = _quantiles(_model(is_stopping=True), rows)

    is_below = stop[:, None] >= LEVELS
    assert is_below.any()
    assert not found[is_below].any()
    assert found[:, -1].all()
    assert np.corrcoef(stop, rows.features[:, IDLE])[0, 1] > 0.8


@given(st.floats(0.001, 1.0))
def test_the_chance_of_no_sale_never_grows_with_the_horizon(before: float) -> None:
    """Whoever has sold within a month has sold within a quarter."""
    _, stop = _quantiles(_model(is_stopping=True), made_rows(seed=9), before)

    assert (stop <= before).all()


def test_without_stopping_there_is_no_atom() -> None:
    """Where everybody sold, nobody is expected to stop."""
    _, stop = _quantiles(_model(), made_rows(seed=9))

    assert not stop.any()


def test_nothing_is_believed_beyond_what_was_seen() -> None:
    """Experts and features gone wild stay near the largest target of the past."""
    model, rows = _model(), made_rows(seed=9)
    wild = replace(rows, features=rows.features * 1e6, experts=np.full((960, 4), 50.0))
    highest = max(model.support[1], _LEAST_HIGHEST)

    found, _ = _quantiles(model, wild)

    assert (found <= np.exp(highest) * rows.base[:, None] * (1 + 1e-9)).all()


@given(
    st.lists(st.floats(1e-6, 1 - 1e-6), min_size=2, max_size=20).map(sorted),
    st.booleans(),
)
def test_any_levels_may_be_asked_for(levels: list[float], is_stopping: bool) -> None:  # noqa: FBT001
    """Corrected levels too, far into the tails, in the same order."""
    rows = made_rows(origins=2, each=20, seed=9)

    found, _ = _quantiles(_model(is_stopping), rows, levels=np.array(levels))

    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= 0).all()


def test_sellers_do_not_depend_on_one_another() -> None:
    """Each alone gets the bytes that it gets among the others."""
    rows = made_rows(origins=2, each=20, seed=9)
    evidence = _evidence(rows)
    whole, _ = _quantiles(_model(is_stopping=True), rows)

    for row in range(40):
        alone = Evidence(
            **{name: part[row : row + 1] for name, part in vars(evidence).items()}
        )
        found, _ = horizon_quantiles(
            _model(is_stopping=True), alone, 0, LEVELS, np.ones(1)
        )
        assert whole[row].tobytes() == found[0].tobytes()


def test_no_series_have_no_quantiles() -> None:
    """An empty block is no error."""
    nobody = Evidence(
        **{name: part[:0] for name, part in vars(_evidence(made_rows())).items()}
    )

    found, stop = horizon_quantiles(_model(), nobody, 0, LEVELS, np.ones(0))

    assert (0, len(LEVELS)) == found.shape
    assert stop.shape == (0,)
