"""A night with planted discrepancies: each is found, and nothing else is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest
from nights import SAMPLE, change, night_of, rows_of, value_of
from unit.settlements.settlement_files import (
    ADYEN,
    AMAZON,
    PAYPAL,
    amazon_report,
    paypal_report,
    settlement_file,
)

from jobs.build import build
from jobs.check_repayments import check
from jobs.ingest import ingest
from jobs.night import Night
from jobs.nightly import steps_of
from jobs.reconcile import Reconciled, reconcile
from jobs.sources.protocol import DataError
from jobs.sources.sample import Sample, write

PLANTED = Sample(
    sellers=200, days=260, seed=5, end_date=SAMPLE.end_date, discrepancies=1
)
SETTLED = ("amount_differs", "missing_in_file", "missing_in_ledger", "duplicated")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the sample with its settlement files once."""
    folder = tmp_path_factory.mktemp("planted") / "history"
    write(PLANTED, folder)
    return folder


@pytest.fixture(scope="module")
def built(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return its night, built so far that files can be held against the ledger."""
    night = night_of(tmp_path_factory.mktemp("home"), planted, PLANTED.end_date)
    ingest(night, ())
    build(night, "cash_flow")
    return night


@pytest.fixture(scope="module")
def reconciled(built: Night, planted: Path) -> Reconciled:
    """Reconcile and check the night, and build the book on it."""
    found = reconcile(built, str(planted / "settlements"))
    check(built)
    build(built, "book")
    return found


def labels_of(planted: Path, *kinds: str) -> list[tuple[str, str, int]]:
    """Return kind, id and amount of what was planted."""
    rows = pq.read_table(planted / "discrepancy_labels").to_pylist()
    return sorted(
        (row["kind"], row["row_id"], row["amount_minor"])
        for row in rows
        if not kinds or row["kind"] in kinds
    )


def test_every_planted_settlement_error_is_found_and_nothing_else(
    built: Night, planted: Path, reconciled: Reconciled
) -> None:
    """By id and amount; what is left over without them is nothing at all."""
    rows = rows_of(
        built,
        "select finding, difference_minor, case finding when 'missing_in_ledger'"
        " then reference else balance_transaction_id end as row_id"
        " from underwriting.reconciliation_findings"
        " where finding not in ('matched', 'outside_ledger', 'not_settled_yet')",
    )
    found = [(row["finding"], row["row_id"], row["difference_minor"]) for row in rows]

    assert sorted(found) == labels_of(planted, *SETTLED)
    assert len(reconciled.residuals) == len(SETTLED)
    assert all(".csv:" in text or "in_file" in text for text in reconciled.residuals)
    assert reconciled.counts["matched"] > 10_000


def test_every_planted_payout_error_is_found_and_nothing_else(
    built: Night, planted: Path
) -> None:
    """A payout is the sum of its lines, but for the two that were changed."""
    rows = rows_of(
        built,
        "select case residual_reason when 'lines_below_payout'"
        " then 'payout_amount_differs' when 'lines_above_payout'"
        " then 'payout_line_missing' else residual_reason end as kind,"
        " payout_id, residual_minor from cash_flow.rpt_payout_reconciliation"
        " where not is_reconciled",
    )
    expected = labels_of(planted, "payout_amount_differs", "payout_line_missing")

    assert sorted(tuple(row.values()) for row in rows) == expected


def test_every_planted_repayment_error_is_found_and_nothing_else(
    built: Night, planted: Path
) -> None:
    """What no balance may take is refused by name, what was not due is told as such."""
    faults = rows_of(
        built, "select fault, row_id, amount_minor from cash_flow.rpt_advance_faults"
    )
    refused = labels_of(
        planted, "over_repaid", "unknown_advance", "reversal_of_reversal"
    )
    assert sorted(tuple(row.values()) for row in faults) == refused

    check(built)
    differences = rows_of(
        built,
        "select concat('holdback_', replace(reason, 'taken_w', 'w')) as kind,"
        " difference_minor from underwriting.repayment_differences"
        " where reason <> 'minimum_not_taken'",
    )
    expected = labels_of(
        planted, "holdback_taken_above", "holdback_not_taken", "holdback_without_sales"
    )
    found = sorted((row["kind"], row["difference_minor"]) for row in differences)
    assert found == [(kind, amount) for kind, _, amount in expected]


def test_pairs_are_stored_once_and_residuals_every_night(
    built: Night, planted: Path, reconciled: Reconciled
) -> None:
    """A night again replaces its findings; the next one adds what is new to it."""
    count = "select count(*) from underwriting.reconciliation_findings"
    before = value_of(built, count)
    assert reconcile(built, str(planted / "settlements")) == reconciled
    assert value_of(built, count) == before
    change(
        built,
        "update underwriting.reconciliation_findings"
        f" set as_of_date = as_of_date - {timedelta(days=1).days}",
    )
    reconcile(built, str(planted / "settlements"))
    tonight = f"where as_of_date = date '{built.as_of_date}'"
    matched = value_of(built, f"{count} {tonight} and finding = 'matched'")

    assert matched == 0
    assert value_of(built, f"{count} {tonight}") == len(SETTLED) + value_of(
        built, f"{count} {tonight} and finding = 'not_settled_yet'"
    )


def test_files_that_are_refused_are_all_named(built: Night, tmp_path: Path) -> None:
    """Nothing is reconciled, and the findings of before stay."""
    (tmp_path / "a.csv").write_text("Type,Amount\n")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"(?s)a\.csv, row 1: no column.*b\.csv.*UTF-8"):
        reconcile(built, str(tmp_path))
    with pytest.raises(DataError, match="no settlement file; expected at least one"):
        reconcile(built, str(tmp_path / "empty"))


def test_a_night_reconciles_where_a_setting_names_the_folder(built: Night) -> None:
    """Before the marts of the book; any address will do, and nothing by default."""
    with fsspec.open("memory://settled/2026/a.csv", "w") as file:
        file.write("Type,Amount\n")
    settings = replace(built.settings, settlements="memory://settled")
    steps = steps_of(replace(built, settings=settings))

    assert list(steps).index("reconcile") == list(steps).index("build book") - 1
    assert set(steps) - set(steps_of(built)) == {"reconcile"}
    with pytest.raises(DataError, match=r"2026/a\.csv, row 1: no column"):
        steps["reconcile"](replace(built, settings=settings))


def test_a_folder_without_a_line_of_the_night_is_refused(
    built: Night, tmp_path: Path
) -> None:
    """A header says nothing, and a file that ends after the night is not known yet."""
    later = built.as_of_date + timedelta(days=1)
    row = ADYEN | {"Creation Date": f"{later} 10:00:00"}
    text = settlement_file(row)
    (tmp_path / "later.csv").write_text(text)
    (tmp_path / "header.csv").write_text(text.splitlines()[0])
    message = r"2 settlement files, none .* by 2026-10-31; 1 go on after it and 1 have"
    with pytest.raises(DataError, match=message):
        reconcile(built, str(tmp_path))


def test_what_is_uncleared_is_what_was_planted(
    built: Night, planted: Path, reconciled: Reconciled
) -> None:
    """By flow, id and amount; a payout that differs does so from its own line too."""
    assert reconciled.file_count > 100
    found = rows_of(
        built,
        "select flow, residual_minor from book.rpt_uncleared_flows"
        " where reason <> 'not_settled_yet' order by flow, residual_minor",
    )
    ages = rows_of(
        built,
        "select distinct flow from book.rpt_uncleared_flows where age_days is null",
    )
    payouts = labels_of(planted, "payout_amount_differs", "payout_line_missing")
    (differs, missing) = (amount for *_, amount in payouts)
    expected = [
        *(
            ("ledger_and_settlement", amount)
            for *_, amount in labels_of(planted, *SETTLED)
        ),
        ("payout_and_lines", differs),
        ("payout_and_lines", missing),
        ("source_and_ledger", -differs),
        ("source_and_ledger", missing),
    ]

    assert [tuple(row.values()) for row in found] == sorted(expected)
    assert ages == []


@pytest.mark.usefixtures("reconciled")
def test_all_money_is_complete_cleared_and_in_time_but_what_was_planted(
    built: Night, planted: Path
) -> None:
    """Of the figures only the planted fail, in the currency they are in."""
    rows = rows_of(
        built,
        "select check_name, count(*) as currency_count, sum(failed_count) as failed"
        " from book.rpt_money_quality group by check_name order by check_name",
    )
    missing = labels_of(planted, "payout_line_missing")
    since = built.as_of_date - timedelta(days=27)
    wrong = (
        "select count(*) from underwriting.repayment_differences"
        f" where kind = 'holdback' and difference_date >= date '{since}'"
    )
    reconciled_dates = rows_of(
        built, "select distinct reconciled_date from book.rpt_money_quality"
    )

    assert [(row["check_name"], int(row["failed"])) for row in rows] == [
        ("clearing", len(SETTLED) + 4),
        ("completeness", len(missing)),
        ("holdback", value_of(built, wrong)),
        ("settled_within_1_days", 0),
        ("settled_within_2_days", 0),
        ("settled_within_4_days", 0),
    ]
    assert {row["currency_count"] for row in rows} == {4}
    assert reconciled_dates == [{"reconciled_date": built.as_of_date}]


def test_planted_repayments_are_refused_or_differ_from_what_was_due(
    built: Night, planted: Path
) -> None:
    """Each repayment that cannot be is refused whole, each wrong holdback is named."""
    check(built)
    faults = rows_of(
        built, "select fault, row_id, refused_minor from cash_flow.rpt_advance_faults"
    )
    differences = rows_of(
        built,
        "select reason, seller_id, difference_minor"
        " from underwriting.repayment_differences where kind = 'holdback'",
    )
    refused = ("over_repaid", "reversal_of_reversal", "unknown_advance")
    wrong = ("holdback_not_taken", "holdback_taken_above", "holdback_without_sales")
    reasons = dict(
        zip(wrong, ("not_taken", "taken_above", "taken_without_sales"), strict=True)
    )

    assert labels_of(planted, *refused) == sorted(tuple(row.values()) for row in faults)
    assert sorted(
        (reasons[kind], f"s{name[1:8]}", amount)
        for kind, name, amount in labels_of(planted, *wrong)
    ) == sorted(tuple(row.values()) for row in differences)


def test_files_of_every_processor_lie_in_one_folder(
    night: Night, tmp_path: Path
) -> None:
    """A report in capitals and a settlement with tabs; what is no table is left."""
    folder = tmp_path / "settlements"
    folder.mkdir()
    paypal = paypal_report(PAYPAL, ends=("RF,EUR,5200,0,0,210",))
    (folder / "STL-20260301.CSV").write_text(paypal, encoding="utf-8")
    (folder / "amazon.txt").write_text(amazon_report("20.00", AMAZON), encoding="utf-8")
    (folder / "notes.md").write_text("ours", encoding="utf-8")

    found = reconcile(night, str(folder))

    assert found.file_count == 2
    assert found.counts["missing_in_ledger"] == 2
    assert found.counts["outside_ledger"] == 2
    assert "batch_differs" not in found.counts
