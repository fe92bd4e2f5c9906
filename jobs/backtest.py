"""Backtest forecasts: what would have been said on past days, and what then happened.

Series are chosen by what was known at the origin, and the panel is cut there before
anything is fitted, so nothing later can leak in.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.backtest_report import Backtest, Evaluation, write_outputs
from jobs.calendars import calendars_of
from jobs.forecasters import fit_on_threads
from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.forecasting.model import MODEL_VERSION, predict
from jobs.forecasting.naive import seasonal_naive
from jobs.forecasting.panel import Panel
from jobs.forecasting.sampling import sample_rows
from jobs.forecasting.storage import rounded
from jobs.night import Night, require_marts
from jobs.panel_file import FilePanel, read_panel
from jobs.peers import LIBRARIES, forecast_peer, peer_pool, require_peers
from jobs.sales_history import BUCKET_COUNT, read_history
from jobs.scorecard import (
    LEAST_AGE_DAYS,
    LONGEST_IDLE_DAYS,
    Case,
    case_at,
    eligible_rows,
)
from jobs.settings import ConfigurationError, code_version
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


def parse_origins(text: str) -> list[date] | int:
    """Read ``3`` or ``2026-06-30,2026-09-30``; ConfigurationError on anything else."""
    words = [word.strip() for word in text.split(",")]
    if len(words) == 1 and words[0].isdigit() and int(words[0]) > 0:
        return int(words[0])
    try:
        return sorted({date.fromisoformat(word) for word in words})
    except ValueError as error:
        message = (
            f"--origins {text!r}: expected a number of origins, or dates such as"
            " 2026-06-30,2026-09-30"
        )
        raise ConfigurationError(message) from error


def parse_horizons(text: str) -> tuple[int, ...]:
    """Read ``30,90,180``, whole days up to the longest horizon of the grid."""
    words = [word.strip() for word in text.split(",")]
    longest = HORIZONS_DAYS[-1]
    if not all(word.isdigit() and 0 < int(word) <= longest for word in words):
        message = (
            f"--horizons {text!r}: expected whole days from 1 to {longest}, for"
            " example 30,90,180"
        )
        raise ConfigurationError(message)
    return tuple(sorted({int(word) for word in words}))


def parse_peers(text: str) -> tuple[str, ...]:
    """Read ``statsforecast,flaircast``; ConfigurationError where one is not there."""
    libraries = tuple(filter(None, (word.strip() for word in text.split(","))))
    require_peers(libraries)
    return libraries


def panel_of_night(night: Night) -> FilePanel:
    """Return the panel of the night's warehouse, a series a seller and currency.

    It begins with the first day on which anybody sold.
    """
    with night.warehouse() as warehouse:
        require_marts(night, warehouse)
        panel = read_history(night, warehouse, range(BUCKET_COUNT)).panel
    names = np.strings.add(np.strings.add(panel.seller_ids, " "), panel.currency_codes)
    first = int(panel.sales.any(axis=0).argmax())
    begun = replace(
        panel,
        start_date=panel.start_date + timedelta(days=first),
        sales=panel.sales[:, first:],
        birth_index=panel.birth_index - first,
        is_open=panel.is_open[:, first:],
    )
    return FilePanel(begun, pa.array(names.tolist(), pa.string()), 0)


def backtest_forecasts(
    request: Request,
    open_night: Callable[[], Night],
    say: Callable[[str], None],
    step: Callable[[str], None] = lambda _name: None,
) -> Backtest:
    """Forecast at every origin, score what has ended, and write what was asked for.

    Scores of the night's own panel are written beside its warehouse, unless another
    place is named.
    """
    _check_folders(request)
    json_path = request.json_path
    if request.panel_path is None:
        night = open_night()
        opened = panel_of_night(night)
        json_path = json_path or _place_of_scores(night)
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
    say(_described(origins, request.horizons_days[-1]))
    result = _run(opened, request, origins, say, step)
    write_outputs(result, json_path, request.quantiles_path)
    for path in filter(None, (json_path, request.quantiles_path)):
        say(f"written to {path}")
    return result


def _place_of_scores(night: Night) -> Path:
    folder = night.workspace / "backtests"
    folder.mkdir(exist_ok=True)
    return folder / f"{night.as_of_date}.json"


def origins_of(panel: Panel, wanted: list[date] | int, longest_days: int) -> list[date]:
    """Return the origins, oldest first, each inside the panel.

    A number N gives the last day before ``longest_days`` known days and N - 1 earlier
    ones, a longest horizon apart, so that no two targets overlap. Where the panel is
    too short for that, the first keeps a longest horizon of history, or half of what
    lies before the last origin if that is less, and the rest lie evenly between.
    """
    if isinstance(wanted, int):
        columns = _rolling_columns(panel, wanted, longest_days)
        return [panel.start_date + timedelta(days=column) for column in columns]
    for origin in wanted:
        if not panel.start_date <= origin <= panel.end_date:
            message = (
                f"origin {origin} lies outside the panel; expected a day from"
                f" {panel.start_date} to {panel.end_date}"
            )
            raise ConfigurationError(message)
    return wanted


def _rolling_columns(panel: Panel, count: int, longest_days: int) -> list[int]:
    last = panel.days - 1 - longest_days
    if last < LEAST_AGE_DAYS:
        message = (
            f"the panel's {panel.days:,} days are too few for a horizon of"
            f" {longest_days}; expected at least {LEAST_AGE_DAYS + 1 + longest_days}"
        )
        raise DataError(message)
    first = max(min(longest_days, last // 2), LEAST_AGE_DAYS)
    step = longest_days
    if count > 1:
        step = min(longest_days, (last - first) // (count - 1))
    if step < 1:
        message = (
            f"the panel's {panel.days:,} days have no room for {count} origins with a"
            f" horizon of {longest_days} days; ask for fewer"
        )
        raise DataError(message)
    return [last - step * back for back in reversed(range(count))]


def _described(origins: Sequence[date], longest_days: int) -> str:
    gaps = [(later - sooner).days for sooner, later in pairwise(origins)]
    is_apart = min(gaps, default=longest_days) >= longest_days
    overlap = "no targets overlap" if is_apart else "targets overlap"
    return f"origins {', '.join(str(origin) for origin in origins)}: {overlap}"


def _run(
    opened: FilePanel,
    request: Request,
    origins: Sequence[date],
    say: Callable[[str], None],
    step: Callable[[str], None],
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
    for origin in origins:
        step(f"origin {origin}")
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
    known = _known(panel, origin)
    rows = eligible_rows(known)
    if not len(rows):
        message = (
            f"origin {origin}: no series has {LEAST_AGE_DAYS} days since its first row"
            f" and a value above 0 in the last {LONGEST_IDLE_DAYS} days; choose a later"
            f" one, {panel.end_date} at the latest"
        )
        raise DataError(message)
    return known, case_at(panel, known, rows, horizons_days)


def _compare(
    result: Backtest,
    panel: Panel,
    peer_series: int,
    step: Callable[[str], None],
    pool: Executor,
) -> None:
    """Let the peers forecast a sample of each origin's series; ours is scored on it.

    An origin of which no target has ended has nothing to compare, so none is taken.
    """
    horizons_days = np.array(result.horizons_days)
    for number, case in enumerate(result.own.cases):
        size = 0 if np.isnan(case.actual).all() else peer_series
        seen = _known(panel, case.origin_date).take(case.rows)
        places = np.sort(sample_rows(seen, size))
        sample, sampled = seen.take(places), case.take(places)
        for ours in (result.own, result.naive):
            result.peers[ours.name].add(sampled, ours.quantiles[number][places])
        for name, evaluation in result.peers.items():
            if name in {MODEL_VERSION, NAIVE}:
                continue
            step(f"{name} at {case.origin_date}, {len(places):,} series")
            answer = forecast_peer(name, sample, horizons_days, pool)
            evaluation.add(sampled, answer.quantiles)
            evaluation.failed_count += answer.failed_count
            evaluation.first_error = evaluation.first_error or answer.first_error


def _known(panel: Panel, origin: date) -> Panel:
    """Return the panel as it was known at the end of ``origin``."""
    return panel.cut((origin - panel.start_date).days + 1)


def _parameters(request: Request, origins: Sequence[date]) -> dict[str, object]:
    return {
        "panel": str(request.panel_path or ""),
        "absent": "closed" if request.is_absent_closed else "zero",
        "origins": [str(origin) for origin in origins],
        "horizons_days": list(request.horizons_days),
        "peers": list(request.peers),
        "peer_series": request.peer_series if request.peers else None,
    }


def _check_folders(request: Request) -> None:
    for path in filter(None, (request.json_path, request.quantiles_path)):
        if not path.parent.is_dir():
            message = f"{path}: no such folder {path.parent}; create it first"
            raise ConfigurationError(message)
