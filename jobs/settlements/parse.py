"""Parses a settlement file of any processor known, by the names of its columns."""

from collections.abc import Callable, Iterable

from jobs.settlements import adyen, amazon, paypal, stripe
from jobs.settlements.cells import Row, read_header, read_rows
from jobs.settlements.lines import SettlementError, SettlementLine

_Reader = Callable[[Iterable[Row]], list[SettlementLine]]


def _each(read_line: Callable[[Row], SettlementLine]) -> _Reader:
    return lambda rows: [read_line(row) for row in rows]


_LAYOUTS: dict[str, tuple[tuple[str, ...], _Reader]] = {
    "Adyen's settlement details": (adyen.COLUMNS, _each(adyen.read_line)),
    "Stripe's payout reconciliation": (stripe.COLUMNS, _each(stripe.read_line)),
    "Amazon's settlement report V2": (amazon.COLUMNS, amazon.read_lines),
}


def parse_settlement(file_name: str, text: str) -> list[SettlementLine]:
    """Return the lines of a file; the order of its columns does not matter.

    Raises SettlementError naming file, row, column, value and what was expected: for a
    header that lacks a column, a cell that cannot be read, a row that is cut, an amount
    in both debit and credit, or a kind of row that is not known. Nothing of such a file
    is used.
    """
    text = text.removeprefix("\ufeff")
    if paypal.is_report(text):
        return paypal.read_lines(file_name, text)
    header = set(read_header(file_name, text))
    name, (columns, read_lines) = max(
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
    return read_lines(read_rows(file_name, text))
