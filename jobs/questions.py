"""The commands that answer a question: why, the same again, what if, how good.

They read what the nights left and write no offers.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from jobs.night import Night
from jobs.options import may_open_night, of_night
from jobs.recheck import recheck_seller
from jobs.replay import replay
from jobs.sources.protocol import DataError
from jobs.terminal import console, print_backtest, print_wide, say
from jobs.underwriting.reason_texts import Locale


@click.command("replay")
@of_night
@click.option("--seller", "seller_id", help="Compare this seller only.")
def replay_command(night: Night, seller_id: str | None) -> None:
    """Decide and price a past night again from what it stored, and compare.

    \b
    Examples:
      advances replay --as-of 2026-10-31
      advances replay --as-of 2026-10-31 --seller s0000042
    """
    with console.status("replay"):
        found = replay(night, seller_id)
    console.print(
        f"{night.as_of_date}, policy {', '.join(found.policy_versions)}:"
        f" {found.row_count:,} rows replayed, {len(found.differences):,} values differ"
    )
    for code in found.other_code_versions:
        say(f"decided by code {code}, replayed by another")
    for difference in found.differences[:20]:
        say(str(difference))
    if found.differences:
        message = f"the night of {night.as_of_date} is not what its inputs give"
        raise DataError(message)


@click.command("recheck")
@of_night
@click.argument("seller_id")
def recheck_command(night: Night, seller_id: str) -> None:
    """Ask again what the policy asks again when a seller accepts an offer.

    \b
    Example:
      advances recheck s0000042 --as-of 2026-10-31
    """
    for each in recheck_seller(night, seller_id):
        found = each.recheck
        answer = "may accept" if found.may_accept else "may not accept"
        console.print(f"{seller_id} {each.currency_code}: {answer}")
        for code in found.checked:
            say(f"{code}: {'failed' if code in found.failed else 'passed'}")


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


@click.command("explain")
@of_night
@click.argument("seller")
@click.option("--currency", help="Only this currency; the default is all of a seller.")
@click.option("--json", "as_json", is_flag=True, help="Everything, to be read by code.")
@click.option(
    "--locale",
    type=click.Choice(get_args(Locale)),
    help="The seller's letter in this language instead: nothing internal is in it.",
)
def explain_command(
    night: Night,
    *,
    seller: str,
    currency: str | None,
    as_json: bool,
    locale: Locale | None,
) -> None:
    """Say why a seller got its answer: rules, forecast, size, fee, what would change.

    \b
    Examples:
      advances explain s0000034 --as-of 2026-10-31
      advances explain s0000034 --as-of 2026-10-31 --locale fr
    """
    from jobs.explain import explain
    from jobs.explain_report import report

    if as_json and locale:
        message = "--json has every language in it; give either --json or --locale"
        raise click.UsageError(message)
    explained = explain(night, seller, currency.upper() if currency else None)
    if as_json:
        click.echo(json.dumps(explained.as_plain(), default=str, ensure_ascii=False))
    elif locale:
        for paragraphs in explained.letters(locale):
            click.echo("\n".join(paragraphs) + "\n")
    else:
        for part in report(explained):
            print_wide(part)


QUESTIONS: tuple[click.Command, ...] = (
    backtest_group,
    explain_command,
    recheck_command,
    replay_command,
)
