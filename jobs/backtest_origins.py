"""Where a backtest begins: its panel, its origins, and what was known at each."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.forecasting.panel import Panel
from jobs.night import Night, require_marts
from jobs.panel_file import FilePanel
from jobs.sales_history import BUCKET_COUNT, read_history
from jobs.scorecard import LEAST_AGE_DAYS
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError

#: Takes what is worked at, how many origins are done, and how many there are.
Step = Callable[[str, int, int], None]

#: More origins than these are counted, not listed.
_MOST_NAMED = 8


def unwatched(_name: str, _done: int, _total: int) -> None:
    """Take a step of which nobody is told."""


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


def parse_days(option: str, text: str) -> tuple[int, ...]:
    """Read ``30,90,180``, whole days up to the longest horizon of the grid."""
    words = [word.strip() for word in text.split(",")]
    longest = HORIZONS_DAYS[-1]
    if not all(word.isdigit() and 0 < int(word) <= longest for word in words):
        message = (
            f"{option} {text!r}: expected whole days from 1 to {longest}, for"
            " example 30,90,180"
        )
        raise ConfigurationError(message)
    return tuple(sorted({int(word) for word in words}))


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
            message = f"origin {origin} lies outside the panel"
            advice = f"expected a day from {panel.start_date} to {panel.end_date}"
            raise ConfigurationError(message, advice)
    return wanted


def _rolling_columns(panel: Panel, count: int, longest_days: int) -> list[int]:
    last = panel.days - 1 - longest_days
    if last < LEAST_AGE_DAYS:
        message = (
            f"the panel's {panel.days:,} days are too few for a horizon of"
            f" {longest_days}"
        )
        advice = f"expected at least {LEAST_AGE_DAYS + 1 + longest_days}"
        raise DataError(message, advice)
    first = max(min(longest_days, last // 2), LEAST_AGE_DAYS)
    step = longest_days
    if count > 1:
        step = min(longest_days, (last - first) // (count - 1))
    if step < 1:
        message = (
            f"the panel's {panel.days:,} days have no room for {count} origins with a"
            f" horizon of {longest_days} days"
        )
        advice = "ask for fewer"
        raise DataError(message, advice)
    return [last - step * back for back in reversed(range(count))]


def described(origins: Sequence[date], longest_days: int) -> str:
    """Name the origins, and say whether two of them look at the same days."""
    gaps = [(later - sooner).days for sooner, later in pairwise(origins)]
    is_apart = min(gaps, default=longest_days) >= longest_days
    overlap = "no targets overlap" if is_apart else "targets overlap"
    named = ", ".join(str(origin) for origin in origins)
    if len(origins) > _MOST_NAMED:
        named = f"{origins[0]} to {origins[-1]}, {len(origins)} of them"
    return f"origins {named}: {overlap}"


def known_at(panel: Panel, origin: date) -> Panel:
    """Return the panel as it was known at the end of ``origin``."""
    return panel.cut((origin - panel.start_date).days + 1)


def place_of_results(night: Night, name: str) -> Path:
    """Return where a backtest of the night's own panel is written by default."""
    folder = night.workspace / "backtests"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}.json"


def require_folder(path: Path | None) -> None:
    """Raise ConfigurationError where there is no folder to write ``path`` into."""
    if path is not None and not path.parent.is_dir():
        message = f"no such folder {path.parent}"
        advice = "create it first"
        raise ConfigurationError(message, advice, path)
