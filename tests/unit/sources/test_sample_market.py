"""The sample marketplace looks alive, and is written whole or not at all."""

import json
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sample_rows import END, Row, account, arrow_tables, known, total, versions

from jobs.sources import sample as sample_module
from jobs.sources.sample import write
from jobs.sources.sample_parameters import Sample, is_written

TINY = Sample(sellers=40, days=150, seed=5)
REPAYABLE_KINDS = {"sale", "refund", "chargeback", "chargeback_reversal"}


def repayable_by_day() -> dict[tuple[str, str, date], int]:
    """Return R_d, the day's sales less refunds and chargebacks, never below zero."""
    lines = versions("balance_transactions")
    days = total(
        (row for row in lines if row["kind"] in REPAYABLE_KINDS),
        lambda row: (*account(row), row["occurred_at"].date()),
    )
    return {key: max(0, amount) for key, amount in days.items()}


def repayments_by_advance() -> dict[str, list[Row]]:
    """Return each advance's repayments in the order in which they happened."""
    repayments: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(versions("advance_repayments"), key=lambda row: row["repaid_at"]):
        repayments[row["advance_id"]].append(row)
    return repayments


class TestAdvances:
    """Advances are repaid out of sales, day by day, as agreed."""

    def test_repays_never_more_than_is_owed(self) -> None:
        """The balance stays between nothing and all; repaid ones end at nothing."""
        repayments = repayments_by_advance()
        for advance in known("advances"):
            owed = left = advance["advance_minor"] + advance["fee_minor"]
            for row in repayments[advance["advance_id"]]:
                left -= row["amount_minor"]
                assert 0 <= left <= owed
            assert (left == 0) == (advance["status"] == "repaid")

    def test_reversals_give_back_the_holdback_they_name(self) -> None:
        """A reversal, and nothing else, names a holdback of its advance and amount."""
        rows = {row["advance_repayment_id"]: row for row in known("advance_repayments")}
        pairs = [
            (row, rows[row["reversed_repayment_id"]])
            for row in rows.values()
            if row["reversed_repayment_id"]
        ]

        assert len(pairs) == sum(row["kind"] == "reversal" for row in rows.values())
        assert pairs
        for row, original in pairs:
            assert original["kind"] == "holdback"
            assert original["advance_id"] == row["advance_id"]
            assert original["amount_minor"] == -row["amount_minor"]

    def test_carries_every_repayment_in_the_ledger(self) -> None:
        """Each repayment has one ledger line of its amount, which names the advance."""
        lines = {
            row["balance_transaction_id"]: (row["source_id"], -row["amount_minor"])
            for row in versions("balance_transactions")
            if row["kind"] == "advance_repayment"
        }
        repayments = {
            row["balance_transaction_id"]: (row["advance_id"], row["amount_minor"])
            for row in versions("advance_repayments")
        }

        assert len(lines) > 1_000
        assert lines == repayments

    def test_holds_back_the_agreed_share_of_each_day(self) -> None:
        """A plain loop over the days gives every holdback of every advance."""
        repayable, repayments = repayable_by_day(), repayments_by_advance()
        disbursed = [row for row in known("advances") if row["disbursed_at"]]
        assert len(disbursed) > 20
        for advance in disbursed:
            rows = repayments[advance["advance_id"]]
            assert expected_holdbacks(advance, rows, repayable) == {
                row["repaid_at"].date(): row["amount_minor"]
                for row in rows
                if row["kind"] == "holdback"
            }

    def test_keeps_one_advance_open_at_a_time(self) -> None:
        """The next advance of an account is disbursed when the last one has ended."""
        advances: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in sorted(known("advances"), key=lambda row: row["accepted_at"]):
            if row["disbursed_at"]:
                advances[account(row)].append(row)
        pairs = [
            (last["closed_at"] or END, following["disbursed_at"])
            for rows in advances.values()
            for last, following in pairwise(rows)
        ]

        assert pairs
        assert all(closed < disbursed for closed, disbursed in pairs)

    def test_misses_minimums_and_makes_up_for_some(self) -> None:
        """Over whole intervals some minimums are missed; a true-up never overshoots."""
        repayments, paid_at_least, missed = repayments_by_advance(), 0, 0
        for advance in known("advances"):
            days = advance["minimum_interval_days"]
            start, rows = advance["disbursed_at"], repayments[advance["advance_id"]]
            while days and start and (start := start + timedelta(days)) <= END:
                if start > (advance["closed_at"] or END):
                    break
                begun = start - timedelta(days)
                paid = [row for row in rows if begun <= row["repaid_at"] < start]
                sum_paid = sum(row["amount_minor"] for row in paid)
                missed += sum_paid < advance["minimum_minor"]
                if any(row["kind"] == "minimum" for row in paid):
                    assert sum_paid <= advance["minimum_minor"]
                    paid_at_least += 1

        assert missed > 0
        assert paid_at_least > 0


def expected_holdbacks(
    advance: Row, rows: list[Row], repayable: dict[tuple[str, str, date], int]
) -> dict[date, int]:
    """Return min(left, floor(rate x R_d)) for each day, other repayments as given."""
    holdbacks: dict[date, int] = {}
    left = advance["advance_minor"] + advance["fee_minor"]
    percent = round(advance["holdback_rate"] * 100)
    lower = {
        row["effective_at"].date(): round(row["holdback_rate"] * 100)
        for row in known("advance_changes")
        if row["advance_id"] == advance["advance_id"]
    }
    others: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] != "holdback":
            others[row["repaid_at"].date()].append(row)
    day = advance["disbursed_at"].date()
    while (day := day + timedelta(1)) <= (advance["closed_at"] or END).date():
        percent = lower.get(day, percent)
        given = {row["kind"]: row["amount_minor"] for row in others[day]}
        minimum = given.pop("minimum", 0)
        left -= sum(given.values())
        held = min(left, percent * repayable.get((*account(advance), day), 0) // 100)
        left -= held + minimum
        if held:
            holdbacks[day] = held
    return holdbacks


class TestMarket:
    """Sellers differ, and the calendar shows."""

    def test_small_sellers_have_many_days_without_sales(self) -> None:
        """The smaller half sells nothing on 60 to 95 % of its days, on average."""
        days: dict[str, list[date]] = defaultdict(list)
        for row in known("order_items"):
            if row["captured_at"]:
                days[row["seller_id"]].append(row["captured_at"].date())
        sizes = sorted((dates for dates in days.values() if len(dates) > 1), key=len)
        shares = [
            1 - len(set(dates)) / ((max(dates) - min(dates)).days + 1)
            for dates in sizes[: len(sizes) // 2]
        ]

        assert 0.60 <= mean(shares) <= 0.95

    def test_few_sellers_sell_most(self) -> None:
        """The largest tenth sells more than a third and less than nine tenths."""
        lines: dict[str, int] = defaultdict(int)
        for row in known("order_items"):
            lines[row["seller_id"]] += 1
        sizes = sorted(lines.values(), reverse=True)

        assert 1 / 3 < sum(sizes[: len(sizes) // 10]) / sum(sizes) < 0.9

    def test_black_friday_stands_out(self) -> None:
        """The days from Black Friday to Cyber Monday beat the four weeks before."""
        lines: dict[date, int] = defaultdict(int)
        for row in known("order_items"):
            if row["captured_at"]:
                lines[row["captured_at"].date()] += 1
        friday = date(2025, 11, 28)
        peak = mean(lines[friday + timedelta(day)] for day in range(4))
        before = mean(lines[friday - timedelta(day)] for day in range(3, 31))

        assert peak > 1.4 * before

    def test_most_active_sellers_passed_every_check(self) -> None:
        """More than nine in ten active sellers have three valid checks today."""
        checks: dict[tuple[str, str], Row] = {}
        for row in sorted(
            known("compliance_checks"), key=lambda row: row["updated_at"]
        ):
            checks[row["seller_id"], row["kind"]] = row
        active = [row for row in known("sellers") if row["status"] == "active"]
        passed = [
            all(
                is_valid(checks[row["seller_id"], kind])
                for kind in ("kyb", "sanctions", "tax_id")
            )
            for row in active
        ]

        assert len(active) > 100
        assert 0.9 < mean(passed) < 1

    def test_has_restrictions_past_and_current_with_and_without_a_planned_end(
        self,
    ) -> None:
        """Restrictions have ended, or end later, or nobody knows when."""
        ends = [row["ends_at"] for row in known("seller_restrictions")]

        assert any(end is None for end in ends)
        assert any(end is not None and end > END for end in ends)
        assert any(end is not None and end <= END for end in ends)

    def test_some_sellers_share_a_legal_entity(self) -> None:
        """There are fewer legal entities than sellers, but not many fewer."""
        sellers = known("sellers")
        entities = {row["legal_entity_id"] for row in sellers}

        assert 0.9 * len(sellers) < len(entities) < len(sellers)


def is_valid(check: Row) -> bool:
    """Tell whether a check is passed and has not expired."""
    expires = check["expires_at"]
    return check["outcome"] == "passed" and (expires is None or expires > END)


class TestWriting:
    """A folder holds one whole sample, and says which."""

    def test_same_seed_same_content(self, tmp_path: Path) -> None:
        """Two runs write the same bytes, another seed writes other ones."""
        for name, seed in (("first", 5), ("second", 5), ("other", 6)):
            write(replace(TINY, seed=seed), tmp_path / name)
        first, second, other = (
            {
                str(path.relative_to(tmp_path / name)): path.read_bytes()
                for path in (tmp_path / name).glob("*/*.parquet")
            }
            for name in ("first", "second", "other")
        )

        assert first == second
        first.pop("advance_changes/part-00000.parquet")  # None in so few days.
        assert all(first[name] != other[name] for name in first)

    def test_knows_what_a_folder_holds(self, tmp_path: Path) -> None:
        """Only the very sample counts as written; another one replaces it."""
        folder = tmp_path / "marketplace"
        assert not is_written(TINY, folder)
        rows = write(TINY, folder)

        assert is_written(TINY, folder)
        assert not is_written(replace(TINY, seed=6), folder)
        assert json.loads((folder / "sample.json").read_text())["rows"] == rows

        write(replace(TINY, seed=6), folder)

        assert not is_written(TINY, folder)
        assert [folder] == list(tmp_path.iterdir())

    def test_leaves_other_folders_alone(self, tmp_path: Path) -> None:
        """A folder with anything else in it is refused and stays as it is."""
        (tmp_path / "letter.txt").write_text("keep me")

        with pytest.raises(FileExistsError, match="holds something else"):
            write(TINY, tmp_path)

        assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]

    def test_blocks_follow_each_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Several blocks make several parts, no seller twice, and all is reported."""
        monkeypatch.setattr(sample_module, "BLOCK_SELLERS", 15)
        written: list[int] = []
        rows = write(TINY, tmp_path / "marketplace", written.append)
        parts = sorted((tmp_path / "marketplace" / "sellers").iterdir())
        sellers = pa.concat_tables(pq.read_table(part) for part in parts)

        assert written == [15, 15, 10]
        assert [f"part-0000{part}.parquet" for part in range(3)] == [
            part.name for part in parts
        ]
        assert rows["sellers"] == sellers.num_rows
        assert len(set(sellers["seller_id"].to_pylist())) == 40

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"sellers": 0}, "sellers is 0; expected 1 to"),
            ({"days": 30}, "days is 30; expected 120 to"),
            ({"seed": -1}, "seed is -1; expected 0 or more"),
        ],
    )
    def test_refuses_impossible_sizes(
        self, wrong: dict[str, Any], message: str
    ) -> None:
        """A sample that cannot be made says why."""
        with pytest.raises(ValueError, match=message):
            replace(TINY, **wrong)

    def test_a_single_seller_is_a_marketplace(self, tmp_path: Path) -> None:
        """The smallest size works for any seed, with every table present."""
        for seed in range(5):
            rows = write(Sample(1, 120, seed), tmp_path / str(seed))
            assert set(arrow_tables()) == set(rows)
