"""Amazon's settlement reports: one line an item, and a total for them all."""

import re
from datetime import datetime

import pytest
from unit.settlements.settlement_files import AMAZON, amazon_report

from jobs.settlements.lines import SettlementError, SettlementLine
from jobs.settlements.parse import parse_settlement

TAX = AMAZON | {"amount": "1.60"}
DISCOUNT = AMAZON | {"amount-type": "Promotion", "amount": "-2.00"}
FEE = AMAZON | {"amount-type": "ItemFees", "amount": "-3.00"}
OTHER = {"order-id": "order_2", "merchant-order-item-id": "item_2"}
REFUND = AMAZON | OTHER | {"transaction-type": "Refund", "amount": "-5.00"}
RESERVE = AMAZON | {
    "transaction-type": "other-transaction",
    "amount-type": "other-transaction",
    "order-id": "",
    "merchant-order-item-id": "",
    "order-item-code": "",
    "amount": "-4.00",
}


def parse(total: str, *rows: dict[str, str]) -> list[SettlementLine]:
    """Return the lines of a settlement."""
    return parse_settlement("settlement.txt", amazon_report(total, *rows))


def test_what_a_buyer_paid_for_an_item_is_one_line() -> None:
    """Price, tax and discount together; fees, refund, reserve and payout apart."""
    paid, sale, fee, refund, reserve = parse(
        "7.60", AMAZON, FEE, TAX, DISCOUNT, REFUND, RESERVE
    )

    assert sale == SettlementLine(
        file_name="settlement.txt",
        row_number=3,
        processor="amazon",
        batch_id="77",
        line_kind="sale",
        references=("item_1", "code_1", "order_1"),
        currency_code="USD",
        amount_minor=1960,
        net_currency_code="USD",
        net_minor=1960,
        happened_at=datetime.fromisoformat("2026-03-02T08:14:22"),
        settled_at=datetime.fromisoformat("2026-03-16T00:00:00"),
    )
    own = [(each.line_kind, each.net_minor) for each in (paid, fee, refund, reserve)]
    assert own == [
        ("payout", -760),
        ("fee", -300),
        ("refund", -500),
        ("correction", -400),
    ]
    assert sum(each.net_minor for each in (paid, sale, fee, refund, reserve)) == 0


def test_yen_have_no_decimals() -> None:
    """1,500 yen are 1,500 minor units, and 15.00 of them cannot be."""
    yen = {"currency": "JPY", "amount": "1500"}
    paid, sale = parse("1500", AMAZON | yen)

    assert (sale.amount_minor, paid.net_minor) == (1500, -1500)
    with pytest.raises(SettlementError, match="at most 0 decimals, as JPY has"):
        parse("1500", AMAZON | yen | {"amount": "15.00"})


@pytest.mark.parametrize(
    ("total", "change", "message"),
    [
        ("", {}, "row 2, column 'total-amount': ''; expected the settlement's total"),
        ("20.00", {"total-amount": "1.00"}, "'1.00'; expected it once, in the first"),
        ("20.00", {"amount": ""}, "column 'amount': ''; expected an amount"),
        ("20.00", {"amount-type": "Gift"}, "'Gift'; expected one of itemprice"),
        ("20.00", {"transaction-type": "Gift"}, "'Gift'; expected one of order, ref"),
        ("20.00", {"posted-date-time": "2.3.2026"}, "'2.3.2026'; expected a time such"),
    ],
)
def test_what_cannot_be_read_refuses_the_settlement(
    total: str, change: dict[str, str], message: str
) -> None:
    """The message names the cell and what was expected."""
    with pytest.raises(SettlementError, match=re.escape(message)):
        parse(total, AMAZON | change)
