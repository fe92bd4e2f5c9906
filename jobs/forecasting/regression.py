"""The pooled ridge: where S_H lies, learned over all series and past origins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.rows import Rows

_HUBER_STEPS = 3
_HUBER_WIDTH = 1.5
_LEAST_PENALTY = 0.002
#: What few independent origins taught is trusted less.
_FEW_ORIGINS_PENALTY = 0.3
#: Standard deviations of a median of normal values: sqrt(pi / 2) squared.
MEDIAN_VARIANCE = 1.57
_MAD_TO_DEVIATION = 1.4826
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

    Ridge with Huber weights. Between origins the evidence is discounted, because one
    origin's rows share its shock: of the Gram matrix G = within + psi x between, with
    psi = 1 / (1 + n tau2 / sigma2 (1 + (H / step - 1) / 2)), n rows an origin, tau2
    the variance of origin medians and sigma2 that of rows (a generalised least squares
    with a random effect by origin).
    """
    response = rows.target - rows.experts[:, 0]
    weight = rows.weight * rows.size**0.25
    weight = np.minimum(weight, np.quantile(weight, _LARGEST_WEIGHT_SHARE)) * used
    overlap = float(max(1.0, rows.horizon_days / rows.step_days))
    penalty = _LEAST_PENALTY + 3.0 * overlap / max(int(np.count_nonzero(used)), 1)
    penalty += _FEW_ORIGINS_PENALTY / rows.independent_count**2
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
    discount = _discount(rows, error, weight, used)
    sums = [
        _sums(features[part], response[part], robust[part], discount[origin])
        for origin, part in _parts(rows)
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


def origin_medians(
    rows: Rows,
    values: NDArray[np.float64],
    weight: NDArray[np.float64],
    used: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return the weighted median of ``values`` at each origin, 0 with under 5 rows."""
    medians = np.zeros(len(rows.origin_days))
    for origin, part in _parts(rows):
        inside = used[part]
        if np.count_nonzero(inside) >= 5:  # noqa: PLR2004 - stated above
            medians[origin] = weighted_quantiles(
                values[part][inside], weight[part][inside], np.array([0.5])
            )[0]
    return medians


def weighted_quantiles(
    values: NDArray[np.float64],
    weight: NDArray[np.float64],
    probabilities: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return quantiles, each value standing in the middle of its weight."""
    order = np.argsort(values, kind="stable")
    reach = np.cumsum(weight[order])
    middle = (reach - 0.5 * weight[order]) / reach[-1]
    return np.interp(probabilities, middle, values[order])


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
    return np.asarray(np.linalg.solve(gram + ridge, moment), dtype=np.float64)


def _discount(
    rows: Rows,
    error: NDArray[np.float64],
    weight: NDArray[np.float64],
    used: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return psi of each origin, to a power from 1/2 (long panels) to 1 (short)."""
    medians = origin_medians(rows, error, weight, used)
    counts = np.bincount(rows.origin[used], minlength=len(medians)).clip(1)
    spread = np.median(np.abs(error[used] - medians[rows.origin[used]]))
    sigma2 = (_MAD_TO_DEVIATION * spread) ** 2 + 1e-9
    tau2 = max(medians.var() - MEDIAN_VARIANCE * sigma2 / counts.mean(), 0.0) + 1e-4
    overlap = 1 + 0.5 * max(rows.horizon_days / rows.step_days - 1, 0)
    power = np.clip(1 - (rows.independent_count - 1.5) / 6, 0.5, 1)
    return np.asarray((1 / (1 + counts * tau2 / sigma2 * overlap)) ** power)


def _sums(
    features: NDArray[np.float64],
    response: NDArray[np.float64],
    weight: NDArray[np.float64],
    discount: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return Gram matrix, moments and weight of an origin, its mean discounted."""
    total = weight.sum() + 1e-12
    weighted = features * weight[:, None]
    mean, level = weighted.sum(axis=0) / total, weight @ response / total
    lost = (1 - discount) * total
    gram = weighted.T @ features - lost * np.outer(mean, mean)
    moment = weighted.T @ response - lost * level * mean
    return gram, moment, float(total)


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
