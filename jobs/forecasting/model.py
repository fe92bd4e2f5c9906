"""The forecast: five views of each series, stacked, with calibrated residuals.

``fit`` learns from past origins of a fixed sample of the series; ``predict`` reads one
series at a time, so a forecast does not depend on who else is asked for.
"""

from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import WEEK_DAYS, Calendars
from jobs.forecasting.closures import fill, find_closures
from jobs.forecasting.conformal import no_shift, shifted
from jobs.forecasting.experts import Evidence, weigh
from jobs.forecasting.grid import (
    HORIZONS_DAYS,
    PROBABILITIES,
    Forecast,
    normal_quantiles,
    repair,
)
from jobs.forecasting.horizon import HorizonModel, fit_horizon, horizon_quantiles
from jobs.forecasting.panel import Panel
from jobs.forecasting.pooled import Pooled, pool
from jobs.forecasting.rows import Each, look_back
from jobs.forecasting.sampling import sample_rows
from jobs.forecasting.smoothing import smooth
from jobs.forecasting.snapshot import (
    Snapshot,
    take_snapshot,
    weekday_profile,
    year_maps,
)
from jobs.forecasting.versions import BLEND

#: What a policy names as its forecast, and the kind of a stored model.
MODEL_VERSION = BLEND
SAMPLE_SIZE = 3_000
LEAST_ORIGINS = 6
#: And rows that sold: one series on its own has hardly as many.
LEAST_ROWS = 20
_LEVELS = np.array(PROBABILITIES)


@dataclass(frozen=True)
class Model:
    """What ``fit`` learned and ``predict`` needs.

    ``horizons``: one model for each matured horizon, the shortest first; the horizons
    after them are extrapolated. ``pooled``: what the series share at the forecast
    origin. ``calendars``: the events that the years were aligned by. ``shift``
    [horizons, probabilities]: the conformal correction of the levels.
    """

    horizons_days: tuple[int, ...]
    horizons: list[HorizonModel]
    pooled: Pooled
    calendars: Calendars
    shift: NDArray[np.float64]


def fit(
    panel: Panel,
    calendars: Calendars,
    horizons_days: tuple[int, ...] = HORIZONS_DAYS,
    each: Each = map,
) -> Model:
    """Learn from the past of a fixed sample of the panel's series.

    Every target ends on or before the panel's last day and every feature is read off a
    panel cut at its origin, so nothing overlaps the forecast. A horizon with fewer than
    6 matured origins, or 20 rows that sold, is not learned, nor is any after it.
    ``horizons_days`` increase.
    ``each`` maps over origins and over horizons, which do not depend on one another:
    the ``map`` of a pool of threads gives the same model sooner.
    """
    lengths = np.array(horizons_days, dtype=np.int64)
    sample = panel.take(sample_rows(panel, SAMPLE_SIZE))
    maps = year_maps(calendars, panel.start_date, panel.days)
    past = look_back(sample, maps, lengths, each)

    def learned(place: int) -> HorizonModel | None:
        rows = past.rows(place)
        if rows is None or len(rows.origin_days) < LEAST_ORIGINS:
            return None
        has_enough = np.count_nonzero(rows.sold) >= LEAST_ROWS
        return fit_horizon(rows) if has_enough else None

    found = each(learned, range(len(lengths)))
    horizons = list(takewhile(lambda horizon: horizon is not None, found))
    now = _reopened(sample)
    profile = weekday_profile(now)
    snapshot = take_snapshot(now, maps, profile, lengths)
    return Model(
        horizons_days,
        horizons,
        pool(now, snapshot, profile),
        calendars,
        no_shift(len(lengths), _LEVELS),
    )


def predict(panel: Panel, model: Model) -> Forecast:
    """Return the quantiles of every series of the panel, from its last day on.

    A horizon that was not learned goes on from the longest one that was, in proportion
    to its days. Where not even the shortest could be learned, the smoother speaks alone
    and all horizons are marked. A series that never sold inside the panel gets zeros.
    """
    # Less than a week is no history to read features off.
    count = len(model.horizons) if panel.days >= WEEK_DAYS else 0
    if count:
        quantiles = _learned_quantiles(panel, model)
        quantiles[:, :count] = repair(quantiles[:, :count])
        longest = model.horizons_days[count - 1]
        for place, days in enumerate(model.horizons_days[count:], start=count):
            quantiles[:, place] = quantiles[:, count - 1] * (days / longest)
    else:
        quantiles = _smoothed_quantiles(panel, model)
    quantiles[~panel.sales.any(axis=1)] = 0.0
    return Forecast(
        repair(quantiles),
        np.arange(len(model.horizons_days)) >= count,
        model.horizons_days,
    )


def _learned_quantiles(panel: Panel, model: Model) -> NDArray[np.float64]:
    """Return quantiles [series, horizons, probabilities], 0 at horizons not learned."""
    lengths = np.array(model.horizons_days, dtype=np.int64)
    quantiles = np.zeros((len(panel.sales), len(lengths), len(PROBABILITIES)))
    stop = np.ones(len(panel.sales))
    now = _reopened(panel)
    maps = year_maps(model.calendars, panel.start_date, panel.days)
    snapshot = take_snapshot(now, maps, model.pooled.profile, lengths)
    evidence = _evidence_of(now, snapshot, model, lengths)
    for place, horizon in enumerate(model.horizons):
        levels = shifted(_LEVELS, model.shift[place])
        found = horizon_quantiles(horizon, evidence, place, levels, stop)
        quantiles[:, place], stop = found
    return quantiles


def _smoothed_quantiles(panel: Panel, model: Model) -> NDArray[np.float64]:
    """Return the smoother's own normal quantiles, floored at 0."""
    origin = np.array([panel.days])
    lengths = np.array(model.horizons_days, dtype=np.int64)
    mean, deviation = smooth(panel.sales, panel.birth_index, origin, lengths)
    return normal_quantiles(mean[0], deviation[0])


def _evidence_of(
    panel: Panel, snapshot: Snapshot, model: Model, lengths: NDArray[np.int64]
) -> Evidence:
    origin = np.array([panel.days])
    mean, deviation = smooth(panel.sales, panel.birth_index, origin, lengths)
    return weigh(panel, snapshot, (mean[0], deviation[0]), model.pooled, lengths)


def _reopened(panel: Panel) -> Panel:
    """Return the panel with every ended stretch without sales filled."""
    closures = find_closures(panel.sales, panel.birth_index)
    return replace(panel, sales=fill(panel.sales, closures, panel.days))
