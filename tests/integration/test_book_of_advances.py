"""The book of a night, kept in the warehouse."""

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from nights import change, rows_of, value_of

from jobs.book import book
from jobs.build import build
from jobs.journal import export_journal
from jobs.night import Night
from jobs.sources.protocol import DataError

_PAGE = (
    "select * exclude (code_version) from underwriting.advance_days"
    " where as_of_date = date '{}' order by advance_id"
)


def one_night_before(night: Night) -> str:
    """Make the booked night the one before; return its date."""
    before = night.as_of_date - timedelta(days=1)
    change(
        night,
        *(
            f"update underwriting.{table} set as_of_date = date '{before}'"
            for table in ("advance_days", "journal_entries")
        ),
    )
    return str(before)


def test_a_night_booked_again_is_the_same(night: Night) -> None:
    """Every disbursed advance has a row, and a second run replaces it by itself."""
    first = rows_of(night, _PAGE.format(night.as_of_date))
    booked = book(night)

    assert rows_of(night, _PAGE.format(night.as_of_date)) == first
    assert booked
    assert booked.advance_count == len(first) > 20
    assert value_of(
        night,
        "select count(*) from cash_flow.fct_advances where disbursed_at is not null",
    ) == len(first)
    assert (
        value_of(night, "select count(*) from underwriting.journal_entries")
        == booked.line_count
    )


def test_a_late_repayment_is_tonights(night: Night) -> None:
    """The next night continues the book; what came in late moves it, closed or not."""
    before = one_night_before(night)
    page = rows_of(night, _PAGE.format(before))
    (late,) = rows_of(
        night,
        "select advance_id, currency_code from cash_flow.fct_advances"
        " where status = 'written_off' order by advance_id limit 1",
    )
    of_late = f"advance_id = '{late['advance_id']}'"
    change(
        night,
        "insert into raw.advance_repayments by name select * replace"
        f" (date '{night.as_of_date}' as ingest_date) from raw.advance_repayments"
        f" where {of_late} limit 1",
        "update cash_flow.fct_advances set repaid_minor = repaid_minor + 5,"
        f" balance_minor = balance_minor - 5 where {of_late}",
    )
    book(night)
    tonight = rows_of(night, _PAGE.format(night.as_of_date))
    (row,) = [each for each in tonight if each["advance_id"] == late["advance_id"]]
    closing = {each["advance_id"]: each for each in page}

    assert rows_of(night, _PAGE.format(before)) == page
    assert len(tonight) < len(page)
    for each in tonight:
        last = closing[each["advance_id"]]
        assert each["before_date"] == last["as_of_date"]
        assert each["opening_carrying_minor"] == last["carrying_minor"]
        assert each["opening_allowance_minor"] == last["allowance_minor"]
    assert (row["repaid_change_minor"], row["written_off_change_minor"]) == (5, -5)


def test_what_came_into_a_booked_night_is_tonights(night: Night) -> None:
    """A night ingested again after it was booked closes an advance and brings one."""
    before = one_night_before(night)
    first, second = rows_of(
        night,
        "select advance_id, planned_days, balance_minor from underwriting.advance_days"
        " where balance_minor > 0 and planned_days < 730 order by advance_id limit 2",
    )
    change(
        night,
        f"update raw.advances set ingest_date = date '{before}'",
        f"update raw.advance_repayments set ingest_date = date '{before}'",
        "update cash_flow.fct_advances set repaid_minor = owed_minor,"
        " balance_minor = 0, is_open = false, status = 'repaid',"
        f" closed_at = timestamp '{before} 10:00:00'"
        f" where advance_id in ('{first['advance_id']}', '{second['advance_id']}')",
        "delete from underwriting.advance_days"
        f" where advance_id = '{second['advance_id']}'",
    )
    book(night)
    page = rows_of(night, _PAGE.format(night.as_of_date))
    closed, new = (
        next(row for row in page if row["advance_id"] == each["advance_id"])
        for each in (first, second)
    )

    assert closed["repaid_change_minor"] == first["balance_minor"]
    assert closed["balance_minor"] == new["balance_minor"] == 0
    assert new["planned_days"] == second["planned_days"]
    assert new["before_date"] is None


def test_a_discount_of_an_accepted_refill_is_in_the_journal(night: Night) -> None:
    """The receivable stays what is owed; the discount is cash and a cost of its own."""
    (refill,) = rows_of(
        night,
        "select advance_id, offer_id from cash_flow.fct_advances"
        " where offer_id is not null and is_open and disbursed_at is not null"
        " and currency_code = 'JPY' order by advance_id limit 1",
    )
    change(
        night,
        "insert into underwriting.advance_offers by name select * replace"
        f" ('{refill['offer_id']}' as offer_id, 70 as discount_minor)"
        " from underwriting.advance_offers limit 1",
    )
    book(night)
    lines = rows_of(
        night,
        "select account, debit_minor, credit_minor from underwriting.journal_entries"
        f" where advance_id = '{refill['advance_id']}' and kind = 'fee_discount'"
        " order by account",
    )
    build(night, "book")

    assert [tuple(line.values()) for line in lines] == [
        ("cash", 0, 70),
        ("fee_discounts", 70, 0),
    ]


def test_a_night_that_a_later_one_continues_stays_as_it_is(night: Night) -> None:
    """Booking it again would change what the later one opened with."""
    after = night.as_of_date + timedelta(days=1)
    change(
        night,
        "insert into underwriting.advance_days by name select * replace"
        f" (date '{after}' as as_of_date) from underwriting.advance_days limit 1",
    )
    before = rows_of(night, _PAGE.format(night.as_of_date))

    assert book(night) is None
    assert rows_of(night, _PAGE.format(night.as_of_date)) == before


def test_a_marketplace_without_advances_has_an_empty_book(night: Night) -> None:
    """Nothing is owed, nothing is booked, and that is no fault."""
    tables = ("cash_flow.fct_advances", "underwriting.advance_days")
    change(night, *(f"delete from {table}" for table in tables))
    booked = book(night)

    assert booked
    assert (booked.advance_count, booked.line_count) == (0, 0)


def test_a_policy_without_stages_books_nothing(night: Night) -> None:
    """Older policies have no [staging], and their nights run as they did."""
    lines: list[str] = []
    policy = night.policy.model_copy(update={"staging": None})

    assert book(replace(night, policy=policy, say=lines.append)) is None
    assert lines == ["not booked: policy 2027-01 has no [staging]"]


def test_the_marts_tell_a_life_of_advances(finished_night: Night) -> None:
    """The first night already has vintages of years, and the book ties with facts."""
    oldest = rows_of(
        finished_night,
        "select repaid_rate from book.rpt_vintages where (currency_code, cohort_month)"
        " in (select (currency_code, cohort_month) from book.rpt_vintages"
        " order by cohort_month, currency_code limit 1) order by age_months",
    )
    rates = [row["repaid_rate"] for row in oldest]
    states = rows_of(finished_night, "select distinct state from book.rpt_advances")

    assert len(rates) >= 6
    assert rates == sorted(rates)
    assert rates[-1] > 0.5
    assert {row["state"] for row in states} >= {"repaying", "repaid", "cancelled"}
    assert value_of(
        finished_night, "select sum(outstanding_minor) from book.rpt_portfolio_daily"
    ) == value_of(
        finished_night,
        "select sum(balance_minor) from cash_flow.fct_advances"
        " where is_open and disbursed_at is not null",
    )


def test_a_book_that_does_not_add_up_fails_its_tests(night: Night) -> None:
    """A changed carrying amount is named by the identities it breaks."""
    change(
        night,
        "update underwriting.advance_days set carrying_minor = carrying_minor + 1"
        " where carrying_minor > 0",
    )

    with pytest.raises(DataError) as failed:
        build(night, "book")
    assert "fee_is_recognised_deferred_or_forgone" in str(failed.value)
    assert "carrying_amount_rolls_forward" in str(failed.value)


def test_a_night_that_has_nothing_any_more_shows_nothing(night: Night) -> None:
    """Rows of an earlier run of the night leave the marts, though none replace them."""
    tables = (
        *("repayment_differences", "advance_gates", "early_warnings"),
        *("journal_entries", "advance_days"),
    )
    marts = (
        *("fct_repayment_differences", "fct_advance_gates", "fct_early_warnings"),
        *("fct_journal_entries", "fct_advance_schedule", "rpt_portfolio_daily"),
    )
    counts = [f"(select count(*) from book.{mart})" for mart in marts]
    shown = value_of(night, f"select [{', '.join(counts)}]")
    change(night, *(f"delete from underwriting.{table}" for table in tables))
    build(night, "book")

    assert sum(count > 0 for count in shown) >= 4
    assert value_of(night, f"select [{', '.join(counts)}]") == [0] * len(marts)


def test_the_journal_is_a_file_that_balances(night: Night, tmp_path: Path) -> None:
    """Every line is in it once, its ids are those stored, its bytes are the same."""
    path, again = tmp_path / "out" / "journal.csv", tmp_path / "again.csv"
    change(
        night,
        "update underwriting.journal_entries set seller_id = '=1+1'"
        " where seller_id = (select min(seller_id) from underwriting.journal_entries)",
    )
    totals = export_journal(night, path)
    export_journal(night, again)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert path.read_bytes() == again.read_bytes()
    assert len({row["journal_line_id"] for row in rows}) == len(rows) > 100
    for code, total in totals.items():
        of = [row for row in rows if row["currency_code"] == code]
        assert sum(int(row["debit_minor"]) for row in of) == total
        assert sum(int(row["credit_minor"]) for row in of) == total
    yen = next(row for row in rows if row["currency_code"] == "JPY")
    assert yen["debit"] == yen["debit_minor"]
    assert "'=1+1" in {row["seller_id"] for row in rows}


def test_a_journal_that_is_not_there_or_is_off_writes_nothing(
    night: Night, tmp_path: Path
) -> None:
    """It names the night, or the currency and its sums, and leaves the file alone."""
    path = tmp_path / "journal.csv"
    change(
        night,
        "update underwriting.journal_entries set debit_minor = debit_minor + 1"
        " where account = 'cash' and currency_code = 'JPY' and debit_minor > 0",
    )

    with pytest.raises(DataError, match="does not balance in JPY"):
        export_journal(night, path)
    change(
        night,
        "delete from underwriting.journal_entries",
        "delete from underwriting.advance_days",
    )
    with pytest.raises(DataError, match="no journal for 2026-10-31"):
        export_journal(night, path)
    assert not path.exists()


def test_a_night_booked_otherwise_has_another_hash(
    night: Night, tmp_path: Path
) -> None:
    """Its ids are the same and an amount is not, so every line says it is another."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    export_journal(night, first)
    change(
        night,
        "update underwriting.journal_entries set debit_minor = 2 * debit_minor,"
        " credit_minor = 2 * credit_minor where kind = 'income'",
    )
    export_journal(night, second)
    ids, hashes = (
        [
            [row[name] for row in csv.DictReader(path.read_text("utf-8").splitlines())]
            for path in (first, second)
        ]
        for name in ("journal_line_id", "night_hash")
    )

    assert ids[0] == ids[1]
    assert [len(set(each)) for each in hashes] == [1, 1]
    assert hashes[0][0] != hashes[1][0]


def test_a_night_without_movement_is_a_header(night: Night, tmp_path: Path) -> None:
    """It is booked, so nobody is asked to book it."""
    path, again = tmp_path / "journal.csv", tmp_path / "again.csv"
    change(night, "delete from underwriting.journal_entries")

    assert export_journal(night, path) == {}
    export_journal(night, again)
    assert path.read_text("utf-8").startswith("journal_line_id,")
    assert len(path.read_text("utf-8").splitlines()) == 1
    assert path.read_bytes() == again.read_bytes()
