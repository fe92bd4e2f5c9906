"""From a snapshot to experts and features: every view of a series, without a unit.

An expert says where S_H will lie; it is kept as log(S_H / base + 0.02), where the base is
the run rate times the length of the horizon in days of the series' own week. Currencies
pool because nothing here has a unit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import WEEK_DAYS, YEAR_DAYS
from jobs.forecasting.panel import Panel
from jobs.forecasting.seasonal import seasonal_ridge
from jobs.forecasting.snapshot import (
    BASE_WEEKS,
    LONGEST_IDLE_DAYS,
    ONE_YEAR_DAYS,
    TWO_YEARS_DAYS,
    Snapshot,
)

#: Added to the ratio before the logarithm, so that no sales at all have a place.
LOG_FLOOR = 0.02
LEAST_HISTORY_DAYS = 28
EXPERTS: tuple[str, ...] = ("seasonal", "smoothing", "own_year", "pooled_year")
#: Experts stay within exp(-3) and exp(2) of the base.
_LOWEST, _HIGHEST = -3.0, 2.0
_RUN_RATE = ((4, 0.40), (8, 0.35), (16, 0.25))
#: A run rate never falls below this share of the typical one in its currency.
_LEAST_SHARE = 1e-3
#: Keeps the logarithms of a series without any sales, in an unknown currency, finite.
_NOTHING = 1e-100
_LEAST_SERIES = 8
_RATIO_LIMITS = (0.3, 3.0)
#: How much the year ratio of a series is pulled to the pooled one: expert and feature.
_EXPERT_PULL, _FEATURE_PULL = 0.1, 0.3
_TWO_YEARS_WEIGHT = 0.45
_PROFILE_PULL = 0.3

#: Features that are the same for every horizon, in order.
SHARED: tuple[str, ...] = (
    "one",
    "life",
    "life_grown",
    "week_1",
    "week_2",
    "week_4",
    "week_8",
    "week_16",
    "week_26",
    "week_52",
    "year_growth",
    "has_year",
    "zero_28",
    "zero_112",
    "idle",
    "variation",
    "restlessness",
    "youth",
    "size",
    "week_4_zero",
    "week_16_zero",
    "idle_zero",
)
#: Features of one horizon, after the shared ones.
OWN: tuple[str, ...] = (
    "year_ratio",
    "pooled_year_ratio",
    "year_ratio_zero",
    "smoothing",
    "seasonal",
    "seasonal_aligned",
    "smoothing_deviation",
)
FEATURES = SHARED + OWN


@dataclass(frozen=True)
class Pooled:
    """What the sellers at an origin share, so that one seller can be read alone.

    ``profile`` [7]: weekday profile of columns 0, 7 …, then 1, 8 … of the panel.
    ``typical``: median run rate by currency. ``log_ratios`` [2, 3, horizons]: pooled
    log of future over base, one and two years back; 0 where ``is_told`` [2] is false.
    """

    profile: NDArray[np.float64]
    typical: dict[str, float]
    log_ratios: NDArray[np.float64]
    is_told: NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """Experts and features of each series at an origin.

    ``base`` [series, horizons]: run rate x effective days, in the panel's unit.
    ``experts`` [series, horizons, 4]; ``shared`` [series, 22]; ``own`` [series,
    horizons, 7]; ``risk`` [series] grows with sparsity, idleness and variation.
    ``is_typical`` [series]: 28 days of history and a sale in the last 120, the kind of
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


def run_rates(snapshot: Snapshot) -> NDArray[np.float64]:
    """Return .40 m_4 + .35 m_8 + .25 m_16 a day, m_k the mean of k weeks [series]."""
    rates = [share * _mean(snapshot, weeks) for weeks, share in _RUN_RATE]
    return np.asarray(sum(rates))


def pool(
    panel: Panel, snapshot: Snapshot, profile: NDArray[np.float64]
) -> Pooled:
    """Return what the series of a snapshot share."""
    rate = run_rates(snapshot)
    typical = {
        str(code): float(np.median(rate[(panel.currency_codes == code) & (rate > 0)]))
        for code in np.unique(panel.currency_codes[rate > 0])
    }
    rate = rate + _least(panel, typical)
    horizons = snapshot.future.shape[2]
    log_ratios = np.zeros((2, len(BASE_WEEKS), horizons))
    is_told = np.zeros(2, dtype=np.bool_)
    for year, least_age in enumerate((ONE_YEAR_DAYS, TWO_YEARS_DAYS)):
        for place in range(len(BASE_WEEKS)):
            base = snapshot.base[year, :, place]
            told = (snapshot.age_days >= least_age) & (base > 0)
            if np.count_nonzero(told) < _LEAST_SERIES:
                continue
            is_told[year] = True
            scale = rate[told] + base[told]
            future = (snapshot.future[year, told] / scale[:, None]).sum(axis=0)
            ratio = future / (base[told] / scale).sum()
            log_ratios[year, place] = np.log(np.clip(ratio, *_RATIO_LIMITS))
    return Pooled(profile, typical, log_ratios, is_told)


def weigh(
    panel: Panel,
    snapshot: Snapshot,
    smoothed: tuple[NDArray[np.float32], NDArray[np.float32]],
    pooled: Pooled,
    horizons_days: NDArray[np.int64],
) -> Evidence:
    """Return the evidence; ``smoothed`` is mean and deviation [series, horizons]."""
    least = _least(panel, pooled.typical)
    rate = run_rates(snapshot) + least
    logs = {
        weeks: np.log((_mean(snapshot, weeks) + 0.05 * rate) / (1.05 * rate))
        for weeks in (1, 2, 4, 8, 16, 26, 52)
    }
    share = _first_days(snapshot, pooled, panel.days)
    base = rate[:, None] * _effective_days(share, horizons_days)
    own_year, pooled_year = _year_experts(snapshot, pooled, rate, least, logs)
    seasonal, has_season = _seasonal(snapshot, share, horizons_days)
    smoothing = _in_units(smoothed[0], base)
    seasonal = np.where(
        np.isnan(seasonal), smoothing, _in_units(np.nan_to_num(seasonal), base)
    )
    shared = _shared(panel, snapshot, pooled, rate, least, logs)
    zero = shared[:, SHARED.index("zero_112")]
    ratio, pooled_ratio = _year_ratio(
        snapshot, pooled, rate, least, (0, 1), _FEATURE_PULL
    )
    deviation = np.log(np.maximum(smoothed[1], 0) / base + 0.05)
    own = np.stack(
        [
            ratio,
            pooled_ratio,
            ratio * zero[:, None],
            smoothing,
            seasonal,
            seasonal * has_season[:, None],
            np.clip(deviation, _LOWEST, _HIGHEST),
        ],
        axis=2,
    )
    risk = (
        zero
        + 0.35 * shared[:, SHARED.index("idle")]
        + 0.15 * shared[:, SHARED.index("variation")]
    )
    experts = np.stack([seasonal, smoothing, own_year, pooled_year], axis=2)
    is_typical = (snapshot.age_days >= LEAST_HISTORY_DAYS) & (
        snapshot.idle_days < LONGEST_IDLE_DAYS
    )
    return Evidence(base, experts, shared, own, risk, is_typical)


def _mean(snapshot: Snapshot, weeks: int) -> NDArray[np.float64]:
    """Return the daily mean of the last ``weeks`` weeks, or of the life [series]."""
    known = np.minimum(snapshot.age_days, WEEK_DAYS * snapshot.weeks.shape[1])
    days = np.maximum(np.minimum(known, WEEK_DAYS * weeks), 1)
    return snapshot.weeks[:, -weeks:].sum(axis=1) / days


def _least(panel: Panel, typical: dict[str, float]) -> NDArray[np.float64]:
    codes, code_of_row = np.unique(panel.currency_codes, return_inverse=True)
    least = np.array([typical.get(str(code), 0.0) for code in codes], dtype=np.float64)
    return _LEAST_SHARE * least[code_of_row] + _NOTHING


def _first_days(
    snapshot: Snapshot, pooled: Pooled, days: int
) -> NDArray[np.float64]:
    """Return the share of a week's sales by its first d + 1 days [series, 7].

    The days of the series' last 8 weeks, pulled to the pooled weekday profile.
    """
    total = snapshot.week_days.sum(axis=1, keepdims=True)
    profile = np.roll(pooled.profile, -(days % WEEK_DAYS)) / WEEK_DAYS
    own = np.divide(
        snapshot.week_days, total, out=np.tile(profile, (len(total), 1)), where=total > 0
    )
    return np.cumsum((own + _PROFILE_PULL * profile) / (1 + _PROFILE_PULL), axis=1)


def _effective_days(
    share: NDArray[np.float64], horizons_days: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return whole weeks and the share of the broken one, in days [series, horizons]."""
    whole, rest = np.divmod(horizons_days, WEEK_DAYS)
    broken = np.where(rest > 0, share[:, rest - 1], 0.0)
    return np.maximum(WEEK_DAYS * (whole + broken), 1e-3)


def _in_units(
    sales: NDArray[np.floating], base: NDArray[np.float64]
) -> NDArray[np.float64]:
    ratio = np.maximum(sales, 0) / base
    return np.clip(np.log(ratio + LOG_FLOOR), _LOWEST, _HIGHEST)


def _year_ratio(
    snapshot: Snapshot,
    pooled: Pooled,
    rate: NDArray[np.float64],
    least: NDArray[np.float64],
    place: tuple[int, int],
    pull: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return log of future over base, own and pooled [series, horizons]; ``place`` is
    the year and the base.
    """
    year, weeks = place
    least_age = (ONE_YEAR_DAYS, TWO_YEARS_DAYS)[year]
    base = snapshot.base[year, :, weeks, None]
    has_year = (snapshot.age_days >= least_age)[:, None] & (base > 0)
    common = np.broadcast_to(pooled.log_ratios[year, weeks], snapshot.future[year].shape)
    floor = base + least[:, None]
    above = snapshot.future[year] + pull * np.exp(common) * floor + 0.02 * rate[:, None]
    below = floor * (1 + pull) + 0.02 * rate[:, None]
    return np.where(has_year, np.log(above / below), common), common


def _year_experts(
    snapshot: Snapshot,
    pooled: Pooled,
    rate: NDArray[np.float64],
    least: NDArray[np.float64],
    logs: dict[int, NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return run rate x ratio of a year ago, own and pooled [series, horizons]."""
    own, common = [], []
    for year in range(2):
        parts = [
            _year_ratio(snapshot, pooled, rate, least, (year, place), _EXPERT_PULL)
            for place in range(len(BASE_WEEKS))
        ]
        rates = np.stack([logs[weeks] for weeks in BASE_WEEKS])[:, :, None]
        for found, values in ((own, 0), (common, 1)):
            log = np.mean(rates + np.stack([part[values] for part in parts]), axis=0)
            found.append(np.clip(log, _LOWEST, _HIGHEST))
    has_two = (snapshot.age_days >= TWO_YEARS_DAYS)[:, None]
    weight = _TWO_YEARS_WEIGHT
    own_year = np.where(has_two, (1 - weight) * own[0] + weight * own[1], own[0])
    if pooled.is_told[1]:
        return own_year, (1 - weight) * common[0] + weight * common[1]
    return own_year, common[0]


def _seasonal(
    snapshot: Snapshot, share: NDArray[np.float64], horizons_days: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    known = np.minimum(snapshot.age_days // WEEK_DAYS, snapshot.weeks.shape[1])
    before = (snapshot.age_days - (YEAR_DAYS + WEEK_DAYS)) // WEEK_DAYS
    panel_weeks = snapshot.weeks.shape[1] - (YEAR_DAYS + WEEK_DAYS) // WEEK_DAYS
    aligned = np.clip(np.minimum(before, panel_weeks), 0, None)
    return seasonal_ridge(
        snapshot.weeks, snapshot.year_weeks, known, aligned, share, horizons_days
    )


def _shared(  # noqa: PLR0913
    panel: Panel,
    snapshot: Snapshot,
    pooled: Pooled,
    rate: NDArray[np.float64],
    least: NDArray[np.float64],
    logs: dict[int, NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return the features that do not depend on the horizon [series, 22]."""
    age = np.maximum(snapshot.age_days, 1)
    lifetime = _mean(snapshot, snapshot.weeks.shape[1])
    life = np.clip(np.log((lifetime + 0.05 * rate) / (1.05 * rate)), -2, 2)
    year = snapshot.base[0, :, 1]
    has_year = (age >= ONE_YEAR_DAYS) & (year > 0)
    growth = np.log((_mean(snapshot, 8) + 0.05 * rate) / (year + 0.05 * rate))
    recent = snapshot.weeks[:, -16:]
    mean = recent.mean(axis=1) + WEEK_DAYS * least
    spread = np.sqrt(((recent - mean[:, None]) ** 2).mean(axis=1))
    moves = np.diff(np.log(recent + 0.05 * mean[:, None]), axis=1)
    zero_28, zero_112 = snapshot.zero_shares.T
    idle = np.log1p(snapshot.idle_days)
    typical = least / _LEAST_SHARE
    columns = {
        "one": np.ones(len(age)),
        "life": life,
        "life_grown": life * (age >= YEAR_DAYS),
        "week_1": logs[1],
        "week_2": logs[2],
        "week_4": logs[4],
        "week_8": logs[8],
        "week_16": logs[16] * (age > 56),
        "week_26": logs[26] * (age > 112),
        "week_52": logs[52] * (age > 182),
        "year_growth": np.where(has_year, np.clip(growth, -2, 2), 0),
        "has_year": has_year * 1.0,
        "zero_28": zero_28,
        "zero_112": zero_112,
        "idle": idle,
        "variation": np.log(spread / mean + 0.03),
        "restlessness": np.abs(moves).mean(axis=1) if moves.size else np.zeros(len(age)),
        "youth": 1 / np.sqrt(age / 30),
        "size": np.where(typical > 1e3 * _NOTHING / _LEAST_SHARE, np.log(rate / typical), 0),
        "week_4_zero": logs[4] * zero_112,
        "week_16_zero": logs[16] * zero_112,
        "idle_zero": idle * zero_112,
    }
    return np.stack([columns[name] for name in SHARED], axis=1)
