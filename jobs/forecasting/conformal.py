"""Calibration that goes on every night, from the forecasts whose time has come.

A forecast at level p is right where a share p of outcomes lies at or below it. Each
night one more cohort has matured for every horizon; where its share was off, the level
asked of the model moves a little against the miss (adaptive conformal inference, Gibbs
and Candes 2021). The shifts are part of the stored model, so a night replays exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A miss seen on every night of one whole horizon moves its level by this share of it.
_RATE = 0.3
#: A level moves at most this share of its distance from 0 or 1.
_FURTHEST = 0.5
#: A cohort of fewer series says too little about tails of one percent.
LEAST_SERIES = 100


def no_shift(
    horizon_count: int, probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the shifts before anything has matured [horizons, probabilities]."""
    return np.zeros((horizon_count, len(probabilities)))


@dataclass(frozen=True)
class Matured:
    """The cohorts whose time has come tonight, one a horizon, made H days ago.

    ``below`` and ``at_most`` [horizons, probabilities] count the series whose sales lie
    below each quantile, and at or below it; ``series_counts`` [horizons].
    """

    below: NDArray[np.int64]
    at_most: NDArray[np.int64]
    series_counts: NDArray[np.int64]


def shift_levels(
    before: NDArray[np.float64],
    matured: Matured,
    horizons_days: NDArray[np.int64],
    probabilities: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return tonight's shifts [horizons, probabilities] from last night's.

    shift += 0.3 / H x miss where the cohort has 100 series or more, within half the
    distance of p from 0 and 1. The miss is how far p lies outside of [share below,
    share at or below]: where sellers stop, many outcomes equal a quantile of 0.
    """
    counts = np.maximum(matured.series_counts, 1)[:, None]
    nearest = np.clip(probabilities, matured.below / counts, matured.at_most / counts)
    is_enough = matured.series_counts >= LEAST_SERIES
    rate = np.where(is_enough, _RATE / horizons_days, 0.0)
    moved = before + rate[:, None] * (probabilities - nearest)
    furthest = _FURTHEST * np.minimum(probabilities, 1 - probabilities)
    return np.clip(moved, -furthest, furthest)


def shifted(
    probabilities: NDArray[np.float64], shift: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the levels to ask for, in order [probabilities]."""
    return np.sort(probabilities + shift)
