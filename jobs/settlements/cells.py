"""Reads the cells of a settlement file by the names of their columns."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NoReturn

from jobs.settlements.lines import SettlementError
from jobs.underwriting.money import CurrencyError, currency_exponent, to_minor

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_MOMENT = re.compile(r"(\d{4})([-/])(\d\d)\2(\d\d) ([\d:]{8}) (UTC|[+-]\d{4})")
#: Hours ahead of UTC by the abbreviations that processors write.
_ZONES = {
    **dict.fromkeys(("UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("BST", "WEST", "CET"), 1),
    **dict.fromkeys(("CEST", "EET"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    **dict.fromkeys(("SGT", "HKT", "AWST"), 8),
    **dict.fromkeys(("JST", "KST"), 9),
    "AEST": 10,
    "AEDT": 11,
    "BRT": -3,
    "EDT": -4,
    **dict.fromkeys(("EST", "CDT"), -5),
    **dict.fromkeys(("CST", "MDT"), -6),
    **dict.fromkeys(("MST", "PDT"), -7),
    "PST": -8,
}


@dataclass(frozen=True)
class Row:
    """One row by column name; every reader refuses the file where a cell is odd."""

    file_name: str
    number: int
    cells: Mapping[str, str]

    def refuse(self, column: str, expected: str) -> NoReturn:
        """Raise SettlementError with the place, the value and what was expected."""
        message = (
            f"{self.file_name}, row {self.number}, column {column!r}:"
            f" {self.cells.get(column, '')!r}; expected {expected}"
        )
        raise SettlementError(message)

    def text(self, *columns: str) -> str:
        """Return the first of these cells that is there and not empty, or nothing."""
        for column in columns:
            if text := self.cells.get(column, "").strip():
                return text
        return ""

    def currency(self, column: str) -> str:
        """Return the currency code in a cell, in capitals."""
        code = self.text(column).upper()
        try:
            currency_exponent(code)
        except CurrencyError:
            self.refuse(column, "a currency such as EUR or JPY")
        return code

    def minor(self, column: str, currency_code: str) -> int:
        """Return a signed amount in minor units; an empty cell is 0."""
        text = self.text(column)
        if not text:
            return 0
        decimals = currency_exponent(currency_code)
        expected = (
            "digits with a decimal point and no other mark, and at most"
            f" {decimals} decimals, as {currency_code} has"
        )
        sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text)
        # 1.000 may be a thousand: noughts beyond the currency's decimals do not pass.
        if len(digits.partition(".")[2]) > decimals:
            self.refuse(column, expected)
        try:
            # Some files leave out the nought before the point.
            whole = "0" + digits if digits[:1] == "." else digits
            return to_minor(sign + whole, currency_code)
        except ValueError:
            self.refuse(column, expected)

    def units(self, column: str) -> int:
        """Return an amount that is written in minor units; an empty cell is 0."""
        text = self.text(column) or "0"
        if not (text.isascii() and text.isdigit()):
            self.refuse(column, "an amount in minor units: digits and nothing else")
        return int(text)

    def credit_less_debit(
        self, debit: str, credit: str, currency_code: str
    ) -> int | None:
        """Return credit - debit, of which only one may be given; None for neither."""
        for column in (debit, credit):
            if self.text(column).startswith("-"):
                self.refuse(column, "no sign, since the column says it")
        taken = self.minor(debit, currency_code)
        given = self.minor(credit, currency_code)
        if taken and given:
            self.refuse(
                debit,
                f"an amount in one of the two; {credit!r} has {self.text(credit)!r}",
            )
        is_told = self.text(debit) or self.text(credit)
        return given - taken if is_told else None

    def time(self, column: str, zone_column: str = "") -> datetime:
        """Return the time in a cell as UTC, from the zone that the other cell names."""
        zone = self.text(zone_column) if zone_column else "UTC"
        if zone not in _ZONES:
            self.refuse(zone_column, f"one of {', '.join(sorted(_ZONES))}")
        text = self.text(column)
        try:
            # It reads other ways of writing a time too, which no processor uses.
            local = datetime.fromisoformat(text if _TIME.fullmatch(text) else "")
        except ValueError:
            self.refuse(column, "a time such as 2026-10-31 23:59:59")
        return local - timedelta(hours=_ZONES[zone])

    def moment(self, column: str) -> datetime:
        """Return the time in a cell, which says its own zone, as UTC."""
        found = _MOMENT.fullmatch(self.text(column))
        try:
            year, _, month, day, clock, zone = found.groups() if found else ("",) * 6
            zone = zone.replace("UTC", "+0000")
            at = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{zone}")
        except ValueError:
            self.refuse(column, "a time such as 2026/10/31 23:59:59 -0800, or UTC")
        return at.astimezone(UTC).replace(tzinfo=None)

    def kind(self, column: str, kinds: Mapping[str, str]) -> str:
        """Return what the cell's word stands for, in whatever case it is written."""
        word = self.text(column).lower()
        if word not in kinds:
            self.refuse(column, f"one of {', '.join(kinds)}")
        return kinds[word]


def read_header(file_name: str, text: str) -> list[str]:
    """Return the names of the columns; SettlementError for none, or one twice."""
    _, header = next(read_records(file_name, text), (1, []))
    return names_of(file_name, 1, header)


def names_of(file_name: str, number: int, header: Sequence[str]) -> list[str]:
    """Return the names in a row of them; SettlementError for none, or one twice."""
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        found = f"column {twice[0]!r} twice" if twice else "nothing"
        message = (
            f"{file_name}, row {number}: {found}; expected names of columns, each once"
        )
        raise SettlementError(message)
    return names


def read_rows(file_name: str, text: str) -> Iterator[Row]:
    """Yield every row after the header; SettlementError where cells miss or abound."""
    names = read_header(file_name, text)
    for number, cells in read_records(file_name, text):
        if number > 1:
            yield row_of(file_name, number, names, cells)


def row_of(
    file_name: str, number: int, names: Sequence[str], cells: Sequence[str]
) -> Row:
    """Return a row by the names of its columns, as many as it has cells."""
    if not names:
        message = f"{file_name}, row {number}: expected the names of its columns before"
        raise SettlementError(message)
    if len(cells) != len(names):
        last = names[min(len(cells), len(names)) - 1]
        hint = "is the file cut" if len(cells) < len(names) else "is a comma unquoted"
        message = (
            f"{file_name}, row {number}, column {last!r}: {cells[-1]!r} is cell"
            f" {len(cells)}, the last; expected {len(names)}, as in its header"
            f" ({hint}?)"
        )
        raise SettlementError(message)
    return Row(file_name, number, dict(zip(names, cells, strict=True)))


def read_records(file_name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line that has any; tabs where the first has one.

    Between tabs a quote is a character like any other.
    """
    number = 0
    is_tabbed = "\t" in text.partition("\n")[0]
    delimiter = "\t" if is_tabbed else ","
    quoting: Literal[0, 3] = csv.QUOTE_NONE if is_tabbed else csv.QUOTE_MINIMAL
    lines = io.StringIO(text, newline="")
    try:
        for cells in csv.reader(
            lines, delimiter=delimiter, quoting=quoting, strict=True
        ):
            if cells:
                number += 1
                yield number, cells
    except csv.Error as error:
        message = (
            f"{file_name}, row {number + 1}: {error}; expected every quote in pairs"
            " and a comma after a quoted cell (is the file cut?)"
        )
        raise SettlementError(message) from error
