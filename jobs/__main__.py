"""The command line: parsing, progress, and exit codes. The work is in the commands.

A command is imported when it is called, with all that it needs: every task of a
schedule starts one, and help and completion start none.
"""

import gc
from pathlib import Path
from typing import Any, get_args

import click

from jobs.books import BOOKS
from jobs.build import Part
from jobs.console import arrange, console, notes, say, show, track, working
from jobs.failures import fail
from jobs.night import Night
from jobs.options import of_night, with_output_options
from jobs.plain import document
from jobs.questions import QUESTIONS
from jobs.risks import RISKS
from jobs.settings import ConfigurationError
from jobs.sources.sample_parameters import Sample


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
@of_night
@click.option("--timings", is_flag=True, help="Show each step's share of the time.")
def nightly_command(night: Night, *, timings: bool) -> None:
    """Run the whole night, from history to offers.

    \b
    Examples:
      advances nightly
      advances nightly --source olist --source-path data/olist --as-of 2018-06-30
    """
    from jobs.nightly import nightly, steps_of, summarise
    from jobs.terminal import print_summary

    notes.print(
        f"[bold]Night of {night.as_of_date}[/bold], source {night.source.name}, "
        f"policy {night.policy.policy_version}"
    )
    with working("start", len(steps_of(night))) as begin:
        seconds = nightly(night, begin)
    summary = summarise(night)
    show(
        {**document(summary), "results": night.warehouse_address, "seconds": seconds},
        lambda _: print_summary(night, summary, seconds if timings else {}),
    )


@cli.command("sample")
@click.option("--sellers", default=Sample().sellers, show_default=True)
@click.option("--days", default=Sample().days, show_default=True)
@click.option("--seed", default=Sample().seed, show_default=True)
@click.option(
    "--surges",
    default=0,
    show_default=True,
    help="Plant so many sellers with inflated sales, and as many with an honest surge;"
    " surge_labels says who they are.",
)
@click.option(
    "--settlements",
    is_flag=True,
    help="Write the payment processor's settlement files too.",
)
@click.option(
    "--discrepancies",
    default=0,
    show_default=True,
    help="Plant so many of each kind of discrepancy into tables and settlement files;"
    " discrepancy_labels says what, where and how much.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the Parquet files, one folder a table.",
)
def sample_command(
    out: Path,
    **options: Any,  # noqa: ANN401 - click passes each option in its own type
) -> None:
    """Write a seeded marketplace of any size, in the input contract.

    \b
    Example:
      advances sample --sellers 500 --days 400 --seed 3 --out history/
    """
    from jobs.sources.sample import write

    with working("sample"):
        try:
            sample = Sample(**options)
            total = sample.sellers
            counts = write(sample, out, lambda done: track(done, total, "sellers"))
        except (ValueError, FileExistsError) as error:
            raise ConfigurationError(str(error)) from error
    for table, count in counts.items():
        say(f"{table}: {count:,} rows")
    written = {"path": str(out), "row_count": sum(counts.values()), "tables": counts}
    show(written, lambda _: console.print(f"Written to {out}"))


@cli.command("ingest")
@of_night
@click.option("--table", "tables", multiple=True, help="Only this table; repeatable.")
def ingest_command(night: Night, tables: tuple[str, ...]) -> None:
    """Load one night's window of the source into raw, broken rows into quarantine.

    \b
    Example:
      advances ingest --as-of 2026-10-31 --table order_items --table refunds
    """
    from jobs.ingest import ingest

    with working("ingest"):
        ingested = ingest(night, tables)
    show(
        ingested,
        lambda _: console.print(
            f"Loaded {len(ingested.validated)} tables into {night.warehouse_address},"
            f" {ingested.quarantined_count:,} rows quarantined"
        ),
    )


@cli.command("build")
@of_night
@click.option(
    "--part",
    type=click.Choice(get_args(Part)),
    default="cash_flow",
    show_default=True,
    help="The marts of what happened, of what was decided, of the book of advances, or"
    " of how forecasts did.",
)
def build_command(night: Night, part: Part) -> None:
    """Build and test the marts with dbt, as known on the night.

    \b
    Example:
      advances build --as-of 2026-10-31 --part offers
    """
    from jobs.build import build

    with working(f"build {part}"):
        count = build(night, part)
    line = f"{count} models and tests passed in {night.warehouse_address}"
    show(count, lambda _: console.print(line))


@cli.command("docs")
@of_night
def docs_command(night: Night) -> None:
    """Write the documentation of every mart and column as one page, with dbt.

    It begins with the analyst's guide: ten questions with their SQL.

    \b
    Example:
      advances docs --as-of 2026-10-31
    """
    from jobs.build import write_docs

    with working("docs"):
        path = write_docs(night)
    show({"path": path}, lambda _: console.print(f"Documentation: {path}"))


@cli.group("forecast")
def forecast_group() -> None:
    """Forecast the distribution of each seller's cumulative sales."""


@forecast_group.command("fit")
@of_night
def fit_command(night: Night) -> None:
    """Fit the model of the night on past origins.

    \b
    Example:
      advances forecast fit --as-of 2026-10-31
    """
    from jobs.forecast import forecast_fit

    with working("forecast fit"):
        count = forecast_fit(night)
    line = f"Model fitted; {count:,} sellers and currencies seen"
    show(count, lambda _: console.print(line))


@forecast_group.command("predict")
@of_night
@click.option(
    "--bucket", default="1/1", show_default=True, help="Share of the sellers."
)
def predict_command(night: Night, bucket: str) -> None:
    """Store the quantiles of the night for one share of the sellers.

    \b
    Example:
      advances forecast predict --as-of 2026-10-31 --bucket 1/4
    """
    from jobs.forecast import Share, forecast_predict

    with working("forecast predict"):
        count = forecast_predict(night, Share.parse(bucket))
    line = f"Forecasts stored for {count:,} sellers and currencies"
    show(count, lambda _: console.print(line))


@forecast_group.command("challenge")
@of_night
def challenge_command(night: Night) -> None:
    """Store what other forecasters predict for a fixed sample; no offer depends on it.

    \b
    Example:
      advances forecast challenge --as-of 2026-10-31
    """
    from jobs.challenge import challenge

    with working("forecast challenge"):
        done = challenge(night)
    show(
        done,
        lambda _: console.print(
            f"{done.series_count:,} series predicted by"
            f" {', '.join(done.model_versions) or 'no other'};"
            f" {done.audited_count:,} audited, {done.failed_count:,} failed"
        ),
    )


@cli.command("decide")
@of_night
def decide_command(night: Night) -> None:
    """Apply the eligibility rules to every seller.

    \b
    Example:
      advances decide --as-of 2026-10-31
    """
    from jobs.decide import decide

    decided = decide(night)
    line = f"{decided.evaluated_count:,} evaluated, {decided.eligible_count:,} eligible"
    show(decided, lambda _: console.print(line))


@cli.command("price")
@of_night
def price_command(night: Night) -> None:
    """Size and price the offers of every eligible seller.

    \b
    Example:
      advances price --as-of 2026-10-31
    """
    from jobs.price import price

    priced = price(night)
    line = f"{priced.priced_count:,} priced, {priced.offer_count:,} offers"
    show(priced, lambda _: console.print(line))


@cli.command("publish")
@of_night
def publish_command(night: Night) -> None:
    """Audit the night's offers and put them before the product, all at once.

    The product's database is ADVANCES_PRODUCT_DATABASE; where that is empty the offers
    are audited only.

    \b
    Example:
      advances publish --as-of 2026-10-31
    """
    from jobs.publish import publish
    from jobs.terminal import print_published

    show(publish(night), print_published)


@cli.command("watch")
@of_night
def watch_command(night: Night) -> None:
    """Compare the night with an earlier one, and forecasts with what came true.

    It stops nothing: what is past its threshold in the policy is said, as AMBER.

    \b
    Example:
      advances watch --as-of 2026-10-31
    """
    from jobs.terminal import print_watched
    from jobs.watch import watch

    show(watch(night), print_watched)


@cli.command("check")
@of_night
def check_command(night: Night) -> None:
    """Check what was taken of each advance against what was due, day by day.

    It stops nothing: every difference is stored with its reason.

    \b
    Example:
      advances check --as-of 2026-10-31
    """
    from jobs.check_repayments import check
    from jobs.terminal import print_checked

    show(check(night), print_checked)


for command in (*BOOKS, *QUESTIONS, *RISKS):
    cli.add_command(command)
with_output_options(cli)


def main() -> None:
    """Run the command line and turn each kind of failure into its exit code."""
    # Imports make many objects and hardly any garbage; looking for it among them at
    # the default pace takes a tenth of a second of every command.
    gc.set_threshold(100_000)
    arrange()
    try:
        cli(prog_name="advances", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - every failure is told in one form
        fail(error)


if __name__ == "__main__":
    main()
