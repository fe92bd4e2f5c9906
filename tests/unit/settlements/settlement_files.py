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
