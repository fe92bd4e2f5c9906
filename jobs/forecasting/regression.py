"""The pooled ridge: where S_H lies, learned over all series and past origins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.rows import Rows

_HUBER_STEPS = 3
_HUBER_WIDTH = 1.5
_LEAST_PENALTY = 0.002
_LARGEST_WEIGHT_SHARE = 0.99


@dataclass(frozen=True)
class Scaling:
    """Mean and deviation of every feature; a constant feature stays as it is."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, features: NDArray[np.float64]) -> "Scaling":
        """Return the scaling that standardises ``features`` [rows, features]."""
        mean, deviation = features.mean(axis=0), features.std(axis=0)
        is_constant = deviation < 1e-9  # noqa: PLR2004 - below it is rounding
        return cls(
            np.where(is_constant, 0.0, mean), np.where(is_constant, 1.0, deviation)
        )

    def apply(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return features in deviations, within 5 of them; the first column stays 1."""
        scaled = np.clip((features - self.mean) / self.deviation, -5, 5)
        scaled[:, 0] = 1.0
        return scaled


def row_sums(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each row, added in the same order for one row as for many.

    NumPy adds along memory, and columns that were picked from an array do not lie in it
    as rows do.
    """
    return np.asarray(np.ascontiguousarray(products).sum(axis=1))


@dataclass(frozen=True)
class Location:
    """Where the regression says that S_H lies, in log units.

    ``coefficients`` on scaled features [features]; ``left_out``: the location of each
    training row [rows] by a fit without its origin and all that overlap it.
    """

    coefficients: NDArray[np.float64]
    left_out: NDArray[np.float64]


def fit_location(
    rows: Rows, features: NDArray[np.float64], used: NDArray[np.bool_]
) -> Location:
    """Fit target - first expert on scaled ``features``, of the rows ``used``.

    Ridge with Huber weights; a row counts by a root of its size. Rows of origins nearer
    than the horizon repeat one another, so the penalty grows by how many overlap.
    """
    response = rows.target - rows.experts[:, 0]
    weight = rows.size**0.25
    weight = np.minimum(weight, np.quantile(weight, _LARGEST_WEIGHT_SHARE)) * used
    overlap = float(max(1.0, rows.horizon_days / rows.step_days))
    penalty = _LEAST_PENALTY + 3.0 * overlap / max(int(np.count_nonzero(used)), 1)
    robust = weight
    for step in range(_HUBER_STEPS + 1):
        weighted = features * robust[:, None]
        found = _solve(
            weighted.T @ features, weighted.T @ response, robust.sum(), penalty
        )
        error = response - features @ found
        if step < _HUBER_STEPS:
            width = _HUBER_WIDTH * np.median(np.abs(error[used])) + 1e-6
            robust = weight * np.minimum(1, width / np.maximum(np.abs(error), 1e-9))
    sums = [
        _sums(features[part], response[part], robust[part]) for _, part in _parts(rows)
    ]
    gram, moment, total = (np.array(part) for part in zip(*sums, strict=True))
    coefficients = _solve(gram.sum(0), moment.sum(0), total.sum(), penalty)
    left_out = np.empty(len(response))
    for origin, part in _parts(rows):
        kept = _kept(rows, origin, total)
        without = _solve(
            gram[kept].sum(0), moment[kept].sum(0), total[kept].sum(), penalty
        )
        left_out[part] = features[part] @ without + rows.experts[part, 0]
    return Location(coefficients, left_out)


def _parts(rows: Rows) -> list[tuple[int, slice]]:
    """Return each origin's rows; they lie side by side."""
    bounds = np.searchsorted(rows.origin, np.arange(len(rows.origin_days) + 1))
    return [
        (origin, slice(int(bounds[origin]), int(bounds[origin + 1])))
        for origin in range(len(rows.origin_days))
    ]


def _solve(
    gram: NDArray[np.float64], moment: NDArray[np.float64], total: float, penalty: float
) -> NDArray[np.float64]:
    """Solve the ridge, its penalty a share of the total weight, none on the first."""
    ridge = penalty * total * np.eye(len(moment))
    ridge[0, 0] = 1e-9 * total
    # Where nothing is left to learn from, nothing is learned.
    ridge += 1e-12 * np.eye(len(moment))
    return np.asarray(np.linalg.solve(gram + ridge, moment), dtype=np.float64)


def _sums(
    features: NDArray[np.float64],
    response: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the Gram matrix, the moments and the weight of one origin."""
    weighted = features * weight[:, None]
    return weighted.T @ features, weighted.T @ response, float(weight.sum())


def _kept(rows: Rows, origin: int, total: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the origins that do not overlap ``origin`` [origins].

    While these are too few, the gap asked for shrinks.
    """
    count = len(rows.origin_days)
    if count < 3:  # noqa: PLR2004 - nothing could be left out
        return np.ones(count, dtype=np.bool_)
    distance = np.abs(rows.origin_days - rows.origin_days[origin])
    gap = float(rows.horizon_days)
    while gap >= rows.step_days:
        kept = distance >= gap
        enough = np.count_nonzero(kept) >= max(2, min(4, count // 3))
        if enough and total[kept].sum() > 0.15 * total.sum():
            return np.asarray(kept)
        gap *= 0.7
    return np.asarray(distance > 0)
