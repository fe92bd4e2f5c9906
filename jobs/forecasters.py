"""The forecasters that a policy may name: the champion, and those it must beat."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from jobs.forecasting import empirical, model, storage
from jobs.forecasting.calendar import Calendars
from jobs.forecasting.conformal import Matured, shift_levels
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES, Forecast
from jobs.forecasting.panel import Panel

#: Parts fitted, and blocks predicted, side by side.
THREADS = 2


@dataclass(frozen=True)
class Forecaster:
    """One way to forecast, with its fitted model kept as text between the steps.

    ``calibrate(model, model before, matured cohorts)`` corrects a fitted model by how
    earlier forecasts turned out.
    """

    fit: Callable[[Panel, Calendars], str]
    calibrate: Callable[[str, str | None, Matured], str]
    predict: Callable[[Panel, str], Forecast]


def fit_on_threads(
    panel: Panel, calendars: Calendars, horizons_days: tuple[int, ...]
) -> model.Model:
    """Fit the model, its origins and horizons side by side.

    Each part does its linear algebra on one thread: more are slower here, and would not
    give the same bytes.
    """
    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as pool:
        return model.fit(panel, calendars, horizons_days, pool.map)


def _fit_blend(panel: Panel, calendars: Calendars) -> str:
    return storage.to_json(fit_on_threads(panel, calendars, HORIZONS_DAYS))


def _calibrate_blend(text: str, before: str | None, matured: Matured) -> str:
    fitted = storage.from_json(text)
    shift = storage.from_json(before).shift if before else fitted.shift
    lengths, levels = np.array(HORIZONS_DAYS), np.array(PROBABILITIES)
    shift = shift_levels(shift, matured, lengths, levels)
    return storage.to_json(replace(fitted, shift=shift))


def _predict_blend(panel: Panel, text: str) -> Forecast:
    return model.predict(panel, storage.from_json(text))


def _fit_empirical(panel: Panel, _calendars: Calendars) -> str:
    return empirical.fit(panel).to_json()


def _calibrate_empirical(text: str, _before: str | None, _matured: Matured) -> str:
    return text


def _predict_empirical(panel: Panel, text: str) -> Forecast:
    return empirical.predict(panel, empirical.EmpiricalModel.from_json(text))


#: By model_version, the newest first.
FORECASTERS: dict[str, Forecaster] = {
    model.MODEL_VERSION: Forecaster(_fit_blend, _calibrate_blend, _predict_blend),
    empirical.MODEL_VERSION: Forecaster(
        _fit_empirical, _calibrate_empirical, _predict_empirical
    ),
}
