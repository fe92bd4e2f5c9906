"""What a settlement file's row says, in the words of the ledger."""

from datetime import datetime
from typing import Literal, NamedTuple

LineKind = Literal[
    "sale",
    "refund",
    "refund_reversal",
    "chargeback",
    "chargeback_reversal",
    "fee",
    "correction",
    "payout",
]
#: Lines of the processor's own: no seller's ledger has them, only their batch.
OWN_KINDS = ("fee", "correction", "payout")


class SettlementError(ValueError):
    """A settlement file that is refused: which row and column, what was expected."""


class SettlementLine(NamedTuple):
    """One row of a settlement file, or those that are one amount of a buyer.

    Amounts are minor units of the currency beside them, positive where the merchant
    gets money. ``amount_minor`` is what the buyer paid or got back, and the net amount
    where a row has no such thing; ``net_minor`` is what went into the batch. A row may
    be called by several ``references``, the most specific first. Times are UTC, without
    a zone. The header is row 1.
    """

    file_name: str
    row_number: int
    processor: str
    batch_id: str
    line_kind: LineKind
    references: tuple[str, ...]
    currency_code: str
    amount_minor: int
    net_currency_code: str
    net_minor: int
    happened_at: datetime
    settled_at: datetime
