"""Training rows made of random numbers, for the tests of what is learned from rows."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.experts import EXPERTS, LOG_FLOOR
from jobs.forecasting.features import FEATURES, SHARED
from jobs.forecasting.regression import Scaling
from jobs.forecasting.rows import Rows

#: True effects of two features on the target, in log units a deviation.
EFFECTS = {"week_4": 0.3, "idle": -0.2}


def made_rows(  # noqa: PLR0913, PLR0917 - a builder; tests name what they set
    origins: int = 16,
    each: int = 60,
    horizon_days: int = 28,
    step_days: int = 14,
    noise: float = 0.2,
    seed: int = 1,
) -> Rows:
    """Return as many rows at every origin, with the effects above and noise."""
    random = np.random.default_rng(seed)
    count = origins * each
    features = random.normal(0, 1, (count, len(FEATURES)))
    features[:, SHARED.index("one")] = 1.0
    features[:, SHARED.index("zero_112")] = random.random(count)
    features[:, SHARED.index("size")] = random.normal(0, 0.5, count)
    first = random.normal(0, 0.3, count)
    target = first + noise * random.normal(0, 1, count)
    for name, effect in EFFECTS.items():
        target = target + effect * features[:, SHARED.index(name)]
    experts = np.stack(
        [first, *(target + random.normal(0, 0.5, count) for _ in EXPERTS[1:])], axis=1
    )
    base = np.where(np.arange(count) % 2, 30_000.0, 300.0)
    origin = np.repeat(np.arange(origins), each)
    origin_days = 400 - step_days * np.arange(origins)
    rows = Rows(
        features=features,
        experts=experts,
        target=target,
        sold=base,
        base=base,
        size=np.exp(features[:, SHARED.index("size")]),
        risk=random.random(count),
        origin=origin,
        origin_days=origin_days,
        horizon_days=horizon_days,
        step_days=step_days,
    )
    return with_target(rows, target)


def with_target(rows: Rows, target: NDArray[np.float64]) -> Rows:
    """Return the rows with other targets, and the sales these stand for."""
    sold = np.maximum(np.exp(target) - LOG_FLOOR, 0.0) * rows.base
    return replace(rows, target=np.log(sold / rows.base + LOG_FLOOR), sold=sold)


def scaled_features(rows: Rows) -> NDArray[np.float64]:
    """Return the features in deviations."""
    return Scaling.of(rows.features).apply(rows.features)


def everyone(rows: Rows) -> NDArray[np.bool_]:
    """Return that every row is used."""
    return np.ones(len(rows.target), dtype=np.bool_)
