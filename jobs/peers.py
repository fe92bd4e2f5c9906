"""Other forecasters on the same series: their quantiles of S_H, a series at a time.

Each takes the values of one series, oldest first, and returns sample paths. Quantiles
are taken of the paths' cumulative sums: daily quantiles summed would be too wide, and
independent variances summed too narrow.
"""

import importlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.calendar import WEEK_DAYS
from jobs.forecasting.grid import PROBABILITIES
from jobs.forecasting.naive import seasonal_naive
from jobs.forecasting.panel import Panel
from jobs.settings import ConfigurationError

#: The forecasters of each library, by the name --peers knows it by.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "statsforecast": ("AutoETS", "AutoTheta"),
    "statsmodels": ("statsmodels ETS",),
    "flaircast": ("flaircast",),
}
PROCESSES = 2
#: Our own simulations cost little; the libraries' own numbers of paths are kept.
PATHS, LIBRARY_PATHS = 1_000, 200
WEEKS_A_YEAR = 52
_SERIES_A_TASK = 10
_SEED = 0


@dataclass(frozen=True)
class History:
    """Values of one series from its first row on [values], and its steps ahead.

    ``steps`` int64 [horizons]: how many values lie inside each horizon.
    ``season_length``: values a season; 1 where there is none.
    ``frequency``: D for days, W for weeks.
    """

    values: NDArray[np.float64]
    steps: NDArray[np.int64]
    season_length: int
    frequency: str


@dataclass(frozen=True)
class PeerForecast:
    """``quantiles`` float64 [series, horizons, probabilities].

    Series that ``has_failed`` [series] are SeasonalNaive's, because the peer raised an
    error or returned no numbers; ``first_error`` says what the first of them was.
    """

    quantiles: NDArray[np.float64]
    has_failed: NDArray[np.bool_]
    first_error: str

    @property
    def failed_count(self) -> int:
        """Number of series on which the peer failed."""
        return int(np.count_nonzero(self.has_failed))


def require_peers(libraries: Sequence[str]) -> None:
    """Raise ConfigurationError unless every library is known and installed."""
    for library in libraries:
        if library not in LIBRARIES:
            message = f"no peer {library!r}; there are {', '.join(LIBRARIES)}"
            raise ConfigurationError(message)
        if find_spec(library) is None:
            message = f"{library} is not installed"
            advice = "run pip install --editable '.[peers]'"
            raise ConfigurationError(message, advice)


def peer_pool() -> ProcessPoolExecutor:
    """Return two processes for ``forecast_peer``; they start when first needed.

    A fork would inherit locks that other threads of this process hold, so each begins
    from nothing.
    """
    return ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))


def forecast_peer(
    name: str, panel: Panel, horizons_days: NDArray[np.int64], pool: Executor
) -> PeerForecast:
    """Return one peer's quantiles for every series of ``panel``, made in ``pool``."""
    histories = histories_of(panel, horizons_days)
    tasks = [
        (name, histories[first : first + _SERIES_A_TASK])
        for first in range(0, len(histories), _SERIES_A_TASK)
    ]
    quantiles = seasonal_naive(panel, horizons_days)
    has_failed = np.zeros(len(histories), dtype=np.bool_)
    errors: list[str] = []
    answers = chain.from_iterable(pool.map(_forecast_task, tasks))
    for row, answer in enumerate(answers):
        if isinstance(answer, str):
            has_failed[row] = True
            errors.append(answer)
        else:
            quantiles[row] = answer
    return PeerForecast(quantiles, has_failed, errors[0] if errors else "")


def histories_of(panel: Panel, horizons_days: NDArray[np.int64]) -> list[History]:
    """Return what a peer sees of each series: days, or weeks where only weeks exist.

    A panel whose values all lie on one weekday is a weekly one. Its series go by the
    week, with a season of 52 from two years of history on and none before.
    """
    used = np.flatnonzero(panel.sales.any(axis=0)) % WEEK_DAYS
    is_weekly = len(used) > 0 and bool((used == used[0]).all())
    step = WEEK_DAYS if is_weekly else 1
    offset = int(used[0]) if is_weekly else 0
    columns = np.arange(offset, panel.days, step)
    ends = panel.days + horizons_days
    steps = (ends - offset + step - 1) // step - len(columns)
    histories = []
    for row, birth in enumerate(panel.birth_index):
        values = panel.sales[row, columns[columns >= birth]].astype(np.float64)
        season = WEEK_DAYS
        if is_weekly:
            season = WEEKS_A_YEAR if len(values) >= 2 * WEEKS_A_YEAR else 1
        histories.append(History(values, steps, season, "W" if is_weekly else "D"))
    return histories


def cumulative_quantiles(
    paths: NDArray[np.float64], steps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return quantiles of the sums of the first ``steps`` values of ``paths``, floor 0.

    ``paths`` [paths, longest step]; [horizons, probabilities]. No step sums to 0.
    """
    sums = np.zeros((len(paths), paths.shape[1] + 1))
    np.cumsum(paths, axis=1, out=sums[:, 1:])
    quantiles = np.quantile(sums[:, steps], PROBABILITIES, axis=0).T
    return np.asarray(np.maximum(quantiles, 0.0))


def _forecast_task(task: tuple[str, list[History]]) -> list[NDArray[np.float64] | str]:
    """Return for each series its quantiles, or the error that the peer raised."""
    name, histories = task
    paths_of = _PATHS_OF[name]
    answers: list[NDArray[np.float64] | str] = []
    with _quiet():
        for history in histories:
            try:
                paths = paths_of(history, max(int(history.steps.max()), 1))
                quantiles = cumulative_quantiles(paths, history.steps)
            except Exception as error:  # noqa: BLE001 - a peer may raise anything; counted
                answers.append(f"{type(error).__name__}: {error}")
                continue
            is_finite = bool(np.isfinite(quantiles).all())
            answers.append(quantiles if is_finite else "values that are not finite")
    return answers


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the peers' warnings and give their linear algebra one thread.

    What limits threads comes with statsforecast; without it nothing is limited.
    """
    one_thread: AbstractContextManager[object] = nullcontext()
    if find_spec("threadpoolctl") is not None:
        one_thread = importlib.import_module("threadpoolctl").threadpool_limits(1)
    with warnings.catch_warnings(), np.errstate(all="ignore"), one_thread:
        warnings.simplefilter("ignore")
        yield


def _auto_ets(history: History, horizon: int) -> NDArray[np.float64]:
    """Simulate the form and the states that statsforecast's AutoETS chose.

    The library gives intervals a step only, and its own simulation, a path at a time,
    ends at a season of 24; ``simulate_ets`` is the same recursion over all paths.
    """
    models = importlib.import_module("statsforecast.models")
    fitted = models.AutoETS(season_length=history.season_length)
    return simulate_ets(fitted.fit(history.values).model_, horizon)


def simulate_ets(model: dict[str, Any], horizon: int) -> NDArray[np.float64]:
    """Return paths [paths, horizon] of a fitted ETS model of statsforecast.

    Hyndman et al., Forecasting with Exponential Smoothing (2008), chapter 2: with
    q = l + phi b, the mean is q (+ or x) s; the error is added, or as a share of it.
    Then l = q + alpha (y (- or /) s - q), b = phi b + beta / alpha (l - l' - phi b),
    s = s + gamma (y (- or /) q - s). Errors are normal with the fitted variance.
    """
    error, trend, season, damped = model["components"]
    alpha, beta, gamma, phi = (np.nan_to_num(value) for value in model["par"][:4])
    phi = phi if damped != "N" else 1.0
    state = np.asarray(model["states"])[-1]
    level = np.full(PATHS, state[0])
    growth = np.full(PATHS, state[1] if trend != "N" else 0.0)
    # The newest position of the season stands first, so the next one is the last.
    seasons = [np.full(PATHS, value) for value in state[1 + (trend != "N") :]]
    noise = np.random.default_rng(_SEED).normal(size=(horizon, PATHS))
    noise *= np.sqrt(model["sigma2"])
    paths = np.empty((PATHS, horizon))
    for step in range(horizon):
        old = seasons.pop() if season != "N" else np.zeros(PATHS)
        base = level + phi * growth
        mean = base * old if season == "M" else base + old
        value = mean * (1 + noise[step]) if error == "M" else mean + noise[step]
        paths[:, step] = value
        new = base + alpha * ((value / old if season == "M" else value - old) - base)
        if trend != "N":
            growth = phi * growth + beta / alpha * (new - level - phi * growth)
        if season != "N":
            seen = value / base if season == "M" else value - base
            seasons.insert(0, old + gamma * (seen - old))
        level = new
    return paths


def _auto_theta(history: History, horizon: int) -> NDArray[np.float64]:
    """Draw the paths behind the intervals of statsforecast's AutoTheta.

    The library puts the season back into the residuals before it takes their deviation;
    it is taken out again here, without which the paths would spread far too wide.
    """
    models = importlib.import_module("statsforecast.models")
    theta = importlib.import_module("statsforecast.theta")
    fitted = models.AutoTheta(season_length=history.season_length)
    model = fitted.fit(history.values).model_
    is_product = model.get("decomposition_type") == "multiplicative"
    residuals = np.asarray(model["residuals"])
    season = np.full(history.season_length, float(is_product))
    if model.get("decompose", False):
        season = np.asarray(model["seas_forecast"]["mean"])
    # The pattern goes on after the last residual, so it is counted back from there.
    place = np.arange(-len(residuals), horizon) % history.season_length
    past, future = np.split(season[place], [len(residuals)])
    residuals = residuals / past if is_product else residuals - past
    samples = theta.compute_pi_samples(
        n=model["n"],
        h=horizon,
        states=model["states"],
        sigma=np.std(residuals[3:], ddof=1),
        alpha=model["par"]["alpha"],
        theta=model["par"]["theta"],
        mean_y=model["mean_y"],
        n_samples=PATHS,
    ).T.astype(np.float64)
    return np.asarray(samples * future if is_product else samples + future)


def _statsmodels_ets(history: History, horizon: int) -> NDArray[np.float64]:
    """Simulate an additive damped ETS; a season of 52 has no room for estimation."""
    ets = importlib.import_module("statsmodels.tsa.exponential_smoothing.ets")
    is_seasonal = history.season_length > 1
    is_long = history.season_length > WEEK_DAYS
    model = ets.ETSModel(
        history.values,
        error="add",
        trend="add",
        damped_trend=True,
        seasonal="add" if is_seasonal else None,
        seasonal_periods=history.season_length if is_seasonal else None,
        initialization_method="heuristic" if is_long else "estimated",
    )
    paths = model.fit(disp=False).simulate(
        horizon,
        anchor="end",
        repetitions=LIBRARY_PATHS,
        rng=np.random.default_rng(_SEED),
    )
    return np.asarray(paths, dtype=np.float64).T.reshape(LIBRARY_PATHS, horizon)


def _flaircast(history: History, horizon: int) -> NDArray[np.float64]:
    """Draw flaircast's own sample paths."""
    flaircast = importlib.import_module("flaircast")
    paths = flaircast.forecast(
        history.values, horizon, history.frequency, LIBRARY_PATHS, _SEED
    )
    return np.asarray(paths, dtype=np.float64)


_PATHS_OF: dict[str, Callable[[History, int], NDArray[np.float64]]] = {
    "AutoETS": _auto_ets,
    "AutoTheta": _auto_theta,
    "statsmodels ETS": _statsmodels_ets,
    "flaircast": _flaircast,
}
