"""The commands that answer a question: why, the same again, what if, how good.

They read what the nights left and write no offers.
"""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from jobs.night import Night
from jobs.options import as_date, may_open_night
from jobs.terminal import console, print_backtest, say
from jobs.underwriting.unit_periods import UNIT_PERIODS


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

    request = backtest.Request(
        is_absent_closed=absent == "closed",
        origins=backtest.parse_origins(origins),
        horizons_days=backtest.parse_horizons(horizons),
        peers=backtest.parse_peers(peers),
        **options,
    )
    with console.status("backtest") as status:
        result = backtest.backtest_forecasts(request, open_night, say, status.update)
    print_backtest(result)


@click.command("apr")
@click.option("--advance", required=True, help="Amount given, such as 1000 or 999.50.")
@click.option("--on", required=True, callback=as_date, help="Its day, YYYY-MM-DD.")
@click.option(
    "--payment",
    "payments",
    multiple=True,
    required=True,
    metavar="DATE:AMOUNT",
    help="A payment, such as 2023-11-30:220; repeatable.",
)
@click.option(
    "--unit",
    type=click.Choice(["auto", *UNIT_PERIODS]),
    default="auto",
    show_default=True,
    help="Unit period; auto finds it by Appendix J, or counts days for eu.",
)
@click.option(
    "--method", type=click.Choice(["us", "eu"]), default="us", show_default=True
)
@click.option("--currency", default="USD", show_default=True, help="Of all amounts.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, the rate unrounded.")
def apr_command(  # noqa: PLR0913 - one parameter an option
    *,
    advance: str,
    on: date,
    payments: tuple[str, ...],
    unit: str,
    method: Any,  # noqa: ANN401 - click has checked the choice
    currency: str,
    is_json: bool,
) -> None:
    """Say the annual percentage rate of an advance with dated payments.

    A rate may be negative. Where none exists the outcome says why.

    \b
    Example:
      advances apr --advance 1000 --on 2023-10-26 --payment 2023-11-30:1100 --json
    """
    from jobs import apr

    paid = apr.parse_payments(payments, currency)
    amount = apr.parse_amount("--advance", advance, currency)
    found = apr.apr(amount, on, paid, law=method, unit=unit)
    if is_json:
        click.echo(json.dumps(apr.as_json(found, currency)))
        return
    for line in apr.as_lines(found, currency):
        click.echo(line)


@click.command("simulate")
@click.argument("seller_id", metavar="SELLER")
@may_open_night
@click.option("--advance", required=True, help="Amount asked for, such as 2500.")
@click.option(
    "--currency",
    "currency_code",
    help="Of the amount; needed where the seller sells in several.",
)
@click.option(
    "--term", "term_days", type=int, help="Days; the default is the first tier's."
)
@click.option(
    "--holdback",
    "holdback_rate",
    type=float,
    help="Share of each day's sales, such as 0.12; the default is the policy's.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def simulate_command(
    open_night: Callable[[], Night],
    *,
    is_json: bool,
    **options: Any,  # noqa: ANN401 - click passes each option in its own type
) -> None:
    """Say what an advance would cost a seller, and how it is repaid if sales change.

    \b
    Example:
      advances simulate s0000001 --as-of 2026-10-31 --advance 1000 --term 120
    """
    from jobs import simulate

    found = simulate.simulate_seller(open_night(), simulate.Asked(**options))
    if is_json:
        click.echo(json.dumps(simulate.as_json(found), allow_nan=False))
        return
    for line in simulate.as_lines(found):
        click.echo(line)
