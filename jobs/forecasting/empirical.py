"""The baseline: how much comparable sellers sold next, as a multiple of their run rate.

For every horizon H the ratio S_H / (run rate x H) is collected over past origins of a
fixed sample of series. Its quantiles within a cell of age, share of zero days and idle
days, times the run rate of today, are the forecast. Currencies pool because the ratio
has no unit.
"""

import json
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.empirical_features import (
    Features,
    History,
    accumulate,
    features_at,
    target,
)
from jobs.forecasting.grid import (
    HORIZONS_DAYS,
    PROBABILITIES,
    Forecast,
    repair,
)
from jobs.forecasting.panel import Panel
from jobs.forecasting.sampling import sample_rows
from jobs.forecasting.versions import EMPIRICAL

AGE_EDGES_DAYS: tuple[int, ...] = (90, 180)
ZERO_SHARE_EDGES: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95)
IDLE_EDGES_DAYS: tuple[int, ...] = (7, 30)

SAMPLE_SIZE = 5_000
ORIGIN_STEP_DAYS = 14
ORIGINS_LIMIT = 26
LEAST_HISTORY_DAYS = 28
LONGEST_IDLE_DAYS = 120
LEAST_ORIGINS = 6
LEAST_CELL_ROWS = 200

#: What a policy names as its forecast, and the kind of a stored model.
MODEL_VERSION = EMPIRICAL
_AXES = (len(AGE_EDGES_DAYS) + 1, len(ZERO_SHARE_EDGES) + 1, len(IDLE_EDGES_DAYS) + 1)
#: Levels of cells, coarsest first: which of (age, zero share, idle) each tells apart.
_LEVELS = (
    (False, False, False),
    (False, True, False),
    (True, True, False),
    (True, True, True),
)
_DECIMALS = 6


@dataclass(frozen=True)
class EmpiricalModel:
    """What ``fit`` learned and ``predict`` needs.

    ``multiples_days``: float64 [cells, horizons, probabilities], the quantiles of
    S_H / run rate, in days of run rate, monotone on both axes, kept to 6 decimals so
    that they survive text exactly.
    ``is_extrapolated``: bool [horizons].
    """

    multiples_days: NDArray[np.float64]
    is_extrapolated: NDArray[np.bool_]

    def to_json(self) -> str:
        """Return the model as text; ``from_json`` gives back the same bits."""
        content = {
            "kind": MODEL_VERSION,
            "is_extrapolated": self.is_extrapolated.tolist(),
            "multiples_days": self.multiples_days.tolist(),
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the model that ``to_json`` wrote; ValueError for any other text."""
        content = json.loads(text)
        if not isinstance(content, dict) or content.get("kind") != MODEL_VERSION:
            message = f"not a forecast model of kind {MODEL_VERSION}"
            raise ValueError(message)
        multiples = np.array(content["multiples_days"], dtype=np.float64)
        if multiples.shape != _shape():
            message = f"the model has shape {multiples.shape}, expected {_shape()}"
            raise ValueError(message)
        return cls(
            multiples,
            np.array(content["is_extrapolated"], dtype=np.bool_),
        )


@dataclass(frozen=True)
class _Rows:
    """Training rows of one horizon: ratio to the run rate, cell and origin, [rows]."""

    multiple_days: NDArray[np.float64]
    cell: NDArray[np.int64]
    origin: NDArray[np.int64]


def fit(panel: Panel) -> EmpiricalModel:
    """Learn the multiples from the past of a fixed sample of the panel's series.

    Every target ends on or before the panel's last day and every feature is taken as
    of its origin, so nothing overlaps the forecast. Where even the shortest horizon
    has fewer than 6 matured origins, all multiples are 0: nothing known, nothing said.
    """
    sample = panel.take(sample_rows(panel, SAMPLE_SIZE))
    history = accumulate(sample)
    horizons = [_training_rows(history, sample.days, days) for days in HORIZONS_DAYS]
    has_matured = np.array(
        [_origin_count(rows.origin) >= LEAST_ORIGINS for rows in horizons]
    )
    matured_count = int(np.logical_and.accumulate(has_matured).sum())
    multiples = np.zeros(_shape())
    for position, rows in enumerate(horizons[:matured_count]):
        multiples[:, position] = _cell_quantiles(rows)
    return EmpiricalModel(
        np.round(
            repair(extrapolate(multiples, matured_count, HORIZONS_DAYS)), _DECIMALS
        ),
        np.arange(len(HORIZONS_DAYS)) >= matured_count,
    )


def predict(panel: Panel, model: EmpiricalModel) -> Forecast:
    """Return run rate x multiple of the cell for every series of the panel.

    Each series is forecast from its own row alone. One that never sold inside the
    panel has a run rate of 0 and so gets zeros.
    """
    now = features_at(accumulate(panel), np.array([panel.days - 1]))
    run_rate = now.run_rate[:, 0, None, None]
    multiples = model.multiples_days[cells_of(now)[:, 0]]
    return Forecast(run_rate * multiples, model.is_extrapolated)


def cells_of(features: Features) -> NDArray[np.int64]:
    """Return the cell of every series and origin: (age x 7 + zero share) x 3 + idle."""
    age = np.searchsorted(AGE_EDGES_DAYS, features.age_days, side="right")
    zero = np.searchsorted(ZERO_SHARE_EDGES, features.zero_share, side="right")
    idle = np.searchsorted(IDLE_EDGES_DAYS, features.idle_days, side="right")
    return np.asarray((age * _AXES[1] + zero) * _AXES[2] + idle, dtype=np.int64)


def origins_of(days: int, horizon_days: int) -> NDArray[np.int64]:
    """Return the past origins, newest first: days - 1 - H - 14 k for k = 0 … 25."""
    newest = days - 1 - horizon_days
    origins = newest - ORIGIN_STEP_DAYS * np.arange(ORIGINS_LIMIT)
    return origins[origins >= 0]


def extrapolate(
    values: NDArray[np.float64], matured_count: int, horizons_days: tuple[int, ...]
) -> NDArray[np.float64]:
    """Fill the horizons after the first ``matured_count`` [rows, horizons, quantiles].

    q(H) = q(L) (H / L)^g with g = log(q(L) / q(K)) / log(L / K), clipped to [0, 1],
    where K < L are the last two matured horizons. With one matured horizon no growth
    was seen and none is assumed; with none everything stays 0.
    """
    if matured_count in {0, len(horizons_days)}:
        return values
    last = values[:, matured_count - 1]
    growth = np.zeros_like(last)
    if matured_count > 1:
        before = values[:, matured_count - 2]
        step = horizons_days[matured_count - 1] / horizons_days[matured_count - 2]
        ratio = np.divide(last, before, out=np.full_like(last, step), where=before > 0)
        growth = np.clip(np.log(np.maximum(ratio, 1.0)) / np.log(step), 0.0, 1.0)
    filled = values.copy()
    for position in range(matured_count, len(horizons_days)):
        longer = horizons_days[position] / horizons_days[matured_count - 1]
        filled[:, position] = last * longer**growth
    return filled


def _shape() -> tuple[int, int, int]:
    return (int(np.prod(_AXES)), len(HORIZONS_DAYS), len(PROBABILITIES))


def _training_rows(history: History, days: int, horizon_days: int) -> _Rows:
    """Return the rows with 28 days of history and a sale in the last 120 days."""
    origins = origins_of(days, horizon_days)
    features = features_at(history, origins)
    is_row = (
        (features.observed_days >= LEAST_HISTORY_DAYS)
        & (features.idle_days < LONGEST_IDLE_DAYS)
        & (features.run_rate > 0)
    )
    sold = target(history, origins, horizon_days)
    return _Rows(
        sold[is_row] / features.run_rate[is_row],
        cells_of(features)[is_row],
        np.broadcast_to(origins, is_row.shape)[is_row],
    )


def _origin_count(origin: NDArray[np.int64]) -> int:
    return int(np.count_nonzero(np.bincount(origin)))


def _cell_quantiles(rows: _Rows) -> NDArray[np.float64]:
    """Return the quantiles [cells, probabilities]; a thin cell takes its parent's.

    The levels run from coarse to fine, and each overwrites what it can tell better.
    """
    cells = np.indices(_AXES).reshape(len(_AXES), -1)
    quantiles = np.zeros((cells.shape[1], len(PROBABILITIES)))
    least_origins = max(LEAST_ORIGINS, -(-_origin_count(rows.origin) // 3))
    for level in _LEVELS:
        told = np.where(np.array(level)[:, None], cells, 0)
        group_of_cell = np.ravel_multi_index(tuple(told), _AXES)
        group = group_of_cell[rows.cell]
        for number in np.unique(group):
            inside = group == number
            if level == _LEVELS[0] or _is_enough(rows.origin[inside], least_origins):
                multiples = np.quantile(rows.multiple_days[inside], PROBABILITIES)
                quantiles[group_of_cell == number] = multiples
    return quantiles


def _is_enough(origin: NDArray[np.int64], least_origins: int) -> bool:
    """Tell whether a group has 200 rows from enough origins to speak for itself.

    Enough is a third of all matured origins, 6 at least: a group seen on few days
    would take the season of those days for a trait of its sellers.
    """
    return len(origin) >= LEAST_CELL_ROWS and _origin_count(origin) >= least_origins
