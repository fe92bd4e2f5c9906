"""What the series at an origin share, and the run rate of each beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import WEEK_DAYS
from jobs.forecasting.panel import Panel
from jobs.forecasting.snapshot import (
    BASE_WEEKS,
    ONE_YEAR_DAYS,
    TWO_YEARS_DAYS,
    Snapshot,
)

#: Weeks of each trailing mean in the run rate, and its weight.
_RUN_RATE = ((4, 0.40), (8, 0.35), (16, 0.25))
#: Who sold nothing for 16 weeks has the mean of a year for a run rate.
_IDLE_RATE_WEEKS = 52
#: Trailing means that are compared with the run rate.
TRAILING_WEEKS: tuple[int, ...] = (1, 2, 4, 8, 16, 26, 52)
#: A run rate never falls below this share of the typical one in its currency.
LEAST_SHARE = 1e-3
#: Keeps the logarithms of a series without any sales, in an unknown currency, finite.
NOTHING = 1e-100
#: Added to both sides of a ratio, in run rates, so that none is 0 or infinite.
RATIO_FLOOR = 0.05
_LEAST_SERIES = 8
_RATIO_LIMITS = (0.3, 3.0)


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
class RunRate:
    """How much each series sells a day.

    ``rate`` [series]: the run rate plus ``least`` [series], a thousandth of the typical
    one in its currency. ``logs``: log of the trailing mean of so many weeks over the
    run rate [series].
    """

    rate: NDArray[np.float64]
    least: NDArray[np.float64]
    logs: dict[int, NDArray[np.float64]]


def pool(panel: Panel, snapshot: Snapshot, profile: NDArray[np.float64]) -> Pooled:
    """Return what the series of a snapshot share."""
    rate = _run_rate(snapshot)
    typical = {
        str(code): float(np.median(rate[(panel.currency_codes == code) & (rate > 0)]))
        for code in np.unique(panel.currency_codes[rate > 0])
    }
    rate = rate + _least(panel, typical)
    log_ratios = np.zeros((2, len(BASE_WEEKS), snapshot.future.shape[2]))
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


def run_rate_of(panel: Panel, snapshot: Snapshot, typical: dict[str, float]) -> RunRate:
    """Return every run rate, by the typical one of each currency."""
    least = _least(panel, typical)
    rate = _run_rate(snapshot) + least
    floor = RATIO_FLOOR * rate
    logs = {
        weeks: np.log((trailing_mean(snapshot, weeks) + floor) / (rate + floor))
        for weeks in TRAILING_WEEKS
    }
    return RunRate(rate, least, logs)


def trailing_mean(snapshot: Snapshot, weeks: int) -> NDArray[np.float64]:
    """Return the daily mean of the last ``weeks`` weeks, or of the life [series]."""
    known = np.minimum(snapshot.age_days, WEEK_DAYS * snapshot.weeks.shape[1])
    days = np.maximum(np.minimum(known, WEEK_DAYS * weeks), 1)
    return np.asarray(snapshot.weeks[:, -weeks:].sum(axis=1) / days)


def _run_rate(snapshot: Snapshot) -> NDArray[np.float64]:
    """Return .40 m_4 + .35 m_8 + .25 m_16 a day, m_k the mean of k weeks [series].

    Of who sold nothing in all of them m_52.
    """
    means = [share * trailing_mean(snapshot, weeks) for weeks, share in _RUN_RATE]
    recent = np.asarray(sum(means))
    return np.where(recent > 0, recent, trailing_mean(snapshot, _IDLE_RATE_WEEKS))


def _least(panel: Panel, typical: dict[str, float]) -> NDArray[np.float64]:
    codes, code_of_row = np.unique(panel.currency_codes, return_inverse=True)
    least = np.array([typical.get(str(code), 0.0) for code in codes], dtype=np.float64)
    return np.asarray(LEAST_SHARE * least[code_of_row] + NOTHING)
