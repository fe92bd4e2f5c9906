"""The sample marketplace keeps the input contract and ties to the cent."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest
from sample_rows import (
    EARLIER,
    END,
    account,
    arrow_tables,
    is_own_line,
    known,
    total,
    versions,
)

from jobs.sources.tables import TABLES, Kind

ALL_NAMES = sorted(TABLES)
ARROW_TYPES = {
    Kind.TEXT: "string",
    Kind.CURRENCY: "string",
    Kind.COUNTRY: "string",
    Kind.MINOR: "int64",
    Kind.DAYS: "int64",
    Kind.RATE: "double",
    Kind.TIMESTAMP: "timestamp[us]",
    Kind.DATE: "date32[day]",
}


class TestContract:
    """What is written is the input contract, version by version."""

    @pytest.mark.parametrize("name", ALL_NAMES)
    def test_has_the_columns_and_types_of_the_contract(self, name: str) -> None:
        """Names, order and Arrow types are those of tables.py, text as plain text."""
        schema = arrow_tables()[name].schema
        columns = TABLES[name].columns
        expected = [(column.name, ARROW_TYPES[column.kind]) for column in columns]

        assert expected == list(zip(schema.names, map(str, schema.types), strict=True))

    @pytest.mark.parametrize("name", ALL_NAMES)
    def test_keeps_versions_apart(self, name: str) -> None:
        """No key has two versions of the same moment."""
        rows = versions(name)
        moments = {(row[TABLES[name].key], row["updated_at"]) for row in rows}

        assert 0 < len(rows) == len(moments)

    @pytest.mark.parametrize("name", ALL_NAMES)
    def test_tells_no_future(self, name: str) -> None:
        """Events are not later than their version, versions not later than the end."""
        events = [column.name for column in TABLES[name].columns if column.is_event]
        times = [
            (row[event] or row["updated_at"], row["updated_at"])
            for row in versions(name)
            for event in events
        ]

        assert all(event <= updated <= END for event, updated in times)

    @pytest.mark.parametrize("name", ALL_NAMES)
    def test_fills_what_is_required(self, name: str) -> None:
        """Required columns hold no nulls and amounts keep their minimum."""
        required = [
            (row[column.name], column.minimum)
            for column in TABLES[name].columns
            if column.is_required
            for row in versions(name)
        ]

        assert all(value is not None for value, _ in required)
        assert all(value >= least for value, least in required if least is not None)

    @pytest.mark.parametrize(
        ("name", "column", "word"),
        [
            (name, column.name, word)
            for name, table in TABLES.items()
            for column in table.columns
            for word in column.allowed
        ],
    )
    def test_uses_every_word_of_the_enumerations(
        self, name: str, column: str, word: str
    ) -> None:
        """Every status, kind and outcome occurs at least once."""
        assert any(row[column] == word for row in versions(name))

    def test_has_four_currencies_and_a_few_sellers_with_two(self) -> None:
        """EUR, USD, JPY and GBP are sold in, and second currencies are rare."""
        accounts = {account(row) for row in versions("order_items")}
        sellers = {seller for seller, _ in accounts}

        assert {"EUR", "USD", "JPY", "GBP"} == {currency for _, currency in accounts}
        assert 0 < len(accounts) - len(sellers) < 0.1 * len(sellers)

    def test_names_nothing_that_does_not_exist(self) -> None:
        """Refunds, disputes and repayments point at rows that are there."""
        keys = {
            name: {row[table.key] for row in versions(name)}
            for name, table in TABLES.items()
        }
        pointers = [
            ("refunds", "order_item_id", "order_items"),
            ("chargebacks", "order_item_id", "order_items"),
            ("advance_repayments", "advance_id", "advances"),
            ("advance_repayments", "balance_transaction_id", "balance_transactions"),
            *((name, "seller_id", "sellers") for name in ("payouts", "advances")),
        ]

        for name, column, other in pointers:
            assert {row[column] for row in versions(name)} <= keys[other]


class TestMoney:
    """Every amount ties, at the end and on any earlier day."""

    @pytest.mark.parametrize("at", [END, EARLIER])
    def test_pays_out_the_sum_of_the_lines(self, at: datetime) -> None:
        """A payout is the sum of its lines without its own, which is its opposite."""
        lines = known("balance_transactions", at)
        owns = [row for row in lines if is_own_line(row)]
        batches = total(
            (row for row in lines if not is_own_line(row)), lambda row: row["payout_id"]
        )
        own = total(owns, lambda row: row["payout_id"])
        payouts = known("payouts", at)
        initiated = [row for row in payouts if row["initiated_at"]]

        assert len(initiated) > 1_000
        assert len(owns) == len(initiated)
        for row in payouts:
            assert row["amount_minor"] == batches[row["payout_id"]] > 0
        for row in initiated:
            assert row["amount_minor"] == -own[row["payout_id"]]

    def test_brings_failed_payouts_back_once(self) -> None:
        """What failed or was returned is in the balance again, in another batch."""
        back = {
            row["source_id"]: row
            for row in versions("balance_transactions")
            if row["kind"] == "payout" and not is_own_line(row)
        }
        failed = {
            row["payout_id"]: row["amount_minor"]
            for row in known("payouts")
            if row["status"] in {"failed", "returned"}
        }

        assert failed == {key: row["amount_minor"] for key, row in back.items()}
        assert all(key < row["payout_id"] for key, row in back.items())

    def test_balances_follow_from_the_other_tables(self) -> None:
        """A plain loop over sales, refunds, disputes and payouts gives the balances."""
        expected = expected_balances()
        balances = total(known("balance_transactions"), account)

        assert len(balances) > 100
        assert dict(expected) == balances

    def test_refunds_at_most_what_was_sold(self) -> None:
        """Refunds of a line stay within its gross, and its commission within itself."""
        items = {row["order_item_id"]: row for row in known("order_items")}
        refunds = {row["refund_id"]: row for row in versions("refunds")}
        gross = total(refunds.values(), lambda row: row["order_item_id"])
        commission = total(
            (
                row
                for row in versions("balance_transactions")
                if row["kind"] == "commission_refund"
            ),
            lambda row: refunds[row["source_id"]]["order_item_id"],
        )

        assert len(refunds) > len(gross) > 1_000
        for key, amount in gross.items():
            assert 0 < amount <= items[key]["gross_minor"]
            assert 0 <= commission[key] <= items[key]["commission_minor"]

    def test_holds_reserves_and_releases_them(self) -> None:
        """A reserve released is one that was held, of the same amount."""
        lines = {
            row["balance_transaction_id"]: row
            for row in versions("balance_transactions")
            if row["kind"] == "reserve"
        }
        released = [row for row in lines.values() if row["source_id"]]

        assert 0 < len(released) < len(lines)
        for row in released:
            assert row["amount_minor"] == -lines[row["source_id"]]["amount_minor"] > 0


def expected_balances() -> dict[Any, int]:
    """Return each account's balance from what happened, not from ledger sums.

    Only what has no table of its own is taken from the ledger.
    """
    balances: dict[Any, int] = defaultdict(int)
    for row in known("order_items"):
        if row["captured_at"]:
            balances[account(row)] += row["gross_minor"] - row["commission_minor"]
    for row in known("refunds"):
        balances[account(row)] -= row["amount_minor"]
    for row in known("chargebacks"):
        balances[account(row)] -= row["amount_minor"] * (row["outcome"] != "won")
    for row in known("payouts"):
        is_gone = row["status"] in {"in_transit", "paid"}
        balances[account(row)] -= row["amount_minor"] * is_gone
    advances = {row["advance_id"]: row for row in known("advances")}
    for row in advances.values():
        balances[account(row)] += row["advance_minor"] * bool(row["disbursed_at"])
    for row in known("advance_repayments"):
        balances[account(advances[row["advance_id"]])] -= row["amount_minor"]
    for row in known("balance_transactions"):
        has_no_table = row["kind"] in {"commission_refund", "adjustment", "reserve"}
        balances[account(row)] += row["amount_minor"] * has_no_table
    return balances
