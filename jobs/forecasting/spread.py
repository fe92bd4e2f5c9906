"""How far S_H may lie from its location: residuals of past origins, by risk group."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.features import FEATURES
from jobs.forecasting.regression import row_sums
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
    "has_year",
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

    ``scale`` [10] coefficients of log scale and its ``limits`` [2]; ``residuals`` [4,
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
    features: NDArray[np.float64],
    residual: NDArray[np.float64],
    group: NDArray[np.int64],
    used: NDArray[np.bool_],
) -> Spread:
    """Learn scale and residual quantiles from ``residual``, left-out ones [rows].

    The residuals of an origin keep the shock that its series shared, so the bands are
    wide where origins differ, and no wider where they do not. Origins count alike: the
    like of the season to come lies a year back.
    """
    columns = features[:, _COLUMNS]
    weighted = columns * used[:, None]
    ridge = _SCALE_PENALTY * used.sum() * np.diag([0.0] + [1.0] * (len(_COLUMNS) - 1))
    log_size = np.log(np.abs(residual) + _SCALE_FLOOR)
    scale = np.linalg.solve(weighted.T @ columns + ridge, weighted.T @ log_size)
    limits = np.quantile((columns @ scale)[used], [0.005, 0.995])
    relative = residual / np.exp(np.clip(columns @ scale, *limits))
    residuals = np.empty((GROUPS, len(LEVELS)))
    for number in range(GROUPS):
        inside = used & (group == number)
        if np.count_nonzero(inside) < _LEAST_ROWS:
            inside = used
        residuals[number] = np.quantile(relative[inside], LEVELS, method="hazen")
    return Spread(scale, limits, residuals)
