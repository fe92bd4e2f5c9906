"""The command line: parsing, progress, and exit codes. The work is in the commands."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from jobs.build import BuildError, build
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.ingest import ingest
from jobs.night import Night, read_policy
from jobs.nightly import STEPS, Summary, nightly, summarise
from jobs.price import price
from jobs.settings import ConfigurationError, Settings
from jobs.sources.catalogue import SampleSource, UnknownSourceError, open_source
from jobs.sources.protocol import DataError, SourceUnavailableError
from jobs.sources.sample import Sample, write
from jobs.underwriting.money import format_minor
from jobs.warehouse.protocol import WarehouseError

INTERNAL, CONFIGURATION, DATA = 1, 2, 3

console = Console(highlight=False, soft_wrap=True)
Command = TypeVar("Command", bound=Callable[..., object])


def _date(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date only
    except ValueError as error:
        message = f"{text!r} is not a date such as 2026-10-31"
        raise click.BadParameter(message) from error


def _night_options(command: Command) -> Command:
    """Add the options that say which night of which marketplace."""
    for option in (
        click.option(
            "--source-path",
            envvar="ADVANCES_SOURCE_PATH",
            help="Folder (or gs://… address) of the files or olist source.",
        ),
        click.option(
            "--source",
            envvar="ADVANCES_SOURCE",
            default="sample",
            show_default=True,
            help="sample, files, olist or postgres; another sample is"
            " sample:sellers=200,days=400,seed=3.",
        ),
        click.option(
            "--as-of",
            callback=_date,
            help="The night, YYYY-MM-DD: only what was known by its end counts."
            " The sample's default is its last day.",
        ),
    ):
        command = option(command)
    return command


def _night(as_of: date | None, source: str, source_path: str | None) -> Night:
    settings = Settings()
    opened = open_source(
        source,
        source_path,
        settings.home.resolve(),
        settings.source_database,
        settings.statement_timeout_seconds,
    )
    if as_of is None:
        if not isinstance(opened, SampleSource):
            message = (
                "--as-of is missing; give the night, for example --as-of 2026-10-31"
            )
            raise ConfigurationError(message)
        as_of = opened.sample.end_date
    command = click.get_current_context().info_name or "advances"
    return Night(settings, opened, as_of, read_policy(settings), _say, command)


def _say(line: str) -> None:
    console.print(f"  {line}", markup=False)


@click.group(context_settings={"max_content_width": 88})
@click.version_option(package_name="seller-advances")
def cli() -> None:
    """Nightly cash advance offers for marketplace sellers.

    \b
    Examples:
      advances nightly
      advances nightly --source files --source-path history/ --as-of 2026-10-31
      advances sample --sellers 500 --days 400 --seed 3 --out history/
    """


@cli.command("nightly")
@_night_options
@click.option("--timings", is_flag=True, help="Show each step's share of the time.")
def nightly_command(
    as_of: date | None, source: str, source_path: str | None, *, timings: bool
) -> None:
    """Run the whole night, from history to offers.

    \b
    Examples:
      advances nightly
      advances nightly --source olist --source-path data/olist --as-of 2018-06-30
    """
    night = _night(as_of, source, source_path)
    console.print(
        f"[bold]Night of {night.as_of_date}[/bold], source {night.source.name}, "
        f"policy {night.policy.policy_version}"
    )
    with _progress(len(STEPS)) as advance:
        seconds = nightly(night, advance)
    _print_summary(night, summarise(night), seconds if timings else {})


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal and a plain line a step anywhere else."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("step {task.completed} of {task.total}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        task = bars.add_task("start", total=total, completed=-1)

        def advance(step: str) -> None:
            bars.update(task, advance=1, description=step)
            bars.console.print(f"[bold]{step}[/bold]")

        yield advance


def _print_summary(night: Night, summary: Summary, seconds: dict[str, float]) -> None:
    offer_count = sum(row.offer_count for row in summary.offers)
    console.print(
        f"\n[bold]{night.as_of_date}[/bold]: {summary.evaluated_count:,} evaluated,"
        f" {summary.eligible_count:,} eligible, {offer_count:,} offers"
    )
    for row in summary.offers:
        amount = format_minor(row.largest_advance_minor, row.currency_code)
        console.print(
            f"  {row.currency_code}  {row.seller_count:,} sellers,"
            f" {row.offer_count:,} offers, up to {amount} in all,"
            f" median fee {row.median_fee_rate:.1%}"
        )
    if summary.top_reasons:
        console.print("Why the others got none (a seller may have several reasons):")
    for code, category, count in summary.top_reasons:
        console.print(f"  {code:<28} {category:<8} {count:,} sellers")
    console.print(f"Quarantined rows: {summary.quarantined_count:,}")
    for line in summary.first_quarantined:
        _say(line)
    if summary.quarantined_count > len(summary.first_quarantined):
        _say("and more in raw.quarantine")
    console.print(f"Results: {night.warehouse_address}")
    console.print(f"Offers hash: {summary.offers_hash}")
    total = sum(seconds.values())
    for step, taken in seconds.items():
        console.print(f"  {step:<18} {taken:6.1f} s  {taken / total:4.0%}")


@cli.command("sample")
@click.option("--sellers", default=Sample().sellers, show_default=True)
@click.option("--days", default=Sample().days, show_default=True)
@click.option("--seed", default=Sample().seed, show_default=True)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the Parquet files, one folder a table.",
)
def sample_command(sellers: int, days: int, seed: int, out: Path) -> None:
    """Write a seeded marketplace of any size, in the input contract.

    \b
    Example:
      advances sample --sellers 500 --days 400 --seed 3 --out history/
    """
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("sellers", total=sellers)
        try:
            sample = Sample(sellers, days, seed)
            counts = write(sample, out, lambda done: bars.update(task, completed=done))
        except (ValueError, FileExistsError) as error:
            raise ConfigurationError(str(error)) from error
    for table, count in counts.items():
        _say(f"{table}: {count:,} rows")
    console.print(f"Written to {out}")


@cli.command("ingest")
@_night_options
@click.option("--table", "tables", multiple=True, help="Only this table; repeatable.")
def ingest_command(
    as_of: date | None, source: str, source_path: str | None, tables: tuple[str, ...]
) -> None:
    """Load one night's window of the source into raw, broken rows into quarantine.

    \b
    Example:
      advances ingest --as-of 2026-10-31 --table order_items --table refunds
    """
    night = _night(as_of, source, source_path)
    with console.status("ingest"):
        ingested = ingest(night, tables)
    console.print(
        f"Loaded {len(ingested.validated)} tables into {night.warehouse_address},"
        f" {ingested.quarantined_count:,} rows quarantined"
    )


@cli.command("build")
@_night_options
@click.option(
    "--part",
    type=click.Choice(["cash_flow", "offers"]),
    default="cash_flow",
    show_default=True,
    help="The marts of what happened, or of what was decided.",
)
def build_command(
    as_of: date | None, source: str, source_path: str | None, part: str
) -> None:
    """Build and test the marts with dbt, as known on the night.

    \b
    Example:
      advances build --as-of 2026-10-31 --part offers
    """
    night = _night(as_of, source, source_path)
    with console.status(f"build {part}"):
        count = build(night, "offers" if part == "offers" else "cash_flow")
    console.print(f"{count} models and tests passed in {night.warehouse_address}")


@cli.group("forecast")
def forecast_group() -> None:
    """Forecast the distribution of each seller's cumulative sales."""


@forecast_group.command("fit")
@_night_options
def fit_command(as_of: date | None, source: str, source_path: str | None) -> None:
    """Fit the model of the night on past origins.

    \b
    Example:
      advances forecast fit --as-of 2026-10-31
    """
    with console.status("forecast fit"):
        count = forecast_fit(_night(as_of, source, source_path))
    console.print(f"Model fitted; {count:,} sellers and currencies seen")


@forecast_group.command("predict")
@_night_options
@click.option(
    "--bucket", default="1/1", show_default=True, help="Share of the sellers."
)
def predict_command(
    as_of: date | None, source: str, source_path: str | None, bucket: str
) -> None:
    """Store the quantiles of the night for one share of the sellers.

    \b
    Example:
      advances forecast predict --as-of 2026-10-31 --bucket 1/4
    """
    with console.status("forecast predict"):
        share = Share.parse(bucket)
        count = forecast_predict(_night(as_of, source, source_path), share)
    console.print(f"Forecasts stored for {count:,} sellers and currencies")


@cli.command("decide")
@_night_options
def decide_command(as_of: date | None, source: str, source_path: str | None) -> None:
    """Apply the eligibility rules to every seller.

    \b
    Example:
      advances decide --as-of 2026-10-31
    """
    decided = decide(_night(as_of, source, source_path))
    console.print(
        f"{decided.evaluated_count:,} evaluated, {decided.eligible_count:,} eligible"
    )


@cli.command("price")
@_night_options
def price_command(as_of: date | None, source: str, source_path: str | None) -> None:
    """Size and price the offers of every eligible seller.

    \b
    Example:
      advances price --as-of 2026-10-31
    """
    priced = price(_night(as_of, source, source_path))
    console.print(f"{priced.priced_count:,} priced, {priced.offer_count:,} offers")


def _fail(code: int, what: str, error: BaseException) -> NoReturn:
    sys.stderr.write(f"{what}: {error}\n")
    sys.exit(code)


def main() -> None:
    """Run the command line and turn each kind of failure into its exit code."""
    try:
        cli(standalone_mode=False)
    except click.Abort:
        _fail(INTERNAL, "stopped", KeyboardInterrupt("by you; nothing half-written"))
    except click.ClickException as error:
        error.show()
        sys.exit(CONFIGURATION)
    except (ConfigurationError, UnknownSourceError) as error:
        _fail(CONFIGURATION, "configuration", error)
    except DataError as error:
        _fail(DATA, "data", error)
    except (BuildError, SourceUnavailableError, WarehouseError) as error:
        _fail(INTERNAL, "internal", error)


if __name__ == "__main__":
    main()
