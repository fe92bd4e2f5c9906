"""Money: exponents of currencies, roundings with a stated direction, display.

Stored money is an integer in minor units. Floats appear only as estimates on their way
to one of the roundings below, and each rounding says in its name where it goes.
"""

import re
from decimal import Decimal
from functools import cache

import numpy as np
import numpy.typing as npt
from babel.numbers import format_currency, get_currency_precision, is_currency

from jobs.underwriting.arrays import FloatArray, IntegerArray

#: ISO 4217 gives metals, baskets of currencies and test codes no minor unit.
_WITHOUT_EXPONENT = frozenset(
    [
        "XAG",
        "XAU",
        "XBA",
        "XBB",
        "XBC",
        "XBD",
        "XDR",
        "XPD",
        "XPT",
        "XSU",
        "XTS",
        "XUA",
        "XXX",
    ],
)
_LARGEST = 2.0**53  # beyond it a float no longer holds every whole number

_HALF = 0.5


class CurrencyError(ValueError):
    """A code that is no currency with a known number of decimals."""


@cache
def currency_exponent(currency_code: str) -> int:
    """Decimals of a currency (EUR 2, JPY 0, KWD 3), from Babel's CLDR data.

    Raises:
        CurrencyError: the code is unknown, or names something without minor units.

    """
    if currency_code in _WITHOUT_EXPONENT or not is_currency(currency_code):
        message = (
            f"{currency_code!r} is a currency with no exponent: expected an ISO 4217"
            " code with minor units, such as EUR, USD or JPY."
        )
        raise CurrencyError(message)
    return get_currency_precision(currency_code)


def to_decimal(amount_minor: int, currency_code: str) -> Decimal:
    """Amount in major units, exactly: amount_minor / 10^exponent."""
    return Decimal(int(amount_minor)).scaleb(-currency_exponent(currency_code))


def to_minor(amount: str, currency_code: str) -> int:
    """Whole minor units of an amount as written, exactly: amount x 10^exponent.

    Raises:
        CurrencyError: the currency has no exponent.
        ValueError: no plain decimal number, or more decimals than the currency has.

    """
    exponent = currency_exponent(currency_code)
    if not re.fullmatch(r"-?\d{1,15}(\.\d+)?", amount, re.ASCII):
        message = f"{amount!r} is not an amount such as 1200 or 1200.50."
        raise ValueError(message)
    minor = Decimal(amount).scaleb(exponent)
    if minor != int(minor):
        message = f"{amount!r} has more decimals than {currency_code} ({exponent})."
        raise ValueError(message)
    return int(minor)


def format_minor(amount_minor: int, currency_code: str, locale: str = "en") -> str:
    """Amount as a person of that locale writes it, e.g. "€1,234.50" or "¥1,234"."""
    return str(
        format_currency(
            to_decimal(amount_minor, currency_code),
            currency_code,
            locale=locale,
        ),
    )


def round_down(amounts: npt.ArrayLike) -> IntegerArray:
    """Round towards minus infinity: the largest whole number not above the amount."""
    return _whole(np.floor(_finite(amounts)))


def round_up(amounts: npt.ArrayLike, *, forgiving: float = 0.0) -> IntegerArray:
    """Round towards plus infinity: ceil(amount - forgiving).

    ``forgiving`` is the numerical error to overlook, in minor units: without it a fee
    of 5,000 x 0.04 = 200.00000000000003 would become 201.
    """
    return _whole(np.ceil(_finite(amounts) - forgiving))


def round_half_up(amounts: npt.ArrayLike) -> IntegerArray:
    """Round to the nearest whole number, a half towards plus infinity."""
    values = _finite(amounts)
    whole = np.floor(values)
    return _whole(whole + (values - whole >= _HALF))


def round_down_to_step(
    amounts_minor: IntegerArray,
    steps_minor: IntegerArray | int,
) -> IntegerArray:
    """Largest multiple of the step not above the amount: amount - amount mod step."""
    if np.any(np.asarray(steps_minor) <= 0):
        message = "A step to round to must be positive."
        raise ValueError(message)
    return np.asarray(
        amounts_minor - np.mod(amounts_minor, steps_minor), dtype=np.int64
    )


def _finite(amounts: npt.ArrayLike) -> FloatArray:
    values = np.asarray(amounts, dtype=np.float64)
    if not np.all(np.abs(values) <= _LARGEST):
        message = "An amount to round must be finite and below 2^53 minor units."
        raise ValueError(message)
    return values


def _whole(values: FloatArray) -> IntegerArray:
    return np.asarray(values, dtype=np.int64)
