"""Stripe's payout reconciliation and balance activity reports, line by line.

https://docs.stripe.com/reports/report-types/payout-reconciliation has the columns; what
a merchant writes into a payment's metadata comes as a column of its own.
"""

from typing import cast

from jobs.settlements.cells import Row
from jobs.settlements.lines import LineKind, SettlementLine

COLUMNS = (
    "balance_transaction_id",
    "created",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
)
OPTIONAL_COLUMNS = (
    "created_utc",
    "available_on",
    "available_on_utc",
    "automatic_payout_effective_at",
    "automatic_payout_effective_at_utc",
    "charge_id",
    "payment_intent_id",
)
KINDS = {
    "charge": "sale",
    "refund": "refund",
    "refund_failure": "refund_reversal",
    "dispute": "chargeback",
    "dispute_reversal": "chargeback_reversal",
    "fee": "fee",
    "network_cost": "fee",
    "tax": "fee",
    "other_adjustment": "correction",
    "payout": "payout",
}
_PAYOUT = ("automatic_payout_effective_at_utc", "automatic_payout_effective_at")
_METADATA = "payment_metadata["


def read_line(row: Row) -> SettlementLine:
    """Return the line of a row; SettlementError where gross - fee is not net.

    A payout's own row is told with either sign: it always takes money out. A payout is
    known by the moment it takes effect, because fees name no other.
    """
    kind = row.kind("reporting_category", KINDS)
    currency = row.currency("currency")
    gross, fee, net = (row.minor(name, currency) for name in ("gross", "fee", "net"))
    if kind == "payout":
        gross = net = -abs(net)
    elif gross - fee != net:
        row.refuse("net", f"gross {row.text('gross')} less fee {row.text('fee')}")
    paid_out = row.text(*_PAYOUT)
    settled = next(
        name
        for name in (*_PAYOUT, "available_on_utc", "available_on", "created")
        if row.text(name) or name == "created"
    )
    created = "created_utc" if row.text("created_utc") else "created"
    metadata = [name for name in row.cells if name.startswith(_METADATA)]
    names = ("source_id", *metadata, "charge_id", "payment_intent_id")
    references = [*map(row.text, names), row.text("balance_transaction_id")]
    return SettlementLine(
        file_name=row.file_name,
        row_number=row.number,
        processor="stripe",
        batch_id=paid_out,
        line_kind=cast("LineKind", kind),
        references=tuple(dict.fromkeys(filter(None, references))),
        currency_code=currency,
        amount_minor=gross,
        net_currency_code=currency,
        net_minor=net,
        happened_at=row.time(created),
        settled_at=row.time(settled),
    )
