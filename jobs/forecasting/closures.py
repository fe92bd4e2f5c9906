"""Stretches without sales that cannot be chance, in series that came back after them.

A seller on holiday, or a shop being rebuilt, is not one whose sales are falling. Such
stretches are filled with what was usual before them, once their end is known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.kernels import compiled

#: Of a stretch, and of the history before it.
_LEAST_DAYS = 28
#: Days before a stretch that say how often the series used to sell.
_BEFORE_DAYS = 56
#: A stretch is no chance where (1 - share of sale days) ^ days is below exp(-40).
_SURPRISE = 40.0
_FILL_WEEKS = 4
_WEEK_DAYS = 7


@dataclass(frozen=True)
class Closures:
    """Stretches without sales, an entry each.

    ``row`` of the series, the column where the stretch starts, and the column of the
    first sale after it, each int64 [stretches]. The rows increase.
    """

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def under_way(self, known_days: int) -> NDArray[np.int64]:
        """Return the rows inside a stretch whose end ``known_days`` do not show yet."""
        return self.row[(self.start < known_days) & (self.end >= known_days)]


def find_closures(
    sales: NDArray[np.float32], birth_index: NDArray[np.int64]
) -> Closures:
    """Return the stretches of at least 28 days that cannot be chance.

    With p the share of sale days in the 56 days before, a stretch of n days cannot be
    chance where -n log(1 - p) >= 40. Only what comes before a stretch decides, and
    that is 28 days at least: of a younger series nobody can say what is usual.
    """
    found = _find(sales, np.maximum(birth_index, 0))
    row, start, end = (
        (np.array(part, dtype=np.int64) for part in (zip(*found, strict=True)))
        if found
        else (np.zeros(0, dtype=np.int64),) * 3
    )
    return Closures(row, start, end)


def fill(
    sales: NDArray[np.float32], closures: Closures, known_days: int
) -> NDArray[np.float32]:
    """Return the first ``known_days`` of ``sales`` with every ended stretch filled.

    Each day gets the mean of its weekday in the four weeks before the stretch.
    """
    known = sales[:, :known_days]
    ended = closures.end < known_days
    if not ended.any():
        return known
    filled = known.copy()
    _fill(filled, closures.row[ended], closures.start[ended], closures.end[ended])
    return filled


@compiled
def _find(
    sales: NDArray[np.float32], birth_index: NDArray[np.int64]
) -> list[tuple[int, int, int]]:  # pragma: no cover - compiled
    found = []
    days = sales.shape[1]
    for row in range(len(sales)):
        last = -1
        for day in range(birth_index[row], days):
            if sales[row, day] <= 0:
                continue
            is_told = last + 1 - birth_index[row] >= _LEAST_DAYS
            if is_told and day - last - 1 >= _LEAST_DAYS:
                first = max(last + 1 - _BEFORE_DAYS, birth_index[row])
                sold = 0
                for before in range(first, last + 1):
                    sold += sales[row, before] > 0
                share = min(sold / _BEFORE_DAYS, 0.999)
                if -(day - last - 1) * np.log(1 - share) >= _SURPRISE:
                    found.append((row, last + 1, day))
            last = day
    return found


@compiled
def _fill(
    sales: NDArray[np.float32],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:  # pragma: no cover - compiled
    for place in range(len(rows)):
        row, start = rows[place], starts[place]
        for day in range(start, ends[place]):
            back = day - start + 1
            latest = day - _WEEK_DAYS * ((back + _WEEK_DAYS - 1) // _WEEK_DAYS)
            total = np.float32(0)
            for week in range(_FILL_WEEKS):
                total += sales[row, latest - _WEEK_DAYS * week]
            sales[row, day] = total / np.float32(_FILL_WEEKS)
