"""The grid on which every forecast is stated: horizons by probabilities."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

HORIZONS_DAYS: tuple[int, ...] = (7, 14, 30, 60, 90, 120, 180, 270, 365)
PROBABILITIES: tuple[float, ...] = (
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    0.75,
    0.9,
    0.95,
    0.975,
    0.99,
)


@dataclass(frozen=True)
class Forecast:
    """Quantiles of S_H, the repayable sales of the H days after ``end_date``.

    ``quantiles``: float64 [series, horizons, probabilities], in the unit of each
    series' own currency, never falling along horizons or probabilities.
    ``is_extrapolated``: bool [horizons], true where too few past origins had matured.
    ``horizons_days``: the horizons [horizons].
    """

    quantiles: NDArray[np.float64]
    is_extrapolated: NDArray[np.bool_]
    horizons_days: tuple[int, ...] = HORIZONS_DAYS


#: Standard normal quantiles of the probabilities.
_NORMAL = np.array([NormalDist().inv_cdf(level) for level in PROBABILITIES])


def normal_quantiles(
    mean: NDArray[np.floating], deviation: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return normal quantiles [..., probabilities], at least 0, of [...] moments."""
    quantiles = mean[..., None] + deviation[..., None] * _NORMAL
    return np.asarray(np.maximum(quantiles, 0.0), dtype=np.float64)


def repair(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``values`` [..., horizons, probabilities] made monotone on both axes.

    max(0, value), then the running maximum over horizons, then over probabilities.
    """
    over_horizons = np.maximum.accumulate(np.maximum(values, 0.0), axis=-2)
    return np.maximum.accumulate(over_horizons, axis=-1)
