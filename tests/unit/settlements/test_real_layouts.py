"""Real settlement layouts, with totals that were added up by hand."""

from collections import Counter
from pathlib import Path

import pytest

from jobs.settlements.lines import SettlementError, SettlementLine
from jobs.settlements.parse import parse_settlement

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "settlements"
ADYEN = "wmf_Adyen_batch_{}_adyen_settlement_detail_report_batch_112{}.csv"
OLD = "smashpig_Adyen_settlement_detail_report_{}.csv"
STRIPE = "wmf_Stripe_reports_stripe_{}.csv"
PAYPAL = "wmf_Paypal_stl_{}.csv"
OLD_PAYPAL = "smashpig_PayPal_stl_{}.csv"

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(),
    reason="real layouts are not in ../shared/data/settlements, beside this repository",
)


def text_of(name: str) -> str:
    """Return the text of a sample."""
    return (FOLDER / name).read_text(encoding="utf-8-sig")


def net_totals(lines: list[SettlementLine]) -> dict[tuple[str, bool], int]:
    """Return the net amounts by currency, and whether they are the payout's own."""
    totals: Counter[tuple[str, bool]] = Counter()
    for line in lines:
        totals[line.net_currency_code, line.line_kind == "payout"] += line.net_minor
    return dict(totals)


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        # 25 and 34 columns: 0.76 - 9 + 10; 73.82 - 36 of fees, and 47.98 - 19.47.
        (
            "wmf_Adyen_deposit_correction_settlement_detail_report_batch_2.csv",
            4,
            {("USD", False): 176, ("USD", True): -176},
        ),
        (
            ADYEN.format(2, 9),
            18,
            {
                ("USD", False): 3782,
                ("USD", True): -3782,
                ("EUR", False): 2851,
                ("EUR", True): -2851,
            },
        ),
        # 1 - 1 + 1 - 11.65
        (
            (
                "wmf_Adyen_chargeback_and_refund_adyen_settlement_detail_report"
                "_batch_1120.csv"
            ),
            4,
            {("USD", False): -1065},
        ),
        # 30 columns: a dispute won; 1 refunded and 1.80 of fees before the payout.
        (OLD.format("chargeback_reversed"), 1, {("USD", False): 5189}),
        (OLD.format("refund"), 3, {("USD", False): -280, ("USD", True): -403}),
        # 49 columns: fees above the sale; 0.06 deducted, 0.03 given back.
        (OLD.format("emptynetcredit"), 1, {("USD", False): -3}),
        (OLD.format("invoice_deduction"), 2, {("USD", False): -3}),
        # 24.05 - 10 + 10 - 0.50 - 0.50 is paid out; 28.80 - 45.00 is not yet.
        (
            STRIPE.format("settlement_report"),
            6,
            {("USD", False): 2305, ("USD", True): -2305},
        ),
        (STRIPE.format("payments_activity"), 2, {("USD", False): -1620}),
        # The reports' own totals: 1801 - 52, 10400 - 556, and reais converted away.
        (
            PAYPAL.format("file_paypal_STL-20260106.01.009"),
            7,
            {
                ("USD", False): 1749,
                ("USD", True): -1749,
                ("HKD", False): 9844,
                ("HKD", True): -9844,
                ("BRL", False): 0,
            },
        ),
        # 1159 - 319 - 82, with a hold taken and given back; 980 + 195.
        (
            PAYPAL.format("chargeback_variants_paypal_STL-20260106.01.009"),
            7,
            {("EUR", False): 758, ("EUR", True): -758},
        ),
        (
            PAYPAL.format("file_paypal_STL-BRL-convert"),
            7,
            {("USD", False): 1175, ("USD", True): -1175, ("BRL", False): 0},
        ),
        (
            OLD_PAYPAL.format("payout_currency_convert"),
            5,
            {
                ("USD", False): 12000,
                ("USD", True): -12000,
                ("AUD", False): 10000,
                ("AUD", True): -10000,
            },
        ),
        # Without totals: 20 charged back, 3 of fees; 2200 - 360 converted into 327.
        (OLD_PAYPAL.format("chargeback_with_fee"), 2, {("USD", False): -2300}),
        (
            OLD_PAYPAL.format("currency_convert"),
            3,
            {("BRL", False): 0, ("USD", False): 327},
        ),
        # 24 rows: tax and shipping are part of two sales; 582.89 is paid out.
        (
            "amazon_v2_settlement_sample_xieyi138.txt",
            22,
            {("USD", False): 58289, ("USD", True): -58289},
        ),
    ],
)
def test_totals_are_those_of_the_hand_sums(
    name: str, count: int, expected: dict[tuple[str, bool], int]
) -> None:
    """Every row is read, and where a batch is paid out its rows add up to that."""
    lines = parse_settlement(name, text_of(name))

    assert (len(lines), net_totals(lines)) == (count, expected)


def test_gross_amounts_keep_their_own_currency() -> None:
    """JPY 3,158 charged back is not USD 31.75; both are known."""
    lines = parse_settlement("batch.csv", text_of(ADYEN.format(2, 9)))
    (yen,) = [line for line in lines if "2CHARGE12345678" in line.references]

    assert (yen.currency_code, yen.amount_minor) == ("JPY", -3158)
    assert (yen.net_currency_code, yen.net_minor) == ("USD", -3175)
    assert yen.happened_at.isoformat() == "2025-09-12T02:23:11"


def test_a_row_that_says_two_amounts_refuses_its_file() -> None:
    """A refund of 1 that is a credit of 52 too; without the 52 the batch adds up."""
    text = text_of(ADYEN.format(1, 8))
    with pytest.raises(SettlementError) as refused:
        parse_settlement("batch_1128.csv", text)
    lines = parse_settlement("batch.csv", text.replace("USD,1,52,1,", "USD,1,,1,"))

    assert str(refused.value) == (
        "batch_1128.csv, row 12, column 'Gross Debit (GC)': '1'; expected an amount in"
        " one of the two; 'Gross Credit (GC)' has '52'"
    )
    assert net_totals(lines) == {
        ("USD", False): 5975,
        ("USD", True): -5975,
        ("CAD", False): 954,
        ("CAD", True): -954,
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "wmf_Adyen_payment_file_adyen_payments_accounting_report_2025_11_16-test.csv",
            "no column 'Type'",
        ),
        (
            "wmf_Paypal_trr_recur_payment_paypal_TRR-20260125.01.008.CSV",
            "none: the transaction detail report has it",
        ),
    ],
)
def test_another_report_of_the_same_processor_is_no_settlement(
    name: str, message: str
) -> None:
    """It has most of the words and none of the meaning."""
    with pytest.raises(SettlementError, match=message):
        parse_settlement(name, text_of(name))
