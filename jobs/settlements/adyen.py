"""Adyen's settlement details report, of the old and of the new set of columns.

https://docs.adyen.com/reporting/settlement-reconciliation/transaction-level/ has the
columns. Those read here are in every year's set, but for the optional ones.
"""

from typing import cast

from jobs.settlements.cells import Row
from jobs.settlements.lines import OWN_KINDS, LineKind, SettlementLine

COLUMNS = (
    "Psp Reference",
    "Merchant Reference",
    "Creation Date",
    "TimeZone",
    "Type",
    "Modification Reference",
    "Gross Currency",
    "Gross Debit (GC)",
    "Gross Credit (GC)",
    "Net Currency",
    "Net Debit (NC)",
    "Net Credit (NC)",
    "Batch Number",
)
#: Of newer reports, or of some: read where they are there.
OPTIONAL_COLUMNS = (
    "Modification Merchant Reference",
    "Booking Date",
    "Booking Date TimeZone",
)
KINDS = {
    "settled": "sale",
    "refunded": "refund",
    "refundedreversed": "refund_reversal",
    "chargeback": "chargeback",
    "secondchargeback": "chargeback",
    "chargebackreversed": "chargeback_reversal",
    "fee": "fee",
    "misccosts": "fee",
    "invoicededuction": "fee",
    "depositcorrection": "correction",
    "merchantpayout": "payout",
}


def read_line(row: Row) -> SettlementLine:
    """Return the line of a row; SettlementError where it says two things, or none."""
    kind = row.kind("Type", KINDS)
    net_currency = row.currency("Net Currency")
    net = row.credit_less_debit("Net Debit (NC)", "Net Credit (NC)", net_currency)
    if net is None:
        row.refuse("Net Credit (NC)", "an amount here or in 'Net Debit (NC)'")
    currency, amount = net_currency, net
    if kind not in OWN_KINDS:
        currency = row.currency("Gross Currency")
        gross = row.credit_less_debit("Gross Debit (GC)", "Gross Credit (GC)", currency)
        if gross is None:
            row.refuse("Gross Credit (GC)", "an amount here or in 'Gross Debit (GC)'")
        amount = gross
    happened = row.time("Creation Date", "TimeZone")
    settled = happened
    if row.text("Booking Date"):
        settled = row.time("Booking Date", "Booking Date TimeZone")
    references = (
        "Modification Merchant Reference",
        "Modification Reference",
        "Merchant Reference",
        "Psp Reference",
    )
    return SettlementLine(
        file_name=row.file_name,
        row_number=row.number,
        processor="adyen",
        batch_id=row.text("Batch Number"),
        line_kind=cast("LineKind", kind),
        references=tuple(filter(None, map(row.text, references))),
        currency_code=currency,
        amount_minor=amount,
        net_currency_code=net_currency,
        net_minor=net,
        happened_at=happened,
        settled_at=settled,
    )
