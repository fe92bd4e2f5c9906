"""The commands of finance: the book of advances, its journal, the night as a page."""

from pathlib import Path

import click

from jobs.console import console, show, working
from jobs.night import Night
from jobs.options import of_night


@click.command("book")
@of_night
def book_command(night: Night) -> None:
    """Book where every advance stands, and the journal of how it got there.

    What came in late is a movement of tonight: nights booked before stay as they are.

    \b
    Example:
      advances book --as-of 2026-10-31
    """
    from jobs.book import book
    from jobs.terminal import print_booked

    show(book(night), print_booked)


@click.command("journal")
@of_night
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file for the lines; one that is there is replaced.",
)
def journal_command(night: Night, out: Path) -> None:
    """Write the journal of a booked night as a file that finance can load.

    The last column is a hash of the night: one loaded with another hash was booked
    again since, and its lines are to be replaced by these.

    \b
    Example:
      advances journal --as-of 2026-10-31 --out journal.csv
    """
    from jobs.journal import export_journal
    from jobs.underwriting.money import format_minor

    debits = export_journal(night, out)

    def print_lines(_: object) -> None:
        if not debits:
            console.print(f"Nothing moved on {night.as_of_date}")
        for code, amount in debits.items():
            console.print(f"{code}: {format_minor(amount, code)} debited")
        console.print(f"Written to {out}")

    show({"path": str(out), "debit_minor": debits}, print_lines)


@click.command("report")
@of_night
@click.option(
    "--seller",
    "sellers",
    multiple=True,
    help="A card of this seller, in the place of those chosen by rule; repeatable.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="HTML file; the default is report-DATE.html in ADVANCES_REPORTS, or beside the"
    " warehouse.",
)
@click.option(
    "--open", "is_opened", is_flag=True, help="Show it in the browser, on a terminal."
)
def report_command(
    night: Night, sellers: tuple[str, ...], out: Path | None, *, is_opened: bool
) -> None:
    """Write the night as one HTML page that needs no network.

    \b
    Examples:
      advances report --as-of 2026-10-31
      advances report --as-of 2026-10-31 --seller s0000034 --out s0000034.html
    """
    from jobs.report import report

    with working("report"):
        path = report(night, sellers, out)
    show({"path": path}, lambda _: console.print(f"Report: {path}", markup=False))
    if is_opened and console.is_terminal:
        click.launch(path)


BOOKS = (book_command, journal_command, report_command)
