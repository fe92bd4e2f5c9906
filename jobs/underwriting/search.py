"""Roots of many rising functions at once, each inside a bracket of its own."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jobs.underwriting.arrays import BooleanArray, FloatArray

_ITERATIONS = 60


class Bracket(NamedTuple):
    """Two ends around each root, and the gap at either: at most 0, at least 0."""

    low: FloatArray
    high: FloatArray
    gap_low: FloatArray
    gap_high: FloatArray


def root_between(
    gap: Callable[[FloatArray], FloatArray],
    bracket: Bracket,
    searched: BooleanArray,
    tolerance: float,
) -> FloatArray:
    """Where |gap| <= tolerance inside the bracket, where ``searched``; else anything.

    A bracketed secant (regula falsi with the Illinois weights), which needs a quarter
    of the steps of a bisection. ``gap`` rises in each place and is called with all of
    them; every array is [places].
    """
    low, high, gap_low, gap_high = bracket
    root = high
    side = np.zeros(len(high))
    for _ in range(_ITERATIONS):
        if not searched.any():
            break
        width = np.where(searched, gap_high - gap_low, 1.0)
        root = np.where(searched, (low * gap_high - high * gap_low) / width, root)
        found = gap(root)
        searched = searched & (np.abs(found) > tolerance)
        enough = found > 0
        # Illinois: an end kept twice counts half, so that it moves next time.
        gap_low = np.where(enough & (side > 0), gap_low / 2, gap_low)
        gap_high = np.where(~enough & (side < 0), gap_high / 2, gap_high)
        low, gap_low = np.where(enough, low, root), np.where(enough, gap_low, found)
        high, gap_high = np.where(enough, root, high), np.where(enough, found, gap_high)
        side = np.where(enough, 1.0, -1.0)
    return root
