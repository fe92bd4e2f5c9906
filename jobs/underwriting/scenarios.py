"""Scenarios: the same sellers, whose sales turn out otherwise than forecast."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jobs.underwriting.distribution import (
    QuantileGrid,
    line_at_day,
    quantile_line,
    repair,
)

#: Days without any sale in the scenario of a lost month.
LOST_DAYS = 30


def scaled(grid: QuantileGrid, factor: float) -> QuantileGrid:
    """Every sale times ``factor``: each quantile of S_H times it, exactly."""
    return replace(grid, values=grid.values * factor)


def lost_month(grid: QuantileGrid) -> QuantileGrid:
    """No sale for 30 days, then as forecast: S'_H = S_H - S_min(H, 30).

    Quantile by quantile, as if a seller kept the same level at every horizon, then
    repaired so that none falls. Sales lost are not made up for later.
    """
    column = int(np.searchsorted(grid.horizons_days, LOST_DAYS, side="right")) - 1
    at_day = line_at_day(quantile_line(grid), grid.horizons_days, LOST_DAYS)
    lost = np.moveaxis(at_day.values[1:-1], 0, -1)[:, None, :]
    values = grid.values - lost
    values[:, : column + 1] = 0.0
    return repair(replace(grid, values=values))


SCENARIOS: dict[str, Callable[[QuantileGrid], QuantileGrid]] = {
    "sales_down_30": lambda grid: scaled(grid, 0.7),
    "flat": lambda grid: grid,
    "sales_up_20": lambda grid: scaled(grid, 1.2),
    "lost_month": lost_month,
}
