"""Training rows: evidence at past origins beside what was sold after them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.closures import fill, find_closures
from jobs.forecasting.experts import LOG_FLOOR, Evidence, weigh
from jobs.forecasting.features import SHARED
from jobs.forecasting.panel import Panel
from jobs.forecasting.pooled import pool
from jobs.forecasting.smoothing import smooth
from jobs.forecasting.snapshot import YearMaps, take_snapshot, weekday_profile

#: No origin before thirteen weeks of panel: the windows would be empty.
FIRST_ORIGIN_DAYS = 91
#: Origins of one horizon reach no further back than this from its newest.
ORIGINS_SPAN_DAYS = 392
#: A panel that holds no more than that takes its origins every week.
_STEP_DAYS, _SHORT_STEP_DAYS = 14, 7


#: What ``map`` does: a function over a range, the results in its order.
Each = Callable[..., Iterable[Any]]


@dataclass(frozen=True)
class Rows:
    """Rows of one horizon, of all its origins, the newest origin first.

    ``features`` [rows, features]; ``experts`` [rows, experts] and ``target`` [rows] in
    log units; ``sold`` and ``base`` [rows] in the unit of the series; ``size`` [rows]
    is its run rate over its currency's typical one; ``risk`` and ``origin`` (0 is the
    newest) [rows]; ``origin_days`` [origins] are the days known at each.
    """

    features: NDArray[np.float64]
    experts: NDArray[np.float64]
    target: NDArray[np.float64]
    sold: NDArray[np.float64]
    base: NDArray[np.float64]
    size: NDArray[np.float64]
    risk: NDArray[np.float64]
    origin: NDArray[np.int64]
    origin_days: NDArray[np.int64]
    horizon_days: int
    step_days: int

    @property
    def independent_count(self) -> float:
        """How many horizons fit side by side in the span of the origins, at least 1."""
        span = float(self.origin_days[0] - self.origin_days[-1])
        return max(1.0, span / self.horizon_days + 1)


@dataclass(frozen=True)
class Past:
    """A panel with the evidence at each of its past origins, the newest first."""

    panel: Panel
    horizons_days: NDArray[np.int64]
    origin_days: NDArray[np.int64]
    evidence: list[Evidence]
    step_days: int

    def rows(self, horizon: int) -> Rows | None:
        """Return the rows of the ``horizon``-th horizon, None where there are none."""
        length = int(self.horizons_days[horizon])
        matured = [
            (int(day), evidence)
            for day, evidence in zip(self.origin_days, self.evidence, strict=True)
            if day + length <= self.panel.days and evidence.is_typical.any()
        ][: ORIGINS_SPAN_DAYS // self.step_days]
        if not matured:
            return None
        parts = [
            (*self._part(day, evidence, horizon), np.full(_count(evidence), place))
            for place, (day, evidence) in enumerate(matured)
        ]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        features, experts, sold, base, risk, origin = columns
        origin_days = np.array([day for day, _ in matured], dtype=np.int64)
        return Rows(
            features=features,
            experts=experts,
            target=np.log(sold / base + LOG_FLOOR),
            sold=sold,
            base=base,
            size=np.exp(features[:, SHARED.index("size")]),
            risk=risk,
            origin=origin,
            origin_days=origin_days,
            horizon_days=length,
            step_days=self.step_days,
        )

    def _part(
        self, day: int, evidence: Evidence, horizon: int
    ) -> tuple[NDArray[np.float64], ...]:
        """Return features, experts, sold, base and risk of one origin's rows."""
        kept = evidence.is_typical
        later = self.panel.sales[kept, day : day + int(self.horizons_days[horizon])]
        return (
            evidence.features(horizon)[kept],
            evidence.experts[kept, horizon],
            later.sum(axis=1, dtype=np.float64),
            evidence.base[kept, horizon],
            evidence.risk[kept],
        )


def _count(evidence: Evidence) -> int:
    return int(np.count_nonzero(evidence.is_typical))


def origins_of(days: int) -> NDArray[np.int64]:
    """Return all past origins, the days known at each, newest first.

    They lie whole weeks before ``days``: two apart, or one in a short panel.
    """
    step = _step_days(days)
    return np.arange(days - step, FIRST_ORIGIN_DAYS - 1, -step, dtype=np.int64)


def _step_days(days: int) -> int:
    is_short = days - FIRST_ORIGIN_DAYS <= ORIGINS_SPAN_DAYS
    return _SHORT_STEP_DAYS if is_short else _STEP_DAYS


def look_back(
    panel: Panel, maps: YearMaps, horizons_days: NDArray[np.int64], each: Each = map
) -> Past:
    """Return the evidence of ``panel`` at every past origin, each cut at its day."""
    origins = origins_of(panel.days)
    closures = find_closures(panel.sales, panel.birth_index)
    # One pass over the days serves all origins, but it sees every closure filled, which
    # an origin inside of one must not; there the series is smoothed as it was known.
    whole = fill(panel.sales, closures, panel.days)
    means, deviations = _smooth_all(whole, panel, origins, horizons_days)

    def evidence_at(place: int) -> Evidence:
        day = origins[place]
        cut = panel.cut(int(day))
        cut = replace(cut, sales=fill(panel.sales, closures, int(day)))
        profile = weekday_profile(cut)
        snapshot = take_snapshot(cut, maps, profile, horizons_days)
        pooled = pool(cut, snapshot, profile)
        mean, deviation = means[place], deviations[place]
        inside = closures.under_way(int(day))
        here, origin = cut.take(inside), origins[[place]]
        found = smooth(here.sales, here.birth_index, origin, horizons_days)
        mean[inside], deviation[inside] = found[0][0], found[1][0]
        return weigh(cut, snapshot, (mean, deviation), pooled, horizons_days)

    evidence = list(each(evidence_at, range(len(origins))))
    return Past(panel, horizons_days, origins, evidence, _step_days(panel.days))


def _smooth_all(
    sales: NDArray[np.float32],
    panel: Panel,
    origins: NDArray[np.int64],
    horizons_days: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and deviation [origins, series, horizons], newest origin first."""
    if not len(origins):
        empty = np.zeros((0, len(sales), len(horizons_days)), dtype=np.float32)
        return empty, empty
    increasing = origins[::-1].copy()
    mean, deviation = smooth(sales, panel.birth_index, increasing, horizons_days)
    return mean[::-1], deviation[::-1]
