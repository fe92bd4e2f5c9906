"""Amazon's settlement report, flat file V2: tabs, and a row for each part of an amount.

https://developer-docs.amazon.com/sp-api/docs/report-type-values-settlement has it. The
first row is the settlement's own: what is paid out for all others. What the buyer paid
for an item, or got back, is in several rows (principal, tax, shipping, promotions) and
is told as one line; everything else is a line of its own.
"""

from collections.abc import Iterable
from typing import cast

from jobs.settlements.cells import Row
from jobs.settlements.lines import OWN_KINDS, LineKind, SettlementLine

COLUMNS = (
    "settlement-id",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "amount-type",
    "amount",
    "posted-date-time",
    "order-item-code",
)
#: Read where they are there.
OPTIONAL_COLUMNS = (
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
)
KINDS = {
    "order": "sale",
    "refund": "refund",
    "chargeback refund": "chargeback",
    "a-to-z guarantee refund": "chargeback",
    "servicefee": "fee",
    "shipment": "fee",
    "couponredemptionfee": "fee",
    "adjustment": "correction",
    "transfer": "correction",  # reserves
    "other-transaction": "correction",  # reserves, in most files
}
#: Of a sale, a refund or a chargeback: what the buyer paid, or what Amazon keeps.
_PARTS = {
    "itemprice": "buyer",
    "promotion": "buyer",
    "itemfees": "fee",
    "shipment-fees": "fee",
    "itemwithheldtax": "fee",
}
_ITEM = (
    "transaction-type",
    "order-id",
    "order-item-code",
    "posted-date-time",
    "shipment-id",
    "adjustment-id",
    "merchant-adjustment-item-id",
)
_REFERENCES = (
    "merchant-adjustment-item-id",
    "adjustment-id",
    "merchant-order-item-id",
    "order-item-code",
    "merchant-order-id",
    "order-id",
)


def read_lines(rows: Iterable[Row]) -> list[SettlementLine]:
    """Return the lines of a settlement, each with the number of its first row.

    Raises SettlementError where its own row does not come first.
    """
    lines: dict[object, SettlementLine] = {}
    total: SettlementLine | None = None
    for row in rows:
        if total is None:
            total = lines[row.number] = _total(row)
            continue
        if row.text("total-amount"):
            row.refuse("total-amount", "it once, in the first row of a settlement")
        line = _line(row, total)
        is_item = line.line_kind not in OWN_KINDS
        key: object = tuple(map(row.text, _ITEM)) if is_item else row.number
        before = lines.get(key)
        if before:
            amount = before.amount_minor + line.amount_minor
            line = before._replace(amount_minor=amount, net_minor=amount)
        lines[key] = line
    return list(lines.values())


def _total(row: Row) -> SettlementLine:
    """Return the settlement's own row: what is paid out of it."""
    if not row.text("total-amount"):
        row.refuse("total-amount", "the settlement's total in its first row")
    currency = row.currency("currency")
    paid = -row.minor("total-amount", currency)
    deposited = row.moment("deposit-date")
    return SettlementLine(
        file_name=row.file_name,
        row_number=row.number,
        processor="amazon",
        batch_id=row.text("settlement-id"),
        line_kind="payout",
        references=(),
        currency_code=currency,
        amount_minor=paid,
        net_currency_code=currency,
        net_minor=paid,
        happened_at=deposited,
        settled_at=deposited,
    )


def _line(row: Row, total: SettlementLine) -> SettlementLine:
    kind = row.kind("transaction-type", KINDS)
    if kind not in OWN_KINDS and row.kind("amount-type", _PARTS) == "fee":
        kind = "fee"
    currency = row.currency("currency")
    if not row.text("amount"):
        row.refuse("amount", "an amount")
    amount = row.minor("amount", currency)
    told = filter(None, map(row.text, _REFERENCES))
    return total._replace(
        row_number=row.number,
        batch_id=row.text("settlement-id"),
        line_kind=cast("LineKind", kind),
        references=tuple(dict.fromkeys(told)),
        currency_code=currency,
        amount_minor=amount,
        net_currency_code=currency,
        net_minor=amount,
        happened_at=row.moment("posted-date-time"),
    )
