"""The sample's book is repaid as due, and what is changed in it is found and named."""

import shutil
from dataclasses import replace

import pytest
from nights import change, rows_of, value_of

from jobs.build import build
from jobs.check_repayments import check
from jobs.night import Night


@pytest.fixture(scope="module")
def night(finished_night: Night, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return the finished night with a warehouse of its own."""
    settings = replace(finished_night.settings, home=tmp_path_factory.mktemp("check"))
    copy = replace(finished_night, settings=settings)
    copy.workspace.mkdir(parents=True)
    shutil.copy(finished_night.warehouse_address, copy.warehouse_address)
    return copy


def test_only_true_ups_of_sellers_who_never_agree_are_missing(night: Night) -> None:
    """Every holdback of every day is the due one, and so it is when asked again."""
    first, second = check(night), check(night)

    assert first == second
    assert first.advance_count > 20
    assert set(first.reasons) == {"minimum_not_taken"}
    stored = "select count(*) from underwriting.repayment_differences"
    assert value_of(night, stored) == sum(first.reasons.values())


def test_changed_lines_are_found_on_their_days_and_shown(night: Night) -> None:
    """A holdback raised, one lost and one after the payoff: three rows in the mart."""
    holdbacks = rows_of(
        night,
        "select advance_repayment_id, advance_id from cash_flow.fct_advance_repayments"
        " inner join cash_flow.fct_advances using (advance_id)"
        " where is_open and kind = 'holdback' and balance_after_minor > 1000"
        " qualify row_number() over (partition by advance_id order by repaid_at) = 1"
        " order by advance_id limit 2",
    )
    raised, lost = (row["advance_repayment_id"] for row in holdbacks)
    change(
        night,
        "update intermediate.int_advance_repayments"
        " set applied_minor = applied_minor + 7"
        f" where advance_repayment_id = '{raised}'",
        "delete from intermediate.int_advance_repayments"
        f" where advance_repayment_id = '{lost}'",
        "insert into intermediate.int_advance_repayments by name"
        " select * exclude (closed_at) replace ('late' as advance_repayment_id,"
        " 'holdback' as kind, 0 as applied_minor, 5 as excess_minor,"
        " closed_at + interval 1 day as repaid_at)"
        " from intermediate.int_advance_repayments"
        " inner join (select advance_id, closed_at from cash_flow.fct_advances"
        " where status = 'repaid' and closed_at between '2026-09-01' and '2026-10-20'"
        " limit 1) using (advance_id) limit 1",
    )

    checked = check(night)
    build(night, "book")

    assert checked.reasons.keys() - {"minimum_not_taken"} == {
        "taken_above",
        "not_taken",
        "taken_after_payoff",
    }
    shown = rows_of(
        night,
        "select advance_id, difference_minor from book.fct_repayment_differences"
        " where kind = 'holdback' and reason <> 'taken_after_payoff' order by reason",
    )
    assert [row["advance_id"] for row in shown] == [
        holdbacks[1]["advance_id"],
        holdbacks[0]["advance_id"],
    ]
    assert shown[1]["difference_minor"] == 7


def test_a_night_without_a_check_says_so(night: Night) -> None:
    """No holdback passes that nobody looked at; the check is told of every night."""
    state = (
        "select distinct state, passed_rate is null as is_unknown"
        " from book.rpt_money_quality where check_name = 'holdback'"
    )
    checked = check(night)
    (kept,) = rows_of(night, "select * from underwriting.repayment_checks")
    change(night, "delete from underwriting.repayment_checks")
    build(night, "book")

    assert kept["advance_count"] == checked.advance_count
    assert kept["pausing_events"] == "listing_suspended"
    assert rows_of(night, state) == [{"state": "not_checked", "is_unknown": True}]
