"""Backtest forecasts: what would have been said on past days, and what then happened.

Series are chosen by what was known at the origin, and the panel is cut there before
anything is fitted, so nothing later can leak in.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from jobs.backtest_origins import (
    Step,
    described,
    known_at,
    origins_of,
    panel_of_night,
    place_of_results,
    require_folder,
    unwatched,
)
from jobs.backtest_report import Backtest, Evaluation, write_outputs
from jobs.calendars import calendars_of
from jobs.forecasters import fit_on_threads
from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.forecasting.model import MODEL_VERSION, predict
from jobs.forecasting.naive import seasonal_naive
from jobs.forecasting.panel import Panel
from jobs.forecasting.sampling import sample_rows
from jobs.forecasting.storage import rounded
from jobs.night import Night
from jobs.panel_file import FilePanel, read_panel
from jobs.peers import LIBRARIES, forecast_peer, peer_pool, require_peers
from jobs.scorecard import (
    LEAST_AGE_DAYS,
    LONGEST_IDLE_DAYS,
    Case,
    case_at,
    eligible_rows,
)
from jobs.settings import code_version
from jobs.sources.protocol import DataError

#: What the table and the JSON call SeasonalNaive.
NAIVE = "SeasonalNaive"


@dataclass(frozen=True)
class Request:
    """What to backtest and where to write it.

    ``origins``: dates, or how many of them to choose; an origin is the last day known.
    ``peer_series``: how many series an origin the peers get.
    """

    panel_path: Path | None
    is_absent_closed: bool
    origins: list[date] | int
    horizons_days: tuple[int, ...]
    json_path: Path | None
    quantiles_path: Path | None
    peers: tuple[str, ...]
    peer_series: int


def parse_peers(text: str) -> tuple[str, ...]:
    """Read ``statsforecast,flaircast``; ConfigurationError where one is not there."""
    libraries = tuple(filter(None, (word.strip() for word in text.split(","))))
    require_peers(libraries)
    return libraries


def backtest_forecasts(
    request: Request,
    open_night: Callable[[], Night],
    say: Callable[[str], None],
    step: Step = unwatched,
) -> Backtest:
    """Forecast at every origin, score what has ended, and write what was asked for.

    Scores of the night's own panel are written beside its warehouse, unless another
    place is named.
    """
    require_folder(request.json_path)
    require_folder(request.quantiles_path)
    json_path = request.json_path
    if request.panel_path is None:
        night = open_night()
        opened = panel_of_night(night)
        json_path = json_path or place_of_results(night, str(night.as_of_date))
    else:
        opened = read_panel(
            request.panel_path, is_absent_closed=request.is_absent_closed
        )
    panel = opened.panel
    say(
        f"{len(panel.sales):,} series, {panel.start_date} to {panel.end_date}"
        f" ({panel.days:,} days)"
    )
    if opened.negative_count:
        say(f"{opened.negative_count:,} values below 0 count as 0")
    origins = origins_of(panel, request.origins, request.horizons_days[-1])
    say(described(origins, request.horizons_days[-1]))
    result = _run(opened, request, origins, say, step)
    write_outputs(result, json_path, request.quantiles_path)
    for path in filter(None, (json_path, request.quantiles_path)):
        say(f"written to {path}")
    return result


def _run(
    opened: FilePanel,
    request: Request,
    origins: Sequence[date],
    say: Callable[[str], None],
    step: Step,
) -> Backtest:
    result = _empty(opened, request, origins)
    horizons_days = request.horizons_days
    # As at night, and the days asked for beside them: a horizon that cannot be learned
    # goes on from the longest that can.
    grid_days = tuple(sorted({*HORIZONS_DAYS, *horizons_days}))
    calendars = calendars_of(
        set(opened.panel.country_codes.tolist()),
        opened.panel.start_date,
        opened.panel.end_date,
    )
    for number, origin in enumerate(origins):
        step(f"origin {origin}", number, len(origins))
        known, case = _case(opened.panel, origin, horizons_days)
        seen = known.take(case.rows)
        model = rounded(fit_on_threads(known, calendars, grid_days))
        forecast = predict(seen, model)
        asked = [grid_days.index(days) for days in horizons_days]
        result.own.add(case, forecast.quantiles[:, asked])
        result.own.is_extrapolated.append(forecast.is_extrapolated[asked])
        naive = seasonal_naive(seen, np.array(horizons_days))
        result.naive.add(case, naive)
        late = np.array(horizons_days)[forecast.is_extrapolated[asked]]
        if len(late):
            say(f"origin {origin}: too few past origins from {late[0]} days on")
    if result.peers:
        with peer_pool() as pool:
            _compare(result, opened.panel, request.peer_series, step, pool)
    for name, evaluation in result.peers.items():
        if evaluation.failed_count:
            say(
                f"{name} failed on {evaluation.failed_count:,} series, which count as"
                f" {NAIVE}; the first said: {evaluation.first_error}"
            )
    return result


def _empty(opened: FilePanel, request: Request, origins: Sequence[date]) -> Backtest:
    names = [name for library in request.peers for name in LIBRARIES[library]]
    compared = (MODEL_VERSION, NAIVE, *names) if names else ()
    return Backtest(
        model_version=MODEL_VERSION,
        code_version=code_version(),
        parameters=_parameters(request, origins),
        series_ids=opened.series_ids,
        horizons_days=request.horizons_days,
        own=Evaluation(MODEL_VERSION),
        naive=Evaluation(NAIVE),
        peers={name: Evaluation(name) for name in compared},
    )


def _case(
    panel: Panel, origin: date, horizons_days: Sequence[int]
) -> tuple[Panel, Case]:
    """Return the panel as known at the origin, and the case of its eligible series."""
    known = known_at(panel, origin)
    rows = eligible_rows(known)
    if not len(rows):
        message = (
            f"origin {origin}: no series has {LEAST_AGE_DAYS} days since its first row"
            f" and a value above 0 in the last {LONGEST_IDLE_DAYS} days"
        )
        advice = f"choose a later one, {panel.end_date} at the latest"
        raise DataError(message, advice)
    return known, case_at(panel, known, rows, horizons_days)


def _compare(
    result: Backtest,
    panel: Panel,
    peer_series: int,
    step: Step,
    pool: Executor,
) -> None:
    """Let the peers forecast a sample of each origin's series; ours is scored on it.

    An origin of which no target has ended has nothing to compare, so none is taken.
    """
    horizons_days = np.array(result.horizons_days)
    for number, case in enumerate(result.own.cases):
        size = 0 if np.isnan(case.actual).all() else peer_series
        seen = known_at(panel, case.origin_date).take(case.rows)
        places = np.sort(sample_rows(seen, size))
        sample, sampled = seen.take(places), case.take(places)
        for ours in (result.own, result.naive):
            result.peers[ours.name].add(sampled, ours.quantiles[number][places])
        for name, evaluation in result.peers.items():
            if name in {MODEL_VERSION, NAIVE}:
                continue
            place = f"{name} at {case.origin_date}, {len(places):,} series"
            step(place, number, len(result.own.cases))
            answer = forecast_peer(name, sample, horizons_days, pool)
            evaluation.add(sampled, answer.quantiles)
            evaluation.failed_count += answer.failed_count
            evaluation.first_error = evaluation.first_error or answer.first_error


def _parameters(request: Request, origins: Sequence[date]) -> dict[str, object]:
    return {
        "panel": str(request.panel_path or ""),
        "absent": "closed" if request.is_absent_closed else "zero",
        "origins": [str(origin) for origin in origins],
        "horizons_days": list(request.horizons_days),
        "peers": list(request.peers),
        "peer_series": request.peer_series if request.peers else None,
    }
