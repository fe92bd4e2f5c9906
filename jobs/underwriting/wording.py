"""Numbers and reasons as people of four languages write them."""

import datetime as dt
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from babel import Locale as CultureData
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal, format_percent

from jobs.underwriting.findings import Finding
from jobs.underwriting.money import format_minor, to_decimal
from jobs.underwriting.reason_texts import LOCALES, NEUTRAL, REASON_TEXTS, Locale, Texts

_BASIS_POINT = Decimal("0.0001")
_NEVER_WEEKS = 1e9  # Babel turns days into weeks from a share of them on.


class InternalReasonError(ValueError):
    """A reason that is for staff was about to be told to a seller."""


def seller_text(
    finding: Finding, currency_code: str, as_of_date: dt.date, locale: Locale
) -> str:
    """Return what a seller is told of one failed rule.

    A number that is missing, or a reason without a text, gives the neutral sentence: a
    text with a hole in it is not sent.

    Raises:
        InternalReasonError: the reason is for staff.

    """
    if finding.is_internal:
        message = f"{finding.code} is for staff and is never told to a seller."
        raise InternalReasonError(message)
    text = REASON_TEXTS.get((finding.code, finding.unit), NEUTRAL)[locale]
    words = _placeholders(finding, currency_code, as_of_date, locale)
    try:
        return text.format(**words)
    except KeyError:  # A number that the text needs is missing.
        return NEUTRAL[locale]


def seller_texts(
    findings: Iterable[Finding], currency_code: str, as_of_date: dt.date, locale: Locale
) -> list[str]:
    """Return what may be told of failed rules: internal ones leave no trace.

    Where nothing is left to tell, the neutral sentence is.
    """
    told = [
        seller_text(finding, currency_code, as_of_date, locale)
        for finding in findings
        if not finding.is_internal
    ]
    return told or [NEUTRAL[locale]]


def all_seller_texts(
    finding: Finding, currency_code: str, as_of_date: dt.date
) -> Texts | None:
    """Return the text in every language; None where there is nothing to tell."""
    if finding.is_passed or finding.is_internal:
        return None
    return {
        locale: seller_text(finding, currency_code, as_of_date, locale)
        for locale in LOCALES
    }


def distance_text(finding: Finding, currency_code: str) -> str:
    """How far a failed rule is from being met, for staff: "34 more days"."""
    distance, value = finding.distance, finding.value
    if finding.is_passed:
        return ""
    if finding.unit == "flag" or distance is None:
        return _not_measured(finding, currency_code)
    is_short = value is None or finding.threshold is None or value < finding.threshold
    if finding.unit == "minor":
        amount = f"{to_decimal(int(distance), currency_code):,} {currency_code}"
        per_month = " a month" if finding.code == "LOW_VOLUME" else ""
        return f"+{amount}{per_month}" if is_short else f"{amount} over{per_month}"
    if finding.unit == "rate":
        # 0.016 - 0.015 is a little more than 0.001 in binary, and is no 0.11 points.
        exact = Decimal(str(round(distance * 100, 9)))
        points = exact.quantize(Decimal("0.01"), ROUND_CEILING)
        text = f"{points.normalize():f} point{'' if points == 1 else 's'}"
        return f"+{text}" if is_short else f"{text} over"
    count = int(distance)
    noun = {"days": " day" if count == 1 else " days"}.get(finding.unit, "")
    return f"{count:,} more{noun}" if is_short else f"{count:,}{noun} too many"


def _not_measured(finding: Finding, currency_code: str) -> str:
    """Say what stands in the way where no more of anything would be enough."""
    if finding.category == "review":
        return "a person has to look"
    if finding.category == "budget" and finding.threshold is not None:
        budget = f"{to_decimal(int(finding.threshold), currency_code):,}"
        room = "or in the room of its cohort or country"
        return f"no place in the night's {budget} {currency_code}, {room}"
    return "not met"


def quantity(
    number: float | None, finding: Finding, currency_code: str, locale: Locale
) -> str:
    """Return the value or the threshold of a rule in its unit; "" where missing."""
    if number is None:
        return ""
    if finding.unit == "minor":
        return format_minor(int(number), currency_code, locale)
    if finding.unit == "days":
        return days(int(number), locale)
    if finding.unit == "rate":
        return percent(number, locale, _away_from_threshold(number, finding))
    return str(format_decimal(int(number), locale=locale))


def days(count: int, locale: Locale) -> str:
    """Whole days with their noun: "1 day", "34 jours", "34 日"."""
    length = dt.timedelta(days=count)
    return format_timedelta(
        length, granularity="day", threshold=_NEVER_WEEKS, locale=locale
    )


def date(day: dt.date, locale: Locale) -> str:
    """Return a date in words, e.g. "31 octobre 2026"."""
    return format_date(day, "long", locale=locale)


def percent(rate: float, locale: Locale, rounding: str = ROUND_HALF_UP) -> str:
    """Return a share in per cent with up to two decimals, e.g. "1,53 %"."""
    pattern = CultureData.parse(locale).percent_formats[None].pattern
    exact = Decimal(str(rate)).quantize(_BASIS_POINT, rounding)
    shown = format_percent(exact, pattern.replace("##0", "##0.##"), locale=locale)
    return str(shown)


def _away_from_threshold(number: float, finding: Finding) -> str:
    """Round so that what fails a rule never reads as if it met it."""
    if finding.is_passed or finding.threshold in (None, number):
        return ROUND_HALF_UP
    return ROUND_CEILING if number > (finding.threshold or 0) else ROUND_FLOOR


def _placeholders(
    finding: Finding, currency_code: str, as_of_date: dt.date, locale: Locale
) -> dict[str, str]:
    numbers = {name: getattr(finding, name) for name in ("value", "threshold")}
    numbers["distance"] = finding.distance
    words = {
        name: quantity(number, finding, currency_code, locale)
        for name, number in numbers.items()
        if number is not None
    }
    if finding.unit == "days" and finding.distance is not None:
        day = as_of_date + dt.timedelta(days=int(finding.distance))
        words["date"] = date(day, locale)
    return words
