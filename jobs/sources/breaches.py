"""The contract as SQL: how a column is cast, and every way its value can be wrong."""

import re
from functools import cache

from babel import Locale
from babel.numbers import list_currencies

from jobs.sources.landing import Landed
from jobs.sources.tables import Column, Kind

_SQL_TYPES = {
    Kind.MINOR: "bigint",
    Kind.DAYS: "bigint",
    Kind.RATE: "double",
    Kind.TIMESTAMP: "timestamp",
    Kind.DATE: "date",
}
#: How text of each kind must look; DuckDB alone would round '12.5' to 13.
_PATTERNS = {
    Kind.MINOR: r"-?\d{1,18}",
    Kind.DAYS: r"\d{1,5}",
    Kind.DATE: r"\d{4}-\d{2}-\d{2}",
    Kind.TIMESTAMP: r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
    r"(Z|[+-]\d{2}(:?\d{2})?)?)?",
}
_READABLE = {
    Kind.MINOR: "a whole number of minor units",
    Kind.DAYS: "a whole number of days",
    Kind.RATE: "a number",
    Kind.TIMESTAMP: "a timestamp such as 2026-01-31T23:59:59Z",
    Kind.DATE: "a date such as 2026-01-31",
}
_ALPHA_2 = re.compile("[A-Z]{2}")
EARLIEST, LATEST = "2000-01-01", "2100-01-01"
_LARGEST_MINOR = 10**15


def quote(text: str) -> str:
    """Return ``text`` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_type(column: Column) -> str:
    """Return the DuckDB type of a column."""
    return _SQL_TYPES.get(column.kind, "varchar")


def raw_value(column: Column, file: Landed) -> str:
    """Return the column's value as it is in the file; null without the column."""
    return f'"{column.name}"' if column.name in file.columns else "null::varchar"


def cast(column: Column, file: Landed) -> str:
    """Return the column's value in its type, null where the text does not fit."""
    name = raw_value(column, file)
    if column.kind not in _SQL_TYPES:
        return f"{name}::varchar"
    if column.name not in file.text_columns:
        return f"{name}::{_SQL_TYPES[column.kind]}"
    if column.kind is Kind.TIMESTAMP:
        value = f"try_cast({name} as timestamptz) at time zone 'UTC'"
    else:
        value = f"try_cast({name} as {_SQL_TYPES[column.kind]})"
    pattern = _PATTERNS.get(column.kind)
    if pattern is None:
        return value
    return f"case when regexp_full_match({name}, {quote(pattern)}) then {value} end"


def breaches(column: Column) -> list[str]:
    """Return one SQL expression a rule: null, or a sentence that names the breach."""
    name = column.name
    found = []
    if column.is_required:
        found.append(f"case when raw_{name} is null then '{name} is missing' end")
    if column.kind in _SQL_TYPES:
        unreadable = quote(f" is not {_READABLE[column.kind]}")
        found.append(
            f"case when {name} is null and raw_{name} is not null"
            f" then '{name} ' || raw_{name}::varchar || {unreadable} end"
        )
    for condition, sentence in _rules(column):
        found.append(
            f"case when {condition}"
            f" then '{name} ' || raw_{name}::varchar || {quote(' ' + sentence)} end"
        )
    return found


def _rules(column: Column) -> list[tuple[str, str]]:
    name = column.name
    rules = []
    if column.allowed:
        choices = ", ".join(map(quote, column.allowed))
        sentence = f"is not one of {', '.join(column.allowed)}"
        rules.append((f"{name} not in ({choices})", sentence))
    if column.minimum is not None:
        rules.append((f"{name} < {column.minimum}", f"is below {column.minimum}"))
    if column.kind is Kind.MINOR:
        beyond = f"is beyond the largest amount accepted, {_LARGEST_MINOR}"
        rules.append((f"abs({name}) > {_LARGEST_MINOR}", beyond))
    if column.kind is Kind.RATE:
        outside = f"isnan({name}) or not {name} between 0 and 1"
        rules.append((outside, "is not a share between 0 and 1"))
    if column.kind is Kind.CURRENCY:
        rules.append((f"{name} not in ({_currencies()})", "is not an ISO 4217 code"))
    if column.kind is Kind.COUNTRY:
        rules.append((f"{name} not in ({_countries()})", "is not an ISO 3166 code"))
    if column.kind in {Kind.TIMESTAMP, Kind.DATE}:
        outside = f"{name} < '{EARLIEST}' or {name} >= '{LATEST}'"
        rules.append((outside, f"is outside {EARLIEST} to {LATEST}"))
    if column.is_event and name != "updated_at":
        later = "is later than the row's updated_at"
        rules.append((f"{name} > updated_at", later))
    return rules


@cache
def _currencies() -> str:
    return ", ".join(map(quote, sorted(list_currencies())))


@cache
def _countries() -> str:
    names = map(str, Locale("en").territories)
    codes = (name for name in names if _ALPHA_2.fullmatch(name))
    return ", ".join(map(quote, sorted(codes)))
