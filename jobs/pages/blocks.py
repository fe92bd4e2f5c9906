"""Blocks: what a page is made of, as values; the template gives them their form."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP
from typing import Any, ClassVar

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from jobs.underwriting.money import format_minor
from jobs.underwriting.wording import percent

#: One row that a query found, as plain values; what is missing is None.
Row = Mapping[str, Any]
Rows = Sequence[Row]

_NONE = "–"


@dataclass(frozen=True)
class Value:
    """One thing shown. ``raw`` is its number: minor units, a count or a rate.

    ``figure`` is the name by which a reader of the page finds the number, ``target``
    the id on this page that it leads to, ``tone`` green, amber or red.
    """

    text: str
    raw: str = ""
    figure: str = ""
    target: str = ""
    tone: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a caption; the first value of each is the row's header.

    Columns whose values are numbers are set to the right. ``name`` is the id of a table
    that can be sorted, "" for any other; a folded one opens when it is asked for.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    name: str = ""
    note: str = ""
    is_folded: bool = False

    @property
    def numbers(self) -> list[bool]:
        """Which columns hold numbers."""
        columns = zip(*self.rows, strict=True)
        found = [any(value.is_number for value in column) for column in columns]
        return found or [False] * len(self.columns)


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification, what it shows in words, and its data as a table.

    The table is open from the start where it says more than the chart; two halves
    stand beside each other where there is room.
    """

    kind: ClassVar[str] = "chart"
    name: str
    title: str
    says: str
    spec: dict[str, Any] = field(repr=False)
    table: Table
    is_open: bool = False
    is_half: bool = False


@dataclass(frozen=True)
class Headline:
    """A figure to see first: what it is, the number, and what it is made of."""

    label: str
    value: Value
    detail: str = ""


@dataclass(frozen=True)
class Headlines:
    """Headlines beside each other."""

    kind: ClassVar[str] = "headlines"
    items: tuple[Headline, ...]


@dataclass(frozen=True)
class Note:
    """A sentence; ``is_missing`` where it says that there is nothing to show."""

    kind: ClassVar[str] = "note"
    text: str
    is_missing: bool = False


@dataclass(frozen=True)
class Checks:
    """Sentences with a status each, the worst first."""

    kind: ClassVar[str] = "checks"
    items: tuple[Value, ...]


@dataclass(frozen=True)
class Letter:
    """Paragraphs as the seller reads them, in the language ``locale``."""

    kind: ClassVar[str] = "letter"
    title: str
    paragraphs: tuple[str, ...]
    locale: str


Block = Table | Chart | Headlines | Note | Checks | Letter


@dataclass(frozen=True)
class Section:
    """One section of the page, or one card; ``lead`` is what it says in a sentence."""

    name: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


def text(said: object, target: str = "", tone: str = "") -> Value:
    """Return words, or a dash for none."""
    shown = _NONE if said is None or said == "" else str(said)
    return Value(shown, target=target, tone=tone)


def money(amount_minor: int | None, currency_code: str, figure: str = "") -> Value:
    """Return an amount with its currency."""
    if amount_minor is None:
        return Value(_NONE, is_number=True)
    amount = int(amount_minor)
    shown = format_minor(amount, currency_code)
    return Value(shown, str(amount), figure, is_number=True)


def number(count: float | None, figure: str = "") -> Value:
    """Return a count, of things or of days."""
    if count is None:
        return Value(_NONE, is_number=True)
    whole = int(count)
    shown = str(format_decimal(whole, locale="en"))
    return Value(shown, str(whole), figure, is_number=True)


def share(rate: float | None, figure: str = "", rounding: str = ROUND_HALF_UP) -> Value:
    """Return a rate in per cent; the raw number stays a share of one."""
    if rate is None:
        return Value(_NONE, is_number=True)
    shown = percent(rate, "en", rounding)
    return Value(shown, repr(float(rate)), figure, is_number=True)


def day(date: dt.date | None) -> Value:
    """Return a date; its raw form sorts."""
    if date is None:
        return Value(_NONE)
    return Value(str(format_date(date, "d MMM y", locale="en")), date.isoformat())


def month(date: dt.date) -> str:
    """Return a month, such as Oct 2026."""
    return str(format_date(date, "MMM y", locale="en"))


def moment(at: dt.datetime | None) -> Value:
    """Return a UTC time to the minute."""
    if at is None:
        return Value(_NONE)
    shown = str(format_datetime(at, "d MMM y, HH:mm", locale="en"))
    return Value(shown, at.isoformat())


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 seller", "2,000 sellers"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def joined(parts: Sequence[str]) -> str:
    """Return parts as a person lists them: "a, b and c"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def words(code: str) -> str:
    """Return a stored code as words."""
    return code.replace("_", " ")
