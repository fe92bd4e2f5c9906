"""One horizon: location, weights, spread and the chance of no sale, put together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.experts import LOG_FLOOR, Evidence
from jobs.forecasting.regression import Scaling, fit_location, row_sums
from jobs.forecasting.rows import Rows
from jobs.forecasting.spread import LEVELS, Spread, fit_spread
from jobs.forecasting.stacking import learn_weights, risk_edges
from jobs.forecasting.stopping import fit_stopping, stopping_probability

#: Part of the training targets, at each end, beyond which no location is believed.
_SUPPORT = np.array([0.0005, 0.9995])
_LEAST_HIGHEST = 0.3


@dataclass(frozen=True)
class HorizonModel:
    """What was learned for one horizon.

    ``coefficients`` [features] of the regression on scaled features; ``support`` [2]
    the lowest and the highest location; ``edges`` [3] of the risk groups; ``weights``
    [4, 5] of regression and experts by group; ``stopping`` [10], empty where hardly
    anyone stops.
    """

    scaling: Scaling
    coefficients: NDArray[np.float64]
    support: NDArray[np.float64]
    edges: NDArray[np.float64]
    weights: NDArray[np.float64]
    spread: Spread
    stopping: NDArray[np.float64]


def fit_horizon(rows: Rows) -> HorizonModel:
    """Learn one horizon from its training rows.

    Where sellers stop, everything but the chance of it is learned from those that sold.
    """
    scaling = Scaling.of(rows.features)
    features = scaling.apply(rows.features)
    stopping = fit_stopping(rows, features)
    used = rows.sold > 0 if len(stopping) else np.ones(len(rows.sold), dtype=np.bool_)
    location = fit_location(rows, features, used)
    support = np.quantile(rows.target[used], _SUPPORT)
    left_out = np.clip(location.left_out, *support)
    locations = np.column_stack([left_out, rows.experts])
    edges = risk_edges(rows.risk)
    group = np.searchsorted(edges, rows.risk)
    weights = learn_weights(rows, locations, group, used)
    residual = rows.target - (locations * weights[group]).sum(axis=1)
    return HorizonModel(
        scaling=scaling,
        coefficients=location.coefficients,
        support=support,
        edges=edges,
        weights=weights,
        spread=fit_spread(features, residual, group, used),
        stopping=stopping,
    )


def horizon_quantiles(
    model: HorizonModel,
    evidence: Evidence,
    place: int,
    levels: NDArray[np.float64],
    stop_before: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return quantiles [series, levels] and the probability of no sale [series].

    The distribution is a mixture: an atom at 0, no larger than at the horizon before
    (``stop_before`` [series]), and residuals of the series' risk group around its
    location.
    """
    features = model.scaling.apply(evidence.features(place))
    experts = evidence.experts[:, place]
    regression = row_sums(features * model.coefficients) + experts[:, 0]
    group = np.searchsorted(model.edges, evidence.risk)
    weights = model.weights[group]
    center = np.clip(regression, *model.support) * weights[:, 0]
    center += row_sums(experts * weights[:, 1:])
    stop = np.zeros(len(center))
    if len(model.stopping):
        stop = np.minimum(stopping_probability(features, model.stopping), stop_before)
    level = (levels - stop[:, None]) / (1 - stop[:, None])
    is_nothing = level <= 0
    level = np.clip(level, LEVELS[0], LEVELS[-1])
    residual = np.empty_like(level)
    for number, table in enumerate(model.spread.residuals):
        inside = group == number
        residual[inside] = np.interp(level[inside], LEVELS, table)
    scale = model.spread.scales(features)[:, None]
    highest = max(model.support[1], _LEAST_HIGHEST)
    log = np.clip(center[:, None] + scale * residual, np.log(LOG_FLOOR), highest)
    sold = np.maximum(np.exp(log) - LOG_FLOOR, 0.0) * evidence.base[:, place, None]
    return np.where(is_nothing, 0.0, sold), stop
