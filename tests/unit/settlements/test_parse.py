"""Settlement files by the names of their columns: what they say, or why not."""

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.settlements.settlement_files import ADYEN, NEWER, STRIPE, settlement_file

from jobs.settlements.lines import SettlementError, SettlementLine
from jobs.settlements.parse import parse_settlement


def parse(*rows: dict[str, str]) -> list[SettlementLine]:
    """Return the lines of a file of these rows."""
    return parse_settlement("file.csv", settlement_file(*rows))


def test_an_old_report_is_read_by_name() -> None:
    """Amounts are signed minor units, the time is UTC, and it settles when made."""
    made = datetime.fromisoformat("2026-03-01T09:00:00")

    assert parse(ADYEN) == [
        SettlementLine(
            file_name="file.csv",
            row_number=2,
            processor="adyen",
            batch_id="3",
            line_kind="sale",
            references=("MOD1", "item_1", "PSP1"),
            currency_code="EUR",
            amount_minor=5200,
            net_currency_code="EUR",
            net_minor=5189,
            happened_at=made,
            settled_at=made,
        )
    ]


def test_a_new_report_says_when_it_was_booked() -> None:
    """With the newer columns, in any order, the same row says more."""
    row = dict(reversed((ADYEN | NEWER).items()))
    (line,) = parse(row)

    assert line.references == ("refund_1", "MOD1", "item_1", "PSP1")
    assert line.settled_at == datetime.fromisoformat("2026-03-02T16:00:00")


@pytest.mark.parametrize(
    ("word", "debit", "kind", "amount"),
    [
        ("Refunded", True, "refund", -3158),
        ("refunded", True, "refund", -3158),
        ("Chargeback", True, "chargeback", -3158),
        ("ChargebackReversed", False, "chargeback_reversal", 3158),
    ],
)
def test_each_kind_has_its_sign(
    word: str, *, debit: bool, kind: str, amount: int
) -> None:
    """Debit takes, credit gives, and yen have no decimals."""
    gross = ("3158", "") if debit else ("", "3158")
    row = ADYEN | {"Type": word, "Gross Currency": "JPY"}
    row |= dict(zip(("Gross Debit (GC)", "Gross Credit (GC)"), gross, strict=True))
    (line,) = parse(row)

    assert (line.line_kind, line.currency_code) == (kind, "JPY")
    assert (line.amount_minor, line.net_minor) == (amount, 5189)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Fee", "fee"),
        ("MiscCosts", "fee"),
        ("InvoiceDeduction", "fee"),
        ("DepositCorrection", "correction"),
        ("MerchantPayout", "payout"),
    ],
)
def test_the_processors_own_rows_have_a_net_amount_only(word: str, kind: str) -> None:
    """Their amount is the net one, whatever the gross currency says."""
    row = ADYEN | {"Type": word, "Gross Currency": "", "Gross Credit (GC)": ""}
    (line,) = parse(row | {"Net Currency": "USD", "Net Debit (NC)": ".06"} | _NO_CREDIT)

    assert (line.line_kind, line.currency_code) == (kind, "USD")
    assert (line.amount_minor, line.net_minor) == (-6, -6)


_NO_CREDIT = {"Net Credit (NC)": ""}


def test_stripes_rows_are_read() -> None:
    """A charge by the merchant's own reference, and the payout that takes it out."""
    payout = {"reporting_category": "payout", "gross": "24", "fee": "0", "net": "24.05"}
    charge, paid = parse(STRIPE, STRIPE | payout)

    assert charge.references == ("ch_1", "item_1", "txn_1")
    assert (charge.currency_code, charge.amount_minor) == ("USD", 2500)
    assert (charge.net_minor, paid.net_minor) == (2405, -2405)
    assert charge.batch_id == "2026-03-03 00:00:00"
    assert charge.settled_at == datetime.fromisoformat("2026-03-03T00:00:00")


def test_a_byte_order_mark_and_spaces_are_no_part_of_a_name() -> None:
    """What a spreadsheet leaves behind does not change what is read."""
    text = "\ufeff" + settlement_file(ADYEN).replace("Type,", " Type ,")

    assert parse_settlement("file.csv", text) == parse(ADYEN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Gross Credit (GC)": "51,89"},
            "column 'Gross Credit (GC)': '51,89'; expected digits with a decimal point",
        ),
        (
            {"Gross Credit (GC)": "1,051.89"},
            "column 'Gross Credit (GC)': '1,051.89'; expected digits",
        ),
        (
            {"Gross Debit (GC)": "1", "Gross Credit (GC)": "52"},
            (
                "column 'Gross Debit (GC)': '1'; expected an amount in one of the two;"
                " 'Gross Credit (GC)' has '52'"
            ),
        ),
        (
            {"Net Debit (NC)": "0.10"},
            (
                "column 'Net Debit (NC)': '0.10'; expected an amount in one of the two;"
                " 'Net Credit (NC)' has '51.89'"
            ),
        ),
        (
            {"Gross Credit (GC)": ""},
            (
                "column 'Gross Credit (GC)': ''; expected an amount here or in"
                " 'Gross Debit (GC)'"
            ),
        ),
        (
            {"Net Credit (NC)": "-51.89"},
            "column 'Net Credit (NC)': '-51.89'; expected no sign",
        ),
        (
            {"Gross Currency": "JPY", "Gross Credit (GC)": "52.5"},
            (
                "column 'Gross Credit (GC)': '52.5'; expected digits with a"
                " decimal point and no other mark, and at most 0 decimals, as JPY has"
            ),
        ),
        (
            {"Gross Currency": "JPY", "Gross Credit (GC)": "1.000"},
            "column 'Gross Credit (GC)': '1.000'; expected digits",
        ),
        (
            {"Gross Credit (GC)": "1.000"},
            "column 'Gross Credit (GC)': '1.000'; expected digits",
        ),
        ({"Net Currency": "€"}, "column 'Net Currency': '€'; expected a currency"),
        ({"Type": "Gift"}, "column 'Type': 'Gift'; expected one of settled, refunded"),
        ({"TimeZone": "XYZ"}, "column 'TimeZone': 'XYZ'; expected one of"),
        (
            {"Creation Date": "01.03.2026"},
            "column 'Creation Date': '01.03.2026'; expected a time such as",
        ),
    ],
)
def test_a_cell_that_cannot_be_read_refuses_the_file(
    change: dict[str, str], message: str
) -> None:
    """The message names file, row, column, value and what was expected."""
    with pytest.raises(SettlementError, match=re.escape(f"file.csv, row 3, {message}")):
        parse(ADYEN, ADYEN | change)


def test_a_net_amount_that_is_not_gross_less_fee_refuses_the_file() -> None:
    """Stripe's three amounts must tie."""
    with pytest.raises(SettlementError, match=r"row 2, column 'net': '24'; expected"):
        parse(STRIPE | {"net": "24"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Net Debit (NC)", "Netto", "no column 'Net Debit (NC)'; expected the 13"),
        ("TimeZone", "Type", "column 'Type' twice"),
        (",", ";", "no column 'Psp Reference'; expected the 13 of Adyen's"),
    ],
)
def test_a_changed_header_refuses_the_file(old: str, new: str, message: str) -> None:
    """The first column that is missing is named, and the nearest layout."""
    header, *rows = settlement_file(ADYEN).splitlines(keepends=True)
    text = "".join([header.replace(old, new), *rows])

    with pytest.raises(SettlementError, match=re.escape(f"file.csv, row 1: {message}")):
        parse_settlement("file.csv", text)


def test_an_unquoted_decimal_comma_refuses_the_file() -> None:
    """It moves every cell after it, so that the row has one too many."""
    text = settlement_file(ADYEN).replace("52.00", "52,00")

    with pytest.raises(SettlementError, match=r"cell 14, the last; expected 13.*comma"):
        parse_settlement("file.csv", text)


def test_a_file_cut_within_a_row_is_refused() -> None:
    """The last cell that is left is named."""
    text = settlement_file(ADYEN, ADYEN)

    with pytest.raises(SettlementError, match=r"row 3, column 'Net Currency': 'EU'.*c"):
        parse_settlement("file.csv", text[: text.rindex("EUR") + 2])
    with pytest.raises(SettlementError, match=r"file.csv, row 3: unexpected end"):
        parse_settlement("file.csv", text[: text.rindex("3")] + '"3')


def test_an_empty_file_is_refused() -> None:
    """Nothing is not a file without rows."""
    with pytest.raises(SettlementError, match="row 1: nothing; expected names"):
        parse_settlement("file.csv", "")


@given(st.data())
def test_a_file_that_is_cut_has_no_other_amounts(
    data: st.DataObject,
) -> None:
    """Wherever it is cut, it is refused, or says what the whole one says first."""
    row = ADYEN | {"Type": "Settled", "Batch Number": '3 "EUR", first'}
    text = settlement_file(row, row, row)
    whole = parse_settlement("file.csv", text)
    cut = text[: data.draw(st.integers(0, len(text)))]
    try:
        lines = parse_settlement("file.csv", cut)
    except SettlementError:
        lines = []
    amounts = [line.amount_minor for line in whole]

    assert [line.amount_minor for line in lines] == amounts[: len(lines)]
