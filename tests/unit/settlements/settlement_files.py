"""Builds settlement files in Adyen's and Stripe's columns."""

import csv
import io

ADYEN = {
    "Psp Reference": "PSP1",
    "Merchant Reference": "item_1",
    "Creation Date": "2026-03-01 10:00:00",
    "TimeZone": "CET",
    "Type": "Settled",
    "Modification Reference": "MOD1",
    "Gross Currency": "EUR",
    "Gross Debit (GC)": "",
    "Gross Credit (GC)": "52.00",
    "Net Currency": "EUR",
    "Net Debit (NC)": "",
    "Net Credit (NC)": "51.89",
    "Batch Number": "3",
}
NEWER = {
    "Modification Merchant Reference": "refund_1",
    "Booking Date": "2026-03-02 09:00:00",
    "Booking Date TimeZone": "PDT",
}
STRIPE = {
    "balance_transaction_id": "txn_1",
    "created": "2026-03-01 10:00:00",
    "currency": "usd",
    "gross": "25",
    "fee": "0.95",
    "net": "24.05",
    "reporting_category": "charge",
    "source_id": "ch_1",
    "automatic_payout_effective_at": "2026-03-03 00:00:00",
    "payment_metadata[order_item]": "item_1",
}


def settlement_file(*rows: dict[str, str]) -> str:
    """Return a file with the columns of the first row."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


PAYPAL = {
    "CH": "SB",
    "Transaction ID": "T1",
    "Invoice ID": "item_1",
    "PayPal Reference ID": "",
    "Transaction Event Code": "T0006",
    "Transaction Initiation Date": "2026/03/01 22:00:00 -0800",
    "Transaction Completion Date": "2026/03/01 22:00:05 -0800",
    "Transaction Debit or Credit": "CR",
    "Gross Transaction Amount": "5200",
    "Gross Transaction Currency": "EUR",
    "Fee Debit or Credit": "DR",
    "Fee Amount": "210",
    "Fee Currency": "EUR",
}
AMAZON = {
    "settlement-id": "77",
    "deposit-date": "2026-03-16 00:00:00 UTC",
    "total-amount": "",
    "currency": "USD",
    "transaction-type": "Order",
    "order-id": "order_1",
    "merchant-order-item-id": "item_1",
    "amount-type": "ItemPrice",
    "amount": "20.00",
    "posted-date-time": "2026-03-02 08:14:22 UTC",
    "order-item-code": "code_1",
}


def paypal_report(*rows: dict[str, str], ends: tuple[str, ...] = ()) -> str:
    """Return a report of one section with these lines, and the rows that end it."""
    section = "SH,2026/03/01 00:00:00 -0800,2026/03/01 23:59:59 -0800,ACCOUNT\n"
    return "\n".join([section + settlement_file(*rows).strip(), *ends]) + "\n"


def amazon_report(total: str, *rows: dict[str, str]) -> str:
    """Return a settlement of this total with these rows; no cell has a comma."""
    currency = rows[0]["currency"]
    first = dict.fromkeys(AMAZON, "") | {"currency": currency, "total-amount": total}
    first |= {name: AMAZON[name] for name in ("settlement-id", "deposit-date")}
    return settlement_file(first, *rows).replace(",", "\t")
