"""The distribution of cumulative sales S_t, known by quantiles on a grid of horizons.

Between the quantiles the quantile function Q_t(p) is linear in p, from (0, 0) through
the quantiles to (1, q of the last probability); between horizons each quantile is
linear in days, from (0 days, 0). A seller who may sell nothing at all has quantiles of
zero up to some probability, so the atom at zero needs no field of its own.
Everything works on all sellers at once; no probability is ever interpolated over days.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray

_AXES = ("sellers", "horizons", "probabilities")

#: 1 - 0.95 is not 0.05 in binary; closer than this means the same knot.
_SAME_PROBABILITY = 1e-9


@dataclass(frozen=True)
class QuantileGrid:
    """Quantiles of cumulative repayable sales S_H.

    ``values`` is float64 [sellers, horizons, probabilities] in minor units;
    ``horizons_days`` and ``probabilities`` increase. ``is_extrapolated`` [sellers,
    horizons] marks horizons with too few matured origins; without it none is.
    """

    values: FloatArray
    horizons_days: IntegerArray
    probabilities: FloatArray
    is_extrapolated: BooleanArray | None = None

    def __post_init__(self) -> None:
        """Check shapes and order, so that later steps need not."""
        shape = (len(self.horizons_days), len(self.probabilities))
        if self.values.ndim != len(_AXES) or self.values.shape[1:] != shape:
            message = f"Quantiles must be [sellers, {shape[0]}, {shape[1]}]."
            raise ValueError(message)
        if np.isnan(self.values).any():
            message = "Quantiles must not be missing."
            raise ValueError(message)
        for axis, low in ((self.horizons_days, 0), (self.probabilities, 0.0)):
            if axis[0] <= low or np.any(np.diff(axis) <= 0):
                message = "Horizons and probabilities must be positive and increase."
                raise ValueError(message)
        if self.probabilities[-1] >= 1:
            message = "Probabilities must lie below 1."
            raise ValueError(message)

    def take(self, rows: IntegerArray | slice) -> "QuantileGrid":
        """Return the grid of these rows only, in their order."""
        marks = self.is_extrapolated
        return QuantileGrid(
            self.values[rows],
            self.horizons_days,
            self.probabilities,
            None if marks is None else marks[rows],
        )

    def extrapolated_at(self, day: int) -> BooleanArray:
        """Whether the first horizon at or after ``day`` is extrapolated [sellers]."""
        if self.is_extrapolated is None:
            return np.zeros(len(self.values), dtype=np.bool_)
        column = int(np.searchsorted(self.horizons_days, day))
        return np.asarray(self.is_extrapolated[:, column], dtype=np.bool_)


def joined(first: QuantileGrid, second: QuantileGrid) -> QuantileGrid:
    """Return the sellers of both grids, those of ``first`` before the others."""
    marks = None
    if first.is_extrapolated is not None and second.is_extrapolated is not None:
        marks = np.concatenate([first.is_extrapolated, second.is_extrapolated])
    values = np.concatenate([first.values, second.values])
    return QuantileGrid(values, first.horizons_days, first.probabilities, marks)


def repair(grid: QuantileGrid) -> QuantileGrid:
    """Return a grid that never falls: max(0, q), then running maxima.

    q(h, p) = max over p' <= p of max over h' <= h of max(0, q(h', p')).
    """
    over_days = np.maximum.accumulate(np.maximum(grid.values, 0.0), axis=1)
    values = np.maximum.accumulate(over_days, axis=2)
    return QuantileGrid(
        values,
        grid.horizons_days,
        grid.probabilities,
        grid.is_extrapolated,
    )


@dataclass(frozen=True)
class QuantileLine:
    """Quantile functions piecewise linear in p, the edges of p on the first axis.

    ``edges`` [edges] runs from 0 to 1; ``values`` is [edges, ...] and never falls. The
    edge axis comes first so that work along it runs over long contiguous arrays.
    """

    edges: FloatArray
    values: FloatArray

    @cached_property
    def integrals(self) -> FloatArray:
        """Integral of Q over [0, edge], by trapezes; shape of ``values``."""
        widths = _beside(np.diff(self.edges), self.values)
        result = np.zeros_like(self.values)
        areas = widths * (self.values[1:] + self.values[:-1]) / 2
        np.cumsum(areas, axis=0, out=result[1:])
        return result


def quantile_line(grid: QuantileGrid) -> QuantileLine:
    """Return Q_H(p) at every horizon, through (0, 0), the quantiles, (1, q_last).

    The values are [edges, sellers, horizons]. The line to (0, 0) matters most: a flat
    lower tail biases the expected shortfall by many basis points.
    """
    sellers, horizons, count = grid.values.shape
    values = np.zeros((count + 2, sellers, horizons))
    values[1:-1] = np.moveaxis(grid.values, 2, 0)
    values[-1] = values[-2]
    return QuantileLine(np.concatenate([[0.0], grid.probabilities, [1.0]]), values)


def line_at_day(
    line: QuantileLine,
    horizons_days: IntegerArray,
    day: float,
) -> QuantileLine:
    """Return Q_t(p) at one day t: every quantile linear in days, through (0, 0).

    Q_t = Q_a + (t - a) / (b - a) (Q_b - Q_a) between the horizons a < t <= b. The
    values lose their horizon axis: [edges, sellers].

    Raises:
        ValueError: the day lies outside the grid.

    """
    if not 0 < day <= horizons_days[-1]:
        message = f"Day {day} lies outside the grid of 1 to {horizons_days[-1]} days."
        raise ValueError(message)
    right = int(np.searchsorted(horizons_days, day))
    upper, end = line.values[:, :, right], float(horizons_days[right])
    if right == 0 or day == end:  # on a horizon: its quantiles, to the last bit
        return QuantileLine(line.edges, upper * (day / end))
    lower, start = line.values[:, :, right - 1], float(horizons_days[right - 1])
    share = (day - start) / (end - start)
    return QuantileLine(line.edges, lower + share * (upper - lower))


def quantile_at(line: QuantileLine, probability: float) -> FloatArray:
    """Q(p) = Q(a) + (p - a) / (b - a) (Q(b) - Q(a)) between the edges a <= p <= b."""
    nearest = int(np.abs(line.edges - probability).argmin())
    if abs(line.edges[nearest] - probability) < _SAME_PROBABILITY:
        return np.asarray(line.values[nearest], dtype=np.float64)
    right = int(np.searchsorted(line.edges, probability))
    start, end = line.edges[right - 1], line.edges[right]
    share = (probability - start) / (end - start)
    lower, upper = line.values[right - 1], line.values[right]
    return np.asarray(lower + share * (upper - lower), dtype=np.float64)


def probability_at_least(line: QuantileLine, level: FloatArray) -> FloatArray:
    """P(S >= K) = 1 - p*, where p* is the smallest p with Q(p) >= K.

    ``level`` holds K with the shape of one edge of the line. 1 for K <= 0; 0 above the
    largest value.
    """
    reached, _, _, _ = _locate(line, level)
    return np.asarray(1.0 - reached, dtype=np.float64)


def expected_minimum(line: QuantileLine, level: FloatArray) -> FloatArray:
    """E[min(K, S)] = integral of Q over [0, p*] + K (1 - p*), p* as in P(S >= K).

    Exact for the piecewise linear Q, and the sum over segments [a, b] of width dp of
    dp (w (min(a, K) + min(b, K)) / 2 + (1 - w) K) with w = clip((K - a) / (b - a), 0,
    1). ``level`` holds K >= 0 with the shape of one edge of the line.
    """
    reached, start, lower, area = _locate(line, level)
    capped = np.minimum(level, line.values[-1])
    inside = area + (reached - start) * (lower + capped) / 2
    return np.asarray(inside + level * (1.0 - reached), dtype=np.float64)


def payoff_day(
    line: QuantileLine,
    horizons_days: IntegerArray,
    level: FloatArray,
    probability: float,
) -> FloatArray:
    """Smallest whole day t with P(S_t >= K) >= p, that is with Q_t(1 - p) >= K.

    ``level`` holds K > 0 [sellers]. NaN where the last horizon does not reach K: the
    day lies beyond the grid and nothing is extrapolated.
    """
    quantiles = quantile_at(line, 1.0 - probability)
    reached = np.concatenate([np.zeros((len(quantiles), 1)), quantiles], axis=1)
    days = np.concatenate([[0.0], horizons_days.astype(np.float64)])
    short = (reached < level[:, None]).sum(axis=1)
    right = np.clip(short, 1, len(horizons_days))
    rows = np.arange(len(level))
    start, end = reached[rows, right - 1], reached[rows, right]
    rise = np.where(end > start, end - start, 1.0)
    share = np.clip((level - start) / rise, 0.0, 1.0)
    exact = days[right - 1] + share * (days[right] - days[right - 1])
    # A crossing on a whole day must not become the next one by a rounding error.
    whole = np.maximum(np.ceil(exact - 1e-9), 1.0)
    return np.where(short > len(horizons_days), np.nan, whole)


def _locate(
    line: QuantileLine,
    level: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Where Q reaches K: p*, and the start, Q and integral of p*'s segment."""
    count = np.zeros(level.shape, dtype=np.uint16)
    for value in line.values:  # over the edges, never over sellers
        count += value < level
    below = count.astype(np.int64)
    right = np.clip(below, 1, len(line.edges) - 1)
    # Where each element's edge below K lies in the flat values; the next is a row on.
    place = (right - 1) * level.size + np.arange(level.size).reshape(level.shape)
    lower, upper = line.values.take(place), line.values.take(place + level.size)
    start, end = line.edges[right - 1], line.edges[right]
    rise = np.where(upper > lower, upper - lower, 1.0)
    inside = np.clip((level - lower) / rise, 0.0, 1.0)
    reached = start + inside * (end - start)
    reached = np.where(below == len(line.edges), 1.0, reached)
    return reached, start, lower, line.integrals.take(place)


def _beside(widths: FloatArray, values: FloatArray) -> FloatArray:
    return widths.reshape((-1,) + (1,) * (values.ndim - 1))
