"""How far S_H may lie from its location: residuals of past origins, by risk group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.features import FEATURES
from jobs.forecasting.regression import row_sums, weighted_quantiles
from jobs.forecasting.rows import Rows
from jobs.forecasting.stacking import GROUPS

#: Features that say how uncertain a series is.
SCALE_FEATURES: tuple[str, ...] = (
    "one",
    "zero_28",
    "zero_112",
    "idle",
    "variation",
    "restlessness",
    "youth",
    "size",
    "smoothing_deviation",
)
_COLUMNS = [FEATURES.index(name) for name in SCALE_FEATURES]
_SCALE_FLOOR, _SCALE_PENALTY = 0.02, 0.02
#: Levels at which residual quantiles are kept, denser in the tails.
LEVELS = np.concatenate(
    [
        np.linspace(0.002, 0.05, 25),
        np.linspace(0.06, 0.94, 45),
        np.linspace(0.95, 0.998, 25),
    ]
)
_LEAST_ROWS = 50


@dataclass(frozen=True)
class Spread:
    """The residuals around a location, in log units.

    ``scale`` [9] coefficients of log scale and its ``limits`` [2]; ``residuals`` [4,
    levels] in scales by risk group.
    """

    scale: NDArray[np.float64]
    limits: NDArray[np.float64]
    residuals: NDArray[np.float64]

    def scales(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scale of each row of scaled ``features`` [rows]."""
        log = row_sums(features[:, _COLUMNS] * self.scale)
        return np.asarray(np.exp(np.clip(log, *self.limits)))


def fit_spread(
    rows: Rows,
    features: NDArray[np.float64],
    residual: NDArray[np.float64],
    group: NDArray[np.int64],
    used: NDArray[np.bool_],
) -> Spread:
    """Learn scale and residual quantiles from ``residual``, left-out ones [rows].

    The residuals of an origin keep the shock that its series shared, so the bands are
    wide where origins differ, and no wider where they do not.
    """
    columns = features[:, _COLUMNS]
    recent = rows.weight * used
    weighted = columns * recent[:, None]
    ridge = _SCALE_PENALTY * recent.sum() * np.diag([0.0] + [1.0] * (len(_COLUMNS) - 1))
    log_size = np.log(np.abs(residual) + _SCALE_FLOOR)
    scale = np.linalg.solve(weighted.T @ columns + ridge, weighted.T @ log_size)
    limits = np.quantile((columns @ scale)[used], [0.005, 0.995])
    relative = residual / np.exp(np.clip(columns @ scale, *limits))
    residuals = np.empty((GROUPS, len(LEVELS)))
    for number in range(GROUPS):
        inside = used & (group == number)
        if np.count_nonzero(inside) < _LEAST_ROWS:
            inside = used
        residuals[number] = weighted_quantiles(
            relative[inside], rows.weight[inside], LEVELS
        )
    return Spread(scale, limits, residuals)
