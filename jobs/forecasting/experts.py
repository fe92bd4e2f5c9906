"""From a snapshot to experts and features: every view of a series, without a unit.

An expert says where S_H will lie; it is kept as log(S_H / base + 0.02), where the base
is the run rate times the length of the horizon in days of the series' own week.
Currencies pool because nothing here has a unit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import WEEK_DAYS, YEAR_DAYS
from jobs.forecasting.features import OWN, SHARED, in_order, shared_features
from jobs.forecasting.panel import Panel
from jobs.forecasting.pooled import Pooled, RunRate, run_rate_of
from jobs.forecasting.seasonal import WeeklyHistory, seasonal_ridge
from jobs.forecasting.snapshot import (
    BASE_WEEKS,
    ONE_YEAR_DAYS,
    TWO_YEARS_DAYS,
    Snapshot,
)

#: Added to the ratio before the logarithm, so that no sales at all have a place.
LOG_FLOOR = 0.02
EXPERTS: tuple[str, ...] = ("seasonal", "smoothing", "own_year", "pooled_year")
LEAST_HISTORY_DAYS = 28
#: Learned from are series that sold in the last 126 days, like those that are scored.
_TYPICAL_WEEKS = 18
#: Experts stay within exp(-3) and exp(2) of the base.
_LOWEST, _HIGHEST = -3.0, 2.0
#: How much the year ratio of a series is pulled to the pooled one: expert and feature.
_EXPERT_PULL, _FEATURE_PULL = 0.1, 0.3
_TWO_YEARS_WEIGHT = 0.45
_PROFILE_PULL = 0.3
_DEVIATION_FLOOR = 0.05


@dataclass(frozen=True)
class Evidence:
    """Experts and features of each series at an origin.

    ``base`` [series, horizons]: run rate x effective days, in the panel's unit.
    ``experts`` [series, horizons, 4]; ``shared`` [series, 22]; ``own`` [series,
    horizons, 7]; ``risk`` [series] grows with sparsity, idleness and variation.
    ``is_typical`` [series]: 28 days of history and a sale in the last 126, the kind of
    series that is learned from.
    """

    base: NDArray[np.float64]
    experts: NDArray[np.float64]
    shared: NDArray[np.float64]
    own: NDArray[np.float64]
    risk: NDArray[np.float64]
    is_typical: NDArray[np.bool_]

    def features(self, horizon: int) -> NDArray[np.float64]:
        """Return all features of one horizon [series, 29]."""
        return np.concatenate([self.shared, self.own[:, horizon]], axis=1)


def weigh(
    panel: Panel,
    snapshot: Snapshot,
    smoothed: tuple[NDArray[np.float32], NDArray[np.float32]],
    pooled: Pooled,
    horizons_days: NDArray[np.int64],
) -> Evidence:
    """Return the evidence; ``smoothed`` is mean and deviation [series, horizons]."""
    run_rate = run_rate_of(panel, snapshot, pooled.typical)
    share = _first_days(snapshot, pooled, panel.days)
    base = run_rate.rate[:, None] * _effective_days(share, horizons_days)
    sold, has_season = _seasonal(snapshot, share, horizons_days)
    smoothing = _in_units(smoothed[0], base)
    seasonal = np.where(np.isnan(sold), smoothing, _in_units(np.nan_to_num(sold), base))
    own_year, pooled_year = _year_experts(snapshot, pooled, run_rate)
    shared = shared_features(snapshot, run_rate)
    zero, idle, variation = (
        shared[:, SHARED.index(name)] for name in ("zero_112", "idle", "variation")
    )
    ratio, pooled_ratio = _year_ratio(snapshot, pooled, run_rate, (0, 1), _FEATURE_PULL)
    deviation = np.log(smoothed[1] / base + _DEVIATION_FLOOR)
    own = {
        "year_ratio": ratio,
        "pooled_year_ratio": pooled_ratio,
        "year_ratio_zero": ratio * zero[:, None],
        "smoothing": smoothing,
        "seasonal": seasonal,
        "seasonal_aligned": seasonal * has_season[:, None],
        "smoothing_deviation": np.clip(deviation, _LOWEST, _HIGHEST),
    }
    has_sold = snapshot.weeks[:, -_TYPICAL_WEEKS:].any(axis=1)
    is_typical = (snapshot.age_days >= LEAST_HISTORY_DAYS) & has_sold
    return Evidence(
        base=base,
        experts=np.stack([seasonal, smoothing, own_year, pooled_year], axis=2),
        shared=shared,
        own=in_order(own, OWN),
        risk=zero + 0.35 * idle + 0.15 * variation,
        is_typical=is_typical,
    )


def _first_days(snapshot: Snapshot, pooled: Pooled, days: int) -> NDArray[np.float64]:
    """Return the share of a week's sales by its first d + 1 days [series, 7].

    The days of the series' last 8 weeks, pulled to the pooled weekday profile.
    """
    total = snapshot.week_days.sum(axis=1, keepdims=True)
    profile = np.roll(pooled.profile, -(days % WEEK_DAYS)) / WEEK_DAYS
    own = np.tile(profile, (len(total), 1))
    np.divide(snapshot.week_days, total, out=own, where=total > 0)
    return np.cumsum((own + _PROFILE_PULL * profile) / (1 + _PROFILE_PULL), axis=1)


def _effective_days(
    share: NDArray[np.float64], horizons_days: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return whole weeks and the part of the broken one, in days [series, horizons]."""
    whole, rest = np.divmod(horizons_days, WEEK_DAYS)
    broken = np.where(rest > 0, share[:, rest - 1], 0.0)
    return np.asarray(np.maximum(WEEK_DAYS * (whole + broken), 1e-3))


def _in_units(
    sales: NDArray[np.floating], base: NDArray[np.float64]
) -> NDArray[np.float64]:
    ratio = np.maximum(sales, 0) / base
    return np.asarray(np.clip(np.log(ratio + LOG_FLOOR), _LOWEST, _HIGHEST))


def _year_ratio(
    snapshot: Snapshot,
    pooled: Pooled,
    run_rate: RunRate,
    year_and_base: tuple[int, int],
    pull: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return log of future over base a year ago, own and pooled [series, horizons].

    log((f + k e^pooled b + .02 s) / (b (1 + k) + .02 s)), k the pull to the pooled one.
    """
    year, place = year_and_base
    rate = 0.02 * run_rate.rate[:, None]
    base = snapshot.base[year, :, place, None]
    least_age = (ONE_YEAR_DAYS, TWO_YEARS_DAYS)[year]
    has_year = (snapshot.age_days >= least_age)[:, None] & (base > 0)
    future = snapshot.future[year]
    common = np.broadcast_to(pooled.log_ratios[year, place], future.shape)
    floor = base + run_rate.least[:, None]
    above = future + pull * np.exp(common) * floor + rate
    below = floor * (1 + pull) + rate
    return np.where(has_year, np.log(above / below), common), common


def _year_experts(
    snapshot: Snapshot, pooled: Pooled, run_rate: RunRate
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return run rate x ratio of a year ago, own and pooled [series, horizons].

    Each is the mean over three bases; .45 of it come from two years ago where a series,
    or for the pooled one any series, has them.
    """
    rates = np.stack([run_rate.logs[weeks] for weeks in BASE_WEEKS])[:, :, None]
    experts = np.empty((2, 2, *snapshot.future.shape[1:]))
    for year in range(2):
        ratios = [
            _year_ratio(snapshot, pooled, run_rate, (year, place), _EXPERT_PULL)
            for place in range(len(BASE_WEEKS))
        ]
        for kind, parts in enumerate(zip(*ratios, strict=True)):
            ratio = np.exp(np.mean(rates + np.stack(parts), axis=0))
            experts[kind, year] = _in_units(ratio, np.ones_like(ratio))
    has_two = (snapshot.age_days >= TWO_YEARS_DAYS)[:, None]
    weight = _TWO_YEARS_WEIGHT
    both = (1 - weight) * experts[:, 0] + weight * experts[:, 1]
    own = np.where(has_two, both[0], experts[0, 0])
    return own, both[1] if pooled.is_told[1] else experts[1, 0]


def _seasonal(
    snapshot: Snapshot, share: NDArray[np.float64], horizons_days: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    weeks = snapshot.weeks.shape[1]
    year_and_week = YEAR_DAYS + WEEK_DAYS
    aligned = (snapshot.age_days - year_and_week) // WEEK_DAYS
    aligned = np.minimum(aligned, weeks - year_and_week // WEEK_DAYS)
    history = WeeklyHistory(
        weeks=snapshot.weeks,
        year_before=snapshot.year_weeks,
        known_weeks=np.minimum(snapshot.age_days // WEEK_DAYS, weeks),
        aligned_weeks=np.maximum(aligned, 0),
    )
    return seasonal_ridge(history, share, horizons_days)
