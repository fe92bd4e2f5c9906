"""Turns the sample marketplace's arrays into Arrow columns of the input contract."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobs.sources.sample_sellers import (
    COUNTRIES,
    CURRENCIES,
    NEVER,
    Accounts,
    Ints,
    Market,
    Sellers,
)
from jobs.sources.tables import TABLES, Column, Kind

#: An Arrow array as it is; whole numbers (seconds, days, amounts, or codes of an
#: enumeration); one word of an enumeration for every row; or nothing at all.
Values: TypeAlias = pa.Array | Ints | str | None

#: Parts of one table, in the order in which they are written.
Pieces = list[pa.Table]

#: The last eight bytes of an id, "-" and seven digits, as two parts of one word.
_LOW_DIGITS = np.frombuffer(
    b"".join(b"\0\0\0\0%04d" % number for number in range(10_000)), "<u8"
)
_HIGH_DIGITS = np.frombuffer(
    b"".join(b"-%03d\0\0\0\0" % number for number in range(1_000)), "<u8"
)
_ID_BYTES = 16
_MICROSECONDS = 1_000_000
#: What codes stand for in columns without an enumeration of their own.
_WORDS = {Kind.CURRENCY: CURRENCIES, Kind.COUNTRY: COUNTRIES}
#: The type of a column of each kind as it is read back.
ARROW_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.CURRENCY: pa.string(),
    Kind.COUNTRY: pa.string(),
    Kind.MINOR: pa.int64(),
    Kind.DAYS: pa.int64(),
    Kind.RATE: pa.float64(),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.DATE: pa.date32(),
}


@dataclass(frozen=True)
class Block:
    """A block of sellers, their accounts and the market they sell in."""

    market: Market
    sellers: Sellers
    accounts: Accounts

    def table(self, name: str, **values: Values) -> pa.Table:
        """Return the rows of contract table ``name`` that are known by the end.

        Whole numbers become what the contract says the column holds: seconds a
        timestamp (NEVER a null), days of history a date, codes their words.
        """
        updated = np.asarray(values["updated_at"])
        columns = TABLES[name].columns
        table = pa.table(
            [
                self._column(column, values[column.name], updated.size)
                for column in columns
            ],
            [column.name for column in columns],
        )
        known = updated <= self.market.end
        return table if known.all() else table.filter(pa.array(known))

    def ids(self, letter: str, seller: Ints, number: Ints) -> pa.Array:
        """Return ids such as ``i0000012-0000345``: letter, seller and number."""
        whole = number.astype(np.uint32)
        high = whole // np.uint32(10_000)
        words = np.empty((whole.size, 2), "<u8")
        words[:, 0] = self._prefixes(letter).view("<u8").ravel()[seller]
        words[:, 1] = _LOW_DIGITS[whole - high * np.uint32(10_000)]
        words[:, 1] |= _HIGH_DIGITS[high]
        offsets = np.arange(0, words.nbytes + 1, _ID_BYTES, dtype=np.int32)
        return pa.StringArray.from_buffers(
            whole.size, pa.py_buffer(offsets), pa.py_buffer(words)
        )

    def entity_ids(self) -> pa.Array:
        """Return the legal entity of each seller."""
        first = int(self.sellers.number[0])
        return self._words("l").take(pa.array(self.sellers.legal_entity - first))

    @cached_property
    def _digits(self) -> npt.NDArray[np.uint8]:
        digits = self.sellers.number[:, None] // 10 ** np.arange(7, -1, -1) % 10
        return (digits + ord("0")).astype(np.uint8)

    def _prefixes(self, letter: str) -> npt.NDArray[np.uint8]:
        """Return the letter and seven digits of each seller as eight bytes."""
        text = self._digits.copy()
        text[:, 0] = ord(letter)
        return text

    def _words(self, letter: str) -> pa.Array:
        return pa.array(self._prefixes(letter).view("S8").ravel().astype(str))

    @cached_property
    def seller_ids(self) -> pa.Array:
        """The id of each seller."""
        return self._words("s")

    def _column(self, column: Column, values: Values, count: int) -> pa.Array:
        if values is None:
            return pa.nulls(count, ARROW_TYPES[column.kind])
        if isinstance(values, pa.Array):
            return values
        if isinstance(values, str):
            values = np.full(count, column.allowed.index(values), np.int32)
        if ARROW_TYPES[column.kind] != pa.string():
            return self._measure(column, values)
        words = column.allowed or _WORDS.get(column.kind) or self.seller_ids
        codes = values.astype(np.int32, copy=False)
        return pa.DictionaryArray.from_arrays(codes, words)

    def _measure(self, column: Column, values: Ints) -> pa.Array:
        """Return seconds as timestamps, days of history as dates, amounts as such."""
        kind = ARROW_TYPES[column.kind]
        if column.kind is Kind.TIMESTAMP:
            missing = None if column.is_required else values >= NEVER
            return pa.array(values * _MICROSECONDS, kind, missing)
        if column.kind is Kind.DATE:
            days = (values + self.market.first_day).astype(np.int32)
            return pa.array(days).cast(kind)
        return pa.array(values, kind)
