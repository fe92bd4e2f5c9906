"""The weights of regression and experts add up, and go to whoever was right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_rows import everyone, made_rows
from numpy.typing import NDArray

from jobs.forecasting.experts import EXPERTS
from jobs.forecasting.rows import Rows
from jobs.forecasting.stacking import GROUPS, SHARES, learn_weights, risk_edges

COUNT = 1 + len(EXPERTS)


def _groups(rows: Rows) -> NDArray[np.int64]:
    return np.searchsorted(risk_edges(rows.risk), rows.risk)


def _weights(rows: Rows, locations: NDArray[np.float64]) -> NDArray[np.float64]:
    return learn_weights(rows, locations, _groups(rows), everyone(rows))


def _locations(rows: Rows, right: int, seed: int = 2) -> NDArray[np.float64]:
    """Return locations of which one is nearly right and the others far off."""
    random = np.random.default_rng(seed)
    wrong = random.normal(0, 1.0, (len(rows.target), COUNT))
    wrong[:, right] *= 0.02
    return rows.target[:, None] + wrong


def test_shares_are_every_way_to_share_one() -> None:
    """None is negative, each adds up to 1, none is there twice."""
    assert (SHARES >= 0).all()
    assert pytest.approx(1.0) == SHARES.sum(axis=1)
    assert len(np.unique(SHARES, axis=0)) == len(SHARES)
    assert np.eye(COUNT).tolist() == SHARES[SHARES.max(axis=1) == 1][::-1].tolist()


@given(st.integers(0, 2**32 - 1))
def test_weights_add_up_to_one(seed: int) -> None:
    """In each risk group, and none is negative."""
    rows = made_rows(origins=6, each=30, seed=seed)

    weights = _weights(rows, np.column_stack([rows.target, rows.experts]))

    assert weights.shape == (GROUPS, COUNT)
    assert pytest.approx(np.ones(GROUPS)) == weights.sum(axis=1)
    assert (weights >= 0).all()


@pytest.mark.parametrize("right", range(COUNT))
def test_whoever_was_right_counts_most(right: int) -> None:
    """Whichever it is, in every risk group."""
    rows = made_rows()

    weights = _weights(rows, _locations(rows, right))

    assert [right] * GROUPS == weights.argmax(axis=1).tolist()
    assert weights[:, right].min() > 0.5


def test_groups_may_trust_different_experts() -> None:
    """One is right for the lower half of risks, another for the upper."""
    rows = made_rows(each=200)
    lower = (_groups(rows) < GROUPS // 2)[:, None]
    locations = np.where(lower, _locations(rows, 1), _locations(rows, 3))

    weights = _weights(rows, locations)

    assert weights.argmax(axis=1).tolist() == [1, 1, 3, 3]


def test_a_regression_on_a_short_past_counts_less() -> None:
    """The same rows, thought to lie within one horizon, say less than within many."""
    long = made_rows(horizon_days=7)
    short = made_rows(horizon_days=365)

    much, little = (_weights(rows, _locations(rows, 0))[:, 0] for rows in (long, short))

    assert (little < much).all()


def test_rows_that_are_not_used_count_for_nothing() -> None:
    """Their locations may be anything."""
    rows = made_rows()
    used = np.arange(len(rows.target)) % 2 == 0
    locations = _locations(rows, 1)
    other = np.where(used[:, None], locations, 0.0)

    here, there = (
        learn_weights(rows, part, _groups(rows), used) for part in (locations, other)
    )

    assert here.tolist() == there.tolist()


def test_edges_part_the_risks_into_equal_groups() -> None:
    """A quarter of the rows in each, and equal risks together."""
    rows = made_rows()
    quarter = len(rows.risk) // GROUPS

    assert [quarter] * GROUPS == np.bincount(_groups(rows)).tolist()
    assert risk_edges(np.ones(9)).tolist() == [1.0] * (GROUPS - 1)


def test_groups_without_rows_have_weights() -> None:
    """Where all series are alike some groups stay empty."""
    rows = made_rows()
    alike = np.zeros(len(rows.target), dtype=np.int64)

    weights = learn_weights(rows, _locations(rows, 1), alike, everyone(rows))

    assert pytest.approx(np.ones(GROUPS)) == weights.sum(axis=1)
