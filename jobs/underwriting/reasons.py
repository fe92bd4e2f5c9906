"""The catalogue of reasons: what each code means, and the sentence a seller reads."""

from dataclasses import dataclass
from typing import Literal

from babel.numbers import format_decimal, format_percent

from jobs.underwriting.money import format_minor

Category = Literal["credit", "standing", "data"]
Unit = Literal["days", "minor", "rate", "count", "flag"]


@dataclass(frozen=True)
class Reason:
    """One reason; ``is_internal`` when its sentence is for staff, never for a seller.

    A code with two units is measured in two ways and appears once for each.
    """

    code: str
    category: Category
    unit: Unit
    is_internal: bool = False


REASONS: tuple[Reason, ...] = (
    Reason("DATA_STALE", "data", "days"),
    Reason("HISTORY_INCOMPLETE", "data", "count"),
    Reason("ACCOUNT_NOT_ACTIVE", "standing", "flag"),
    Reason("ACCOUNT_RESTRICTED", "standing", "count"),
    Reason("COUNTRY_NOT_SUPPORTED", "standing", "flag"),
    Reason("KYB_INCOMPLETE", "standing", "count"),
    # Telling a seller of a sanctions match would warn whom the check looks for.
    Reason("SANCTIONS_UNRESOLVED", "standing", "flag", is_internal=True),
    Reason("SHORT_HISTORY", "credit", "days"),
    Reason("LOW_VOLUME", "credit", "minor"),
    Reason("INACTIVE", "credit", "days"),
    Reason("INACTIVE", "credit", "count"),
    Reason("DECLINING_SALES", "credit", "rate"),
    Reason("VOLATILE_SALES", "credit", "rate"),
    Reason("REFUND_RATE_HIGH", "credit", "rate"),
    Reason("CHARGEBACK_RATE_HIGH", "credit", "rate"),
    Reason("NEGATIVE_BALANCE", "credit", "minor"),
    Reason("PAYOUT_FAILED", "credit", "count"),
    Reason("OPEN_ADVANCE_NOT_PAID_DOWN", "credit", "rate"),
    Reason("MINIMUM_MISSED", "credit", "flag"),
    Reason("COOLING_OFF", "credit", "days"),
    Reason("REPAYMENT_UNLIKELY", "credit", "rate"),
    Reason("PRICE_ABOVE_CAP", "credit", "rate"),
    Reason("BELOW_MINIMUM_ADVANCE", "credit", "minor"),
    Reason("EXPOSURE_LIMIT", "credit", "minor"),
)

#: Sentences by language, code and unit; another language is another entry here.
#: {value}, {threshold} and {distance} arrive formatted in the reason's unit.
SENTENCES: dict[str, dict[tuple[str, Unit], str]] = {
    "en": {
        ("DATA_STALE", "days"): (
            "We have not received recent sales data: it is {value} days old and we"
            " need it to be at most {threshold} days old."
        ),
        ("HISTORY_INCOMPLETE", "count"): (
            "Part of the sales history we need is missing or under repair, so we have"
            " not assessed your account."
        ),
        ("ACCOUNT_NOT_ACTIVE", "flag"): "Your seller account is not active.",
        ("ACCOUNT_RESTRICTED", "count"): (
            "Your account has {value} open restrictions; we need them lifted."
        ),
        ("COUNTRY_NOT_SUPPORTED", "flag"): (
            "We do not make advances in this currency in your country yet."
        ),
        ("KYB_INCOMPLETE", "count"): (
            "The verification of your business is not complete: {distance} more checks"
            " must pass."
        ),
        ("SANCTIONS_UNRESOLVED", "flag"): "The sanctions check has not passed.",
        ("SHORT_HISTORY", "days"): (
            "You have sold for {value} days and we look for {threshold}: {distance}"
            " more days."
        ),
        ("LOW_VOLUME", "minor"): (
            "Your sales come to {value} a month and we look for {threshold}:"
            " {distance} more a month."
        ),
        ("INACTIVE", "days"): (
            "Your last sale was {value} days ago and we look for one within"
            " {threshold} days."
        ),
        ("INACTIVE", "count"): (
            "You sold on {value} of the last 91 days and we look for {threshold}:"
            " {distance} more days with a sale."
        ),
        ("DECLINING_SALES", "rate"): (
            "Your sales of the last 91 days changed by {value} against the 91 days"
            " before; we accept {threshold}."
        ),
        ("VOLATILE_SALES", "rate"): (
            "Your weekly sales vary by {value} of their average; we accept {threshold}."
        ),
        ("REFUND_RATE_HIGH", "rate"): (
            "Refunds are {value} of your sales of the last 91 days; we accept"
            " {threshold}."
        ),
        ("CHARGEBACK_RATE_HIGH", "rate"): (
            "Chargebacks are {value} of your sales of the last 91 days; we accept"
            " {threshold}."
        ),
        ("NEGATIVE_BALANCE", "minor"): (
            "Your balance is {value}; it must not be negative: {distance} to go."
        ),
        ("PAYOUT_FAILED", "count"): (
            "{value} of your payouts failed in the last 91 days; we accept {threshold}."
        ),
        ("OPEN_ADVANCE_NOT_PAID_DOWN", "rate"): (
            "You have repaid {value} of your open advance and {threshold} must be"
            " repaid before the next: {distance} more."
        ),
        ("MINIMUM_MISSED", "flag"): (
            "A minimum repayment of an advance was missed and is still open."
        ),
        ("COOLING_OFF", "days"): (
            "Your last advance was paid off {value} days ago; the next is possible"
            " after {threshold} days: {distance} more days."
        ),
        ("REPAYMENT_UNLIKELY", "rate"): (
            "At the sales we expect, no amount would be repaid within this term with"
            " the certainty we ask for."
        ),
        ("PRICE_ABOVE_CAP", "rate"): (
            "The fee this term would need is above the most we charge."
        ),
        ("BELOW_MINIMUM_ADVANCE", "minor"): (
            "The amount we could advance for this term is below our smallest offer."
        ),
        ("EXPOSURE_LIMIT", "minor"): (
            "Advances to the businesses of your legal entity have reached the most we"
            " extend to one entity."
        ),
    },
}

BY_CODE: dict[str, Reason] = {reason.code: reason for reason in reversed(REASONS)}


def seller_sentence(
    reason: Reason,
    measured: tuple[float, float, float],
    currency_code: str,
    language: str = "en",
) -> str:
    """Sentence a seller reads; ``measured`` is value, threshold and distance.

    Raises:
        ValueError: the reason is internal.
        KeyError: there is no sentence in that language.

    """
    if reason.is_internal:
        message = f"{reason.code} is internal and has no sentence for a seller."
        raise ValueError(message)
    names = ("value", "threshold", "distance")
    shown = [
        _shown(number, reason.unit, currency_code, language) for number in measured
    ]
    sentence = SENTENCES[language][reason.code, reason.unit]
    return sentence.format(**dict(zip(names, shown, strict=True)))


def _shown(number: float, unit: Unit, currency_code: str, language: str) -> str:
    if unit == "minor":
        return format_minor(int(number), currency_code, language)
    if unit == "rate":
        return str(format_percent(number, "0.#%", locale=language))
    return str(format_decimal(number, locale=language))
