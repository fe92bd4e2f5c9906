"""Parses a settlement file of any processor known, by the names of its columns."""

from jobs.settlements import adyen, stripe
from jobs.settlements.cells import read_header, read_rows
from jobs.settlements.lines import SettlementError, SettlementLine

_LAYOUTS = {
    "Adyen's settlement details": (adyen.COLUMNS, adyen.read_line),
    "Stripe's payout reconciliation": (stripe.COLUMNS, stripe.read_line),
}


def parse_settlement(file_name: str, text: str) -> list[SettlementLine]:
    """Return the lines of a file; the order of its columns does not matter.

    Raises SettlementError naming file, row, column, value and what was expected: for a
    header that lacks a column, a cell that cannot be read, a row that is cut, an amount
    in both debit and credit, or a kind of row that is not known. Nothing of such a file
    is used.
    """
    header = set(read_header(file_name, text.removeprefix("\ufeff")))
    name, (columns, read_line) = max(
        _LAYOUTS.items(), key=lambda layout: len(header & set(layout[1][0]))
    )
    missing = [column for column in columns if column not in header]
    if missing:
        message = (
            f"{file_name}, row 1: no column {missing[0]!r}; expected the"
            f" {len(columns)} of {name}, the nearest layout known:"
            f" {len(missing)} of them missing"
        )
        raise SettlementError(message)
    rows = read_rows(file_name, text.removeprefix("\ufeff"))
    return [read_line(row) for row in rows]
