"""The commands of finance: the book of advances and its journal."""

import click

from jobs.book import book
from jobs.night import Night
from jobs.options import of_night
from jobs.terminal import console


@click.command("book")
@of_night
def book_command(night: Night) -> None:
    """Book where every advance stands, and the journal of how it got there.

    What came in late is a movement of tonight: nights booked before stay as they are.

    \b
    Example:
      advances book --as-of 2026-10-31
    """
    booked = book(night)
    if booked:
        console.print(
            f"{booked.advance_count:,} advances booked, {booked.line_count:,} lines"
        )


BOOKS = (book_command,)
