"""The input contract: every table a source may deliver, in one place.

Amounts are integers in minor units with an ISO 4217 ``currency_code`` in the same row,
timestamps are UTC, and every table has one key and ``updated_at``.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a column holds; the validation and the warehouse types follow from it."""

    TEXT = "text"
    CURRENCY = "currency"
    COUNTRY = "country"
    MINOR = "minor"
    DAYS = "days"
    RATE = "rate"
    TIMESTAMP = "timestamp"
    DATE = "date"


@dataclass(frozen=True)
class Column:
    """One column of a contract table.

    ``allowed`` lists the values of an enumeration, ``minimum`` the smallest amount.
    ``is_event`` marks a time that has already happened when the row is written, so
    it can never be later than the row's ``updated_at``. ``may_be_absent`` marks a
    column younger than the contract: a source without it delivers nulls.
    """

    name: str
    kind: Kind = Kind.TEXT
    is_required: bool = True
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    is_event: bool = False
    may_be_absent: bool = False


@dataclass(frozen=True)
class Table:
    """One table of the contract; ``is_required`` when no run can do without it."""

    name: str
    key: str
    columns: tuple[Column, ...]
    is_required: bool = False

    def __getitem__(self, name: str) -> Column:
        """Return the column called ``name``."""
        return next(column for column in self.columns if column.name == name)


def _text(name: str, *, required: bool = True) -> Column:
    return Column(name, is_required=required)


def _choice(name: str, *allowed: str) -> Column:
    return Column(name, allowed=allowed)


def _minor(name: str, *, minimum: int | None = None, required: bool = True) -> Column:
    return Column(name, Kind.MINOR, required, minimum=minimum)


def _happened(name: str, *, required: bool = True) -> Column:
    return Column(name, Kind.TIMESTAMP, required, is_event=True)


def _planned(name: str, *, required: bool = True) -> Column:
    return Column(name, Kind.TIMESTAMP, required)


CURRENCY = Column("currency_code", Kind.CURRENCY)
UPDATED_AT = _happened("updated_at")


def _table(name: str, key: str, *columns: Column, required: bool = False) -> Table:
    return Table(name, key, (_text(key), *columns, UPDATED_AT), required)


_TABLES = (
    _table(
        "sellers",
        "seller_id",
        _text("legal_entity_id"),
        Column("country_code", Kind.COUNTRY),
        CURRENCY,
        _choice("status", "onboarding", "active", "suspended", "closed"),
        _happened("onboarded_at"),
        required=True,
    ),
    _table(
        "compliance_checks",
        "compliance_check_id",
        _text("seller_id"),
        _choice("kind", "kyb", "sanctions", "tax_id"),
        _choice("outcome", "pending", "passed", "failed"),
        _happened("checked_at"),
        _planned("expires_at", required=False),
    ),
    _table(
        "seller_restrictions",
        "seller_restriction_id",
        _text("seller_id"),
        _choice("kind", "payout_hold", "listing_suspended", "fraud_review"),
        _planned("starts_at"),
        _planned("ends_at", required=False),
    ),
    _table(
        "order_items",
        "order_item_id",
        _text("order_id"),
        _text("seller_id"),
        _happened("ordered_at"),
        _happened("captured_at", required=False),
        _happened("delivered_at", required=False),
        _choice("status", "ordered", "captured", "delivered", "cancelled"),
        CURRENCY,
        _minor("gross_minor", minimum=0),
        _minor("commission_minor", minimum=0),
        required=True,
    ),
    _table(
        "refunds",
        "refund_id",
        _text("order_item_id"),
        _text("seller_id"),
        _happened("refunded_at"),
        _minor("amount_minor", minimum=0),
        CURRENCY,
        _text("reason", required=False),
    ),
    _table(
        "chargebacks",
        "chargeback_id",
        _text("order_item_id"),
        _text("seller_id"),
        _happened("opened_at"),
        _happened("closed_at", required=False),
        _choice("outcome", "open", "won", "lost"),
        _minor("amount_minor", minimum=0),
        CURRENCY,
    ),
    _table(
        "payouts",
        "payout_id",
        _text("seller_id"),
        CURRENCY,
        Column("period_start_date", Kind.DATE),
        Column("period_end_date", Kind.DATE),
        _happened("initiated_at", required=False),
        _happened("paid_at", required=False),
        _choice("status", "pending", "in_transit", "paid", "failed", "returned"),
        _minor("amount_minor"),
        required=True,
    ),
    _table(
        "balance_transactions",
        "balance_transaction_id",
        _text("seller_id"),
        _text("payout_id", required=False),
        CURRENCY,
        _choice(
            "kind",
            "sale",
            "commission",
            "refund",
            "commission_refund",
            "chargeback",
            "chargeback_reversal",
            "adjustment",
            "reserve",
            "advance",
            "advance_repayment",
            "payout",
        ),
        _minor("amount_minor"),
        _text("source_id", required=False),
        _happened("occurred_at"),
        _planned("available_at"),
        required=True,
    ),
    _table(
        "advances",
        "advance_id",
        _text("offer_id", required=False),
        _text("seller_id"),
        CURRENCY,
        _minor("advance_minor", minimum=1),
        _minor("fee_minor", minimum=0),
        Column("holdback_rate", Kind.RATE),
        Column("minimum_interval_days", Kind.DAYS, is_required=False),
        _minor("minimum_minor", minimum=0, required=False),
        _happened("accepted_at"),
        _happened("disbursed_at", required=False),
        _happened("closed_at", required=False),
        _choice(
            "status", "accepted", "disbursed", "repaid", "written_off", "cancelled"
        ),
    ),
    _table(
        "advance_repayments",
        "advance_repayment_id",
        _text("advance_id"),
        _text("balance_transaction_id", required=False),
        _minor("amount_minor"),
        CURRENCY,
        _choice(
            "kind",
            "holdback",
            "minimum",
            "seller_initiated",
            "refill",
            "reversal",
            "recovery",
        ),
        _happened("repaid_at"),
        Column("reversed_repayment_id", is_required=False, may_be_absent=True),
    ),
    _table(
        "advance_changes",
        "advance_change_id",
        _text("advance_id"),
        Column("holdback_rate", Kind.RATE),
        _text("reason"),
        _planned("effective_at"),
    ),
    _table(
        "offer_events",
        "offer_event_id",
        _text("offer_id"),
        _text("seller_id"),
        _choice("kind", "delivered", "viewed", "accepted", "declined", "withdrawn"),
        _happened("occurred_at"),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _TABLES}
