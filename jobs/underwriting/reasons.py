"""The catalogue of reasons: category and unit of each code, and who may read it."""

from dataclasses import dataclass
from typing import Literal

Category = Literal["credit", "standing", "data", "review", "budget"]
Unit = Literal["days", "minor", "rate", "count", "flag"]


@dataclass(frozen=True)
class Reason:
    """One reason; ``is_internal`` when it is for staff, never told to a seller.

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
    # Neither says anything about the seller's credit, so neither is counted as such.
    Reason("UNUSUAL_SALES", "review", "flag"),
    Reason("BUDGET_EXHAUSTED", "budget", "minor"),
)

BY_CODE: dict[str, Reason] = {reason.code: reason for reason in reversed(REASONS)}
