"""PayPal's settlement reports: signs, kinds, and what they must add up to."""

import re
from datetime import datetime

import pandas as pd
import pytest
from unit.settlements.settlement_files import PAYPAL, paypal_report

from jobs.settlements.lines import SettlementError, SettlementLine
from jobs.settlements.match import match_lines
from jobs.settlements.parse import parse_settlement

YEN = {"Gross Transaction Currency": "JPY", "Gross Transaction Amount": "900"}
YEN |= {"Fee Debit or Credit": "", "Fee Amount": "", "Fee Currency": ""}
REFUND = {"Transaction Event Code": "T1107", "Transaction Debit or Credit": "DR"}
REFUND |= {"Fee Debit or Credit": "CR", "Fee Amount": "10"}
ROWS = (PAYPAL, PAYPAL | REFUND, PAYPAL | YEN)
TOTALS = ("RF,EUR,5200,5200,10,210", 'RF,"JPY",900,0,0,0,"CR",7')
_LEDGER = {
    "balance_transaction_id": "str",
    "source_id": "str",
    "seller_id": "str",
    "kind": "str",
    "currency_code": "str",
    "amount_minor": "int64",
    "occurred_at": "datetime64[us]",
}
NO_LEDGER = pd.DataFrame(columns=list(_LEDGER)).astype(_LEDGER)


def parse(text: str) -> list[SettlementLine]:
    """Return the lines of a report."""
    return parse_settlement("STL.CSV", text)


def test_lines_have_signs_and_the_report_is_the_payout_of_its_batch() -> None:
    """Minor units as written, yen too; times are UTC; fees are part of the net."""
    text = paypal_report(*ROWS, ends=(*TOTALS, "SC,3"))
    sale, refund, yen, *totals = parse("\ufeff" + text)

    assert sale == SettlementLine(
        file_name="STL.CSV",
        row_number=3,
        processor="paypal",
        batch_id="ACCOUNT 2026/03/01",
        line_kind="sale",
        references=("item_1", "T1"),
        currency_code="EUR",
        amount_minor=5200,
        net_currency_code="EUR",
        net_minor=4990,
        happened_at=datetime.fromisoformat("2026-03-02T06:00:00"),
        settled_at=datetime.fromisoformat("2026-03-02T06:00:05"),
    )
    assert (refund.line_kind, refund.amount_minor, refund.net_minor) == (
        "refund",
        -5200,
        -5190,
    )
    assert (yen.currency_code, yen.amount_minor, yen.net_minor) == ("JPY", 900, 900)
    assert [(each.line_kind, each.net_minor) for each in totals] == [
        ("payout", 200),
        ("payout", -900),
    ]


@pytest.mark.parametrize(
    ("code", "side", "kind"),
    [
        ("T0003", "DR", "correction"),
        ("T0106", "DR", "fee"),
        ("T0200", "CR", "correction"),
        ("T0400", "DR", "payout"),
        ("T1106", "DR", "chargeback"),
        ("T1110", "DR", "correction"),
        ("T1201", "DR", "chargeback"),
        ("T1202", "CR", "chargeback_reversal"),
        ("T2103", "DR", "correction"),
    ],
)
def test_each_event_has_its_kind(code: str, side: str, kind: str) -> None:
    """By its code, else by the group of its code; a payment sent is no sale."""
    event = {"Transaction Event Code": code, "Transaction Debit or Credit": side}
    (line,) = parse(paypal_report(PAYPAL | event))

    assert line.line_kind == kind
    assert line.amount_minor == (5200 if side == "CR" else -5200)


def differing(text: str) -> list[tuple[str, int]]:
    """Return the currencies of batches that do not add up, and by how much."""
    found = match_lines(parse(text), NO_LEDGER)
    batches = found[found["finding"] == "batch_differs"]
    names = ["currency_code", "difference_minor"]
    return list(batches[names].itertuples(index=False, name=None))


def test_a_report_ties_to_its_totals_to_the_minor_unit() -> None:
    """Also with money sent to the bank; one unit off, or cut, and its batch differs."""
    sent = {"Transaction Event Code": "T0400", "Transaction Debit or Credit": "DR"}
    bank = PAYPAL | YEN | sent | {"Gross Transaction Amount": "300"}
    euro, yens = TOTALS

    assert differing(paypal_report(*ROWS, ends=TOTALS)) == []
    assert (
        differing(paypal_report(*ROWS, bank, ends=(euro, "RF,JPY,900,300,0,0"))) == []
    )
    assert differing(paypal_report(*ROWS, ends=("RF,EUR,5201,5200,10,210", yens))) == [
        ("EUR", -1)
    ]
    assert differing(paypal_report(*ROWS)) == [("EUR", -200), ("JPY", 900)]


def test_a_currency_that_was_converted_away_needs_no_total() -> None:
    """What comes to nothing is left out of the totals."""
    away = {"Transaction Event Code": "T0200", "Transaction Debit or Credit": "DR"}
    rows = (PAYPAL | YEN, PAYPAL | YEN | away)

    assert differing(paypal_report(*rows, ends=("RC,2", "FF,2"))) == []


@pytest.mark.parametrize(
    ("change", "ends", "message"),
    [
        ({}, ("SC,2",), "row 4, column 'count': '2'; expected 1, the section's lines"),
        (
            {},
            ("SF,EUR,5200,0,0,210", "RF,EUR,5200,0,0,200"),
            "row 5: 5000 EUR minor units in all; expected 4990, as its sections say",
        ),
        ({}, ("XX,1",), "row 4, column 'row': 'XX'; expected SH, CH"),
        (
            {"Gross Transaction Amount": "52.00"},
            (),
            "column 'Gross Transaction Amount': '52.00'; expected an amount in minor",
        ),
        (
            {"Transaction Debit or Credit": ""},
            (),
            "column 'Transaction Debit or Credit': ''; expected one of cr, dr",
        ),
        (
            {"Transaction Event Code": "T9900"},
            (),
            "column 'Transaction Event Code': 'T9900'; expected one of t1106",
        ),
        (
            {"Fee Currency": "USD"},
            (),
            "column 'Fee Currency': 'USD'; expected EUR, as of the gross amount",
        ),
        (
            {"Transaction Completion Date": "01.03.2026 22:00"},
            (),
            "'01.03.2026 22:00'; expected a time such as",
        ),
        (
            {"Transactional Status": "S"},
            (),
            "'S'; expected none: the transaction detail report has it",
        ),
    ],
)
def test_what_does_not_tie_or_cannot_be_read_refuses_the_report(
    change: dict[str, str], ends: tuple[str, ...], message: str
) -> None:
    """The message names row, cell and what was expected."""
    with pytest.raises(SettlementError, match=re.escape(message)):
        parse(paypal_report(PAYPAL | change, ends=ends))


def test_a_report_needs_its_columns() -> None:
    """Before the first line, and all that are read."""
    text = paypal_report(PAYPAL)
    renamed = text.replace("Fee Amount", "Fee")
    headless = "\n".join(line for line in text.splitlines() if line[:2] != "CH")

    with pytest.raises(SettlementError, match="expected a column 'Fee Amount'"):
        parse(renamed)
    with pytest.raises(SettlementError, match="row 2: expected the names"):
        parse(headless)
