"""The marts agree with a plain recomputation from the rows that went in."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from nights import rows_of

from jobs.night import Night

Line = dict[str, Any]
Key = tuple[str, str]
SIGNS = {
    "captured_minor": {"sale": 1},
    "refunded_minor": {"refund": -1},
    "charged_back_minor": {"chargeback": -1, "chargeback_reversal": -1},
    "commission_minor": {"commission": -1, "commission_refund": -1},
    "adjustment_minor": {"adjustment": 1},
    "reserved_minor": {"reserve": -1},
    "advanced_minor": {"advance": 1},
    "repaid_minor": {"advance_repayment": -1},
    "paid_out_minor": {"payout": -1},
}


@pytest.fixture(scope="module")
def ledger(history: Path) -> dict[Key, list[Line]]:
    """Return every ledger line by seller and currency, newest version only."""
    newest: dict[str, Line] = {}
    for path in sorted((history / "balance_transactions").glob("*.parquet")):
        for line in pq.read_table(path).to_pylist():
            known = newest.get(line["balance_transaction_id"])
            if known is None or known["updated_at"] < line["updated_at"]:
                newest[line["balance_transaction_id"]] = line
    lines = defaultdict(list)
    for line in newest.values():
        lines[line["seller_id"], line["currency_code"]].append(line)
    return lines


def states(night: Night) -> dict[Key, str]:
    """Return what kind of life each seller leads, from its health."""
    rows = rows_of(
        night,
        "select seller_id, currency_code,"
        " concat_ws(' ', seller_status, country_code,"
        "   case when days_since_last_sale > 60 then 'stopped' end,"
        "   case when tenure_days < 120 then 'young' end,"
        "   case when open_advance_count > 0 then 'advanced' end,"
        "   case when failed_payouts_91_days_count > 0 then 'failed' end,"
        "   case when growth_rate < -0.3 then 'declining' end) as state"
        " from cash_flow.fct_seller_health_daily",
    )
    return {(row["seller_id"], row["currency_code"]): row["state"] for row in rows}


def picked(night: Night, ledger: dict[Key, list[Line]]) -> list[Key]:
    """Pick two sellers of every state that has movements."""
    by_state = defaultdict(list)
    for key, state in sorted(states(night).items()):
        if key in ledger:
            by_state[state].append(key)
    return [key for keys in by_state.values() for key in keys[:2]]


def recomputed(lines: list[Line]) -> dict[date, dict[str, int]]:
    """Return a seller's daily flows and balances by the plainest loop."""
    days: dict[date, dict[str, int]] = {}
    for line in sorted(lines, key=lambda line: line["occurred_at"]):
        day = days.setdefault(
            line["occurred_at"].date(), dict.fromkeys((*SIGNS, "net"), 0)
        )
        day["net"] += line["amount_minor"]
        for name, kinds in SIGNS.items():
            day[name] += kinds.get(line["kind"], 0) * line["amount_minor"]
    balance = 0
    for day in days.values():
        day["opening_balance_minor"] = balance
        balance += day.pop("net")
        day["closing_balance_minor"] = balance
        repayable = day["captured_minor"] - day["refunded_minor"]
        day["repayable_minor"] = max(0, repayable - day["charged_back_minor"])
    return days


def test_daily_flows_equal_a_plain_recomputation(
    finished_night: Night, ledger: dict[Key, list[Line]]
) -> None:
    """For sellers of every state, each day's flows and balances are those of a loop."""
    keys = picked(finished_night, ledger)
    assert len(keys) >= 20
    assert len({currency_code for _, currency_code in keys}) >= 3

    rows = rows_of(
        finished_night, "select * from cash_flow.fct_seller_cash_flows_daily"
    )
    mart = defaultdict(dict)
    for row in rows:
        mart[row["seller_id"], row["currency_code"]][row["flow_date"]] = row
    for key in keys:
        expected = recomputed(ledger[key])
        found = {
            day: {name: row[name] for name in expected[day]}
            for day, row in mart[key].items()
        }
        assert expected == found


def test_payouts_equal_their_lines(
    finished_night: Night, ledger: dict[Key, list[Line]]
) -> None:
    """Every payout that was initiated is the sum of its lines, to the minor unit."""
    sums: dict[str, int] = defaultdict(int)
    for lines in ledger.values():
        for line in lines:
            own = line["kind"] == "payout" and line["source_id"] == line["payout_id"]
            if line["payout_id"] and not own:
                sums[line["payout_id"]] += line["amount_minor"]
    rows = rows_of(
        finished_night,
        "select payout_id, amount_minor, lines_total_minor, residual_minor"
        " from cash_flow.fct_payouts where initiated_at is not null",
    )

    assert len(rows) > 1000
    assert [row for row in rows if row["residual_minor"]] == []
    assert {row["payout_id"]: row["amount_minor"] for row in rows} == {
        row["payout_id"]: sums[row["payout_id"]] for row in rows
    }


def test_advances_owe_what_they_have_not_repaid(finished_night: Night) -> None:
    """Advance plus fee is what was repaid, is left, or was written off."""
    rows = rows_of(finished_night, "select * from cash_flow.fct_advances")

    assert {"EUR", "JPY"} <= {row["currency_code"] for row in rows}
    for row in rows:
        is_cancelled = row["status"] == "cancelled"
        owed = 0 if is_cancelled else row["advance_minor"] + row["fee_minor"]
        assert owed == row["owed_minor"]
        left = row["balance_minor"] + row["written_off_minor"]
        assert owed == row["repaid_minor"] + left
        assert 0 <= row["recovered_minor"] <= row["written_off_minor"]
