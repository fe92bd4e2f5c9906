"""The features by which the regression tells series apart, none of them with a unit."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import WEEK_DAYS, YEAR_DAYS
from jobs.forecasting.pooled import (
    LEAST_SHARE,
    NOTHING,
    RATIO_FLOOR,
    RunRate,
    trailing_mean,
)
from jobs.forecasting.snapshot import ONE_YEAR_DAYS, Snapshot

#: Features that are the same for every horizon, in order.
SHARED: tuple[str, ...] = (
    "one",
    "life",
    "life_grown",
    "week_1",
    "week_2",
    "week_4",
    "week_8",
    "week_16",
    "week_26",
    "week_52",
    "year_growth",
    "has_year",
    "zero_28",
    "zero_112",
    "idle",
    "variation",
    "restlessness",
    "youth",
    "size",
    "week_4_zero",
    "week_16_zero",
    "idle_zero",
)
#: Features of one horizon, after the shared ones.
OWN: tuple[str, ...] = (
    "year_ratio",
    "pooled_year_ratio",
    "year_ratio_zero",
    "smoothing",
    "seasonal",
    "seasonal_aligned",
    "smoothing_deviation",
)
FEATURES = SHARED + OWN
_LOWEST, _HIGHEST = -2.0, 2.0
_RECENT_WEEKS = 16
_VARIATION_FLOOR = 0.03


def in_order(
    columns: Mapping[str, NDArray[np.float64]], names: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return the columns side by side on a new last axis, in the order of ``names``."""
    return np.stack([columns[name] for name in names], axis=-1)


def shared_features(snapshot: Snapshot, run_rate: RunRate) -> NDArray[np.float64]:
    """Return the features that do not depend on the horizon [series, 22]."""
    age = np.maximum(snapshot.age_days, 1)
    zero_28, zero_112 = snapshot.zero_shares.T
    idle = np.log1p(snapshot.idle_days)
    floor = RATIO_FLOOR * run_rate.rate
    lifetime = trailing_mean(snapshot, snapshot.weeks.shape[1])
    life = _clipped((lifetime + floor) / (run_rate.rate + floor))
    last_year = snapshot.base[0, :, 1]
    has_year = (age >= ONE_YEAR_DAYS) & (last_year > 0)
    growth = _clipped((trailing_mean(snapshot, 8) + floor) / (last_year + floor))
    variation, restlessness = _unrest(snapshot, run_rate)
    logs = run_rate.logs
    # A longer window repeats a shorter one until the seller is old enough to fill it.
    columns = {
        "one": np.ones(len(age)),
        "life": life,
        "life_grown": life * (age >= YEAR_DAYS),
        "week_1": logs[1],
        "week_2": logs[2],
        "week_4": logs[4],
        "week_8": logs[8],
        "week_16": logs[16] * (age > WEEK_DAYS * 8),
        "week_26": logs[26] * (age > WEEK_DAYS * 16),
        "week_52": logs[52] * (age > WEEK_DAYS * 26),
        "year_growth": np.where(has_year, growth, 0.0),
        "has_year": has_year * 1.0,
        "zero_28": zero_28,
        "zero_112": zero_112,
        "idle": idle,
        "variation": variation,
        "restlessness": restlessness,
        "youth": 1 / np.sqrt(age / 30),
        "size": _size(run_rate),
        "week_4_zero": logs[4] * zero_112,
        "week_16_zero": logs[16] * zero_112,
        "idle_zero": idle * zero_112,
    }
    return in_order(columns, SHARED)


def _clipped(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.log(ratio), _LOWEST, _HIGHEST)


def _size(run_rate: RunRate) -> NDArray[np.float64]:
    """Return log of run rate over the typical one, 0 where that is unknown [series]."""
    is_known = run_rate.least > 2 * NOTHING
    return np.where(is_known, np.log(run_rate.rate * LEAST_SHARE / run_rate.least), 0.0)


def _unrest(
    snapshot: Snapshot, run_rate: RunRate
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much the last 16 weeks vary, and how much from one to the next.

    log(deviation / mean + 0.03) of weekly sums, and the mean size of their log moves.
    """
    weeks = snapshot.weeks[:, -_RECENT_WEEKS:]
    mean = weeks.mean(axis=1) + WEEK_DAYS * run_rate.least
    deviation = np.sqrt(((weeks - mean[:, None]) ** 2).mean(axis=1))
    variation = np.log(deviation / mean + _VARIATION_FLOOR)
    moves = np.abs(np.diff(np.log(weeks / mean[:, None] + RATIO_FLOOR), axis=1))
    return variation, moves.sum(axis=1) / max(moves.shape[1], 1)
