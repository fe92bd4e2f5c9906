"""The commands that answer a question: why, the same again, what if, does it tie.

They read what the nights left and write no offers.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import click

from jobs.backtests import backtest_group
from jobs.console import asked, console, show, working
from jobs.night import Night
from jobs.options import as_date, may_open_night, of_night
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError
from jobs.underwriting.reason_texts import Locale
from jobs.underwriting.unit_periods import UNIT_PERIODS


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
    from jobs.replay import replay
    from jobs.terminal import print_replayed

    with working("replay"):
        found = replay(night, seller_id)
    show(found, lambda _: print_replayed(night, found))
    if found.differences:
        message = f"the night of {night.as_of_date} is not what its inputs give"
        advice = (
            "find what changed underwriting.*, or the code; then run the night again"
        )
        raise DataError(message, advice)


@click.command("recheck")
@of_night
@click.argument("seller_id")
def recheck_command(night: Night, seller_id: str) -> None:
    """Ask again what the policy asks again when a seller accepts an offer.

    \b
    Example:
      advances recheck s0000042 --as-of 2026-10-31
    """
    from jobs.recheck import recheck_seller
    from jobs.terminal import tell

    found = recheck_seller(night, seller_id)
    answers = [each.as_plain() for each in found]

    def print_answers(_: object) -> None:
        for each in answers:
            answer = "may accept" if each["may_accept"] else "may not accept"
            console.print(f"{seller_id} {each['currency_code']}: {answer}")
            for code in each["checked"]:
                tell(f"{code}: {'failed' if code in each['failed'] else 'passed'}")

    show({"seller_id": seller_id, "answers": answers}, print_answers)


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
def apr_command(  # noqa: PLR0913 - one parameter an option
    *,
    advance: str,
    on: date,
    payments: tuple[str, ...],
    unit: str,
    method: Any,  # noqa: ANN401 - click has checked the choice
    currency: str,
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
    show(
        apr.as_json(found, currency),
        lambda _: click.echo("\n".join(apr.as_lines(found, currency))),
    )


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
def simulate_command(
    open_night: Callable[[], Night],
    **options: Any,  # noqa: ANN401 - click passes each option in its own type
) -> None:
    """Say what an advance would cost a seller, and how it is repaid if sales change.

    \b
    Example:
      advances simulate s0000001 --as-of 2026-10-31 --advance 1000 --term 120
    """
    from jobs import simulate

    found = simulate.simulate_seller(open_night(), simulate.Asked(**options))
    show(
        simulate.as_json(found),
        lambda _: click.echo("\n".join(simulate.as_lines(found))),
    )


@click.command("explain")
@of_night
@click.argument("seller")
@click.option("--currency", help="Only this currency; the default is all of a seller.")
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
    from jobs.terminal import print_wide

    if asked.is_json and locale:
        message = "--json has every language in it; give either --json or --locale"
        raise click.UsageError(message)
    explained = explain(night, seller, currency.upper() if currency else None)

    def print_parts(_: object) -> None:
        for paragraphs in explained.letters(locale) if locale else ():
            click.echo("\n".join(paragraphs) + "\n")
        for part in () if locale else report(explained):
            print_wide(part)

    show(explained, print_parts)


@click.command("reconcile")
@of_night
@click.option(
    "--files",
    "folder",
    help="Folder with every settlement file there ever was, as *.csv or *.txt; an"
    " address such as gs://… works too.  [default: ADVANCES_SETTLEMENTS]",
)
def reconcile_command(night: Night, folder: str | None) -> None:
    """Match the processors' settlement files with the ledger, and name what is left.

    Reads Adyen's settlement details, Stripe's payout reconciliation, and the settlement
    reports of PayPal (STL) and of Amazon (V2).

    \b
    Example:
      advances reconcile --files settlements/ --as-of 2026-10-31
    """
    from jobs.reconcile import reconcile
    from jobs.terminal import print_reconciled

    address = folder or night.settings.settlements
    if not address:
        message = "no settlement files are named"
        advice = "give --files, or set ADVANCES_SETTLEMENTS"
        raise ConfigurationError(message, advice)
    with working("reconcile"):
        reconciled = reconcile(night, address)
    show(reconciled, print_reconciled)


QUESTIONS: tuple[click.Command, ...] = (
    apr_command,
    backtest_group,
    explain_command,
    recheck_command,
    reconcile_command,
    replay_command,
    simulate_command,
)
