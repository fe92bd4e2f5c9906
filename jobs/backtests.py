"""The backtest commands: what would have been said on past days, scored since."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from jobs.console import say, show, track, working
from jobs.night import Night
from jobs.options import may_open_night


def _of_origins(begin: Callable[[str], None]) -> Callable[[str, int, int], None]:
    """Return what shows the origin that is worked at, and how many are done."""

    def step(name: str, done: int, total: int) -> None:
        begin(name)
        track(done, total, "origins")

    return step


@click.group("backtest")
def backtest_group() -> None:
    """Score on past days what would have been said, against what then happened."""


@backtest_group.command("forecasts")
@may_open_night
@click.option(
    "--panel",
    "panel_path",
    type=click.Path(path_type=Path),
    help="Parquet with series_id, date, value, and perhaps country_code and"
    " currency_code; the default is the night's own panel.",
)
@click.option(
    "--absent",
    type=click.Choice(["zero", "closed"]),
    default="zero",
    show_default=True,
    help="What a day without a row is, after a series' first.",
)
@click.option(
    "--origins",
    default="4",
    show_default=True,
    help="Last days known, D1,D2,…, or how many to choose.",
)
@click.option("--horizons", default="30,90,180", show_default=True, help="Days ahead.")
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for all scores, with a plot of the same name beside it; the default of"
    " the night's own panel is backtests/ beside its warehouse.",
)
@click.option(
    "--quantiles",
    "quantiles_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Parquet file for the quantiles of every series and origin.",
)
@click.option(
    "--peers",
    default="",
    help="statsforecast,statsmodels,flaircast: score those on the same series too.",
)
@click.option(
    "--peer-series",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="How many series an origin the peers get.",
)
def backtest_forecasts_command(
    open_night: Callable[[], Night],
    *,
    absent: str,
    origins: str,
    horizons: str,
    peers: str,
    **options: Any,  # noqa: ANN401 - click passes each option in its own type
) -> None:
    """Forecast on past days and score what has ended since.

    \b
    Example:
      advances backtest forecasts --panel sales.parquet --origins 4 --json scores.json
    """
    from jobs import backtest
    from jobs.backtest_origins import parse_days, parse_origins
    from jobs.backtest_report import as_json
    from jobs.terminal import print_backtest

    request = backtest.Request(
        is_absent_closed=absent == "closed",
        origins=parse_origins(origins),
        horizons_days=parse_days("--horizons", horizons),
        peers=backtest.parse_peers(peers),
        **options,
    )
    with working("backtest") as begin:
        step = _of_origins(begin)
        result = backtest.backtest_forecasts(request, open_night, say, step)
    show(as_json(result), lambda _: print_backtest(result))


@backtest_group.command("policy")
@may_open_night
@click.option("--policy-a", help="A policy's version; the default is the one in force.")
@click.option(
    "--policy-b",
    help="Another version to compare with; without it, the best rule of thumb.",
)
@click.option(
    "--panel",
    "panel_path",
    type=click.Path(path_type=Path),
    help="Parquet with series_id, date, value in minor units, country_code and"
    " currency_code; the default is the night's own panel.",
)
@click.option(
    "--origins",
    help="Last days known, D1,D2,…, or how many to choose; the default is one a week.",
)
@click.option("--term", default="90,180", show_default=True, help="Target terms.")
@click.option(
    "--window",
    "window_days",
    type=click.IntRange(min=1),
    help="Days after which an advance counts as lost; the default is 1.4 x the term.",
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for all figures, with a plot of the same name beside it; the default of"
    " the night's own panel is backtests/ beside its warehouse.",
)
def backtest_policy_command(
    open_night: Callable[[], Night],
    *,
    origins: str | None,
    term: str,
    **options: Any,  # noqa: ANN401 - click passes each option in its own type
) -> None:
    """Replay policies over past days, repaid by the sales that followed.

    \b
    Examples:
      advances backtest policy --term 90,180 --json policy.json
      advances backtest policy --policy-b 2026-12 --origins 2026-03-31,2026-04-30
    """
    from jobs import backtest_policy
    from jobs.backtest_origins import parse_days, parse_origins
    from jobs.backtest_policy_report import as_json
    from jobs.terminal import print_policy_backtest

    request = backtest_policy.Request(
        origins=parse_origins(origins) if origins else None,
        terms_days=parse_days("--term", term),
        **options,
    )
    with working("backtest") as begin:
        step = _of_origins(begin)
        results = backtest_policy.backtest_policy(request, open_night, say, step)
    show(as_json(results), lambda _: print_policy_backtest(results))
