"""Settlement files and planted discrepancies: only where asked for, and as labelled."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sample_rows import is_own_line

from jobs.settlements.lines import SettlementLine
from jobs.settlements.parse import parse_settlement
from jobs.sources.catalogue import open_source
from jobs.sources.sample import Sample, write
from jobs.sources.tables import TABLES

PLAIN = Sample(sellers=240, days=260, seed=7)
PLANTED = replace(PLAIN, discrepancies=1)
KINDS = {
    "amount_differs",
    "missing_in_file",
    "missing_in_ledger",
    "duplicated",
    "payout_amount_differs",
    "payout_line_missing",
    "holdback_taken_above",
    "holdback_not_taken",
    "holdback_without_sales",
    "reversal_of_reversal",
    "over_repaid",
    "unknown_advance",
}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the sample as it is, with its settlements, and with what is planted."""
    path = tmp_path_factory.mktemp("samples")
    write(PLAIN, path / "plain")
    write(replace(PLAIN, settlements=True), path / "settled")
    write(PLANTED, path / "planted")
    return path


def rows_of(folder: Path, table: str) -> list[Row]:
    """Return the rows of a table, every version."""
    rows: list[Row] = pq.read_table(folder / table).to_pylist()
    return rows


def lines_of(folder: Path) -> list[SettlementLine]:
    """Return every line of every settlement file."""
    return [
        line
        for path in sorted((folder / "settlements").glob("*.csv"))
        for line in parse_settlement(path.name, path.read_text("utf-8"))
    ]


def test_settlement_files_change_no_table(folder: Path) -> None:
    """Beside them every table is what it was, to the byte."""
    for table in TABLES:
        plain, settled = (
            (folder / name / table / "part-00000.parquet").read_bytes()
            for name in ("plain", "settled")
        )
        assert plain == settled, table


def test_settlements_are_the_ledger_of_the_days_before_the_last(folder: Path) -> None:
    """By currency and kind they add up to the ledger, and each batch to nothing."""
    last = PLAIN.end_date
    kinds = ("sale", "refund", "chargeback", "chargeback_reversal")
    booked: Counter[tuple[str, str]] = Counter()
    for row in rows_of(folder / "settled", "balance_transactions"):
        if row["kind"] in kinds and row["occurred_at"].date() < last:
            booked[row["currency_code"], row["kind"]] += row["amount_minor"]
    lines = lines_of(folder / "settled")
    settled: Counter[tuple[str, str]] = Counter()
    batches: Counter[tuple[str, str]] = Counter()
    for line in lines:
        batches[line.batch_id, line.currency_code] += line.net_minor
        if line.line_kind in kinds:
            settled[line.currency_code, line.line_kind] += line.amount_minor

    assert {code for code, _ in settled} >= {"EUR", "JPY"}
    assert settled == booked
    assert set(batches.values()) == {0}


def test_as_many_of_each_kind_are_planted_as_asked_for(folder: Path) -> None:
    """Each on a seller of its own, in more than one currency."""
    labels = rows_of(folder / "planted", "discrepancy_labels")

    assert Counter(row["kind"] for row in labels) == dict.fromkeys(KINDS, 1)
    assert len({row["seller_id"] for row in labels}) == len(KINDS)
    assert len({row["currency_code"] for row in labels}) > 1


def test_a_planted_payout_is_off_by_what_its_label_says(folder: Path) -> None:
    """No other payout is: what a planted repayment moves is moved back."""
    planted = folder / "planted"
    paid = {
        row["payout_id"]: row["amount_minor"] for row in rows_of(planted, "payouts")
    }
    residual = Counter(paid)
    for row in rows_of(planted, "balance_transactions"):
        if row["payout_id"] in paid and not is_own_line(row):
            residual[row["payout_id"]] -= row["amount_minor"]
    labels = {
        row["row_id"]: row["amount_minor"]
        for row in rows_of(planted, "discrepancy_labels")
        if row["kind"].startswith("payout_")
    }

    assert {name: amount for name, amount in residual.items() if amount} == labels


def test_planted_repayments_have_their_ledger_lines(folder: Path) -> None:
    """Both say the same amount, so that only the advance's terms tell."""
    planted = folder / "planted"
    booked = {
        row["balance_transaction_id"]: -row["amount_minor"]
        for row in rows_of(planted, "balance_transactions")
        if row["kind"] == "advance_repayment"
    }
    repaid = {
        row["balance_transaction_id"]: row["amount_minor"]
        for row in rows_of(planted, "advance_repayments")
    }

    assert repaid == booked


def test_planted_samples_have_their_own_name(tmp_path: Path) -> None:
    """A sample with discrepancies never shares a warehouse with one without."""
    names = [
        open_source(f"sample:sellers=60{more}", None, tmp_path).name
        for more in ("", ",discrepancies=0", ",discrepancies=3,settlements=1")
    ]

    assert names[0] == names[1]
    assert names[2] == f"{names[0]}-discrepancies3-settlements"
    with pytest.raises(ValueError, match="discrepancies is 61; expected 0 to 60"):
        open_source("sample:sellers=60,discrepancies=61", None, tmp_path)
