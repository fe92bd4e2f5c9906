"""The analyst's guide: its SQL runs as it stands, and its figures are right."""

from collections import Counter

import sqlglot
from guide import guide_queries
from nights import rows_of, value_of

from jobs.night import Night

#: What has no row on a first night that is in order: nothing fails to tie, and there is
#: no yesterday. Forecasts that have ended are looked at in test_accuracy.py.
EMPTY, ENDED = {5, 10}, 9


def test_each_question_has_an_answer(finished_night: Night) -> None:
    """All ten are in the grammar of both warehouses, and find rows where there are."""
    queries = guide_queries()

    assert list(range(1, 11)) == list(queries)
    for number, sql in queries.items():
        assert sqlglot.parse_one(sql, dialect="bigquery"), number
        if number != ENDED:
            has_rows = bool(rows_of(finished_night, sql))
            assert has_rows == (number not in EMPTY), number


def test_what_was_advanced_in_a_country(finished_night: Night) -> None:
    """The first answer is what raw rows of advances and repayments add up to."""
    advances = rows_of(
        finished_night,
        "select advance_id, currency_code, advance_minor, fee_minor, status"
        " from raw.advances inner join ("
        "select distinct seller_id from raw.sellers where country_code = 'FR')"
        " using (seller_id) where disbursed_at >= '2026-10-01'"
        " qualify row_number() over (partition by advance_id order by updated_at desc)"
        " = 1",
    )
    given = [row for row in advances if row["status"] != "cancelled"]
    repaid = rows_of(
        finished_night,
        "select advance_id, sum(amount_minor) as minor from raw.advance_repayments"
        " group by advance_id",
    )
    repaid_by_id = {row["advance_id"]: row["minor"] for row in repaid}
    (found,) = rows_of(finished_night, guide_queries()[1])

    assert found["advance_count"] == len(given) > 0
    assert found["advance_minor"] == sum(row["advance_minor"] for row in given)
    owed = sum(row["advance_minor"] + row["fee_minor"] for row in given)
    back = sum(repaid_by_id.get(row["advance_id"], 0) for row in given)
    assert (owed, back, owed - back) == (
        found["owed_minor"],
        found["repaid_minor"],
        found["balance_minor"],
    )


def test_fee_income_is_the_journals(finished_night: Night) -> None:
    """The fourth answer is what the journal's accounts of income say."""
    journal = rows_of(
        finished_night,
        "select currency_code, account, sum(credit_minor - debit_minor) as minor"
        " from book.fct_journal_entries group by currency_code, account",
    )
    income = {
        row["currency_code"]: int(row["minor"])
        for row in journal
        if row["account"] == "fee_income"
    }
    found = rows_of(finished_night, guide_queries()[4])

    assert income == {row["currency_code"]: int(row["income_minor"]) for row in found}
    assert len(income) >= 2


def test_reasons_are_those_of_the_sellers_without_offer(finished_night: Night) -> None:
    """The seventh answer counts each reason code that a decision of France lists."""
    decisions = rows_of(
        finished_night,
        "select reason_codes from offers.fct_eligibility_decisions"
        " where country_code = 'FR' and not is_offered",
    )
    expected = Counter(row["reason_codes"] for row in decisions)
    listed = {code for codes in expected for code in codes.split(",")}
    found = rows_of(finished_night, guide_queries()[7])

    assert {row["reason_code"] for row in found} <= listed
    singles = [codes for codes in expected if "," not in codes]
    assert singles
    for code in singles:
        rows = [row for row in found if row["reason_code"] == code]
        assert sum(row["seller_count"] for row in rows) >= expected[code]


def test_the_funnel_begins_with_every_decision(finished_night: Night) -> None:
    """The eighth answer evaluates each decided seller and offers to each new one."""
    found = rows_of(finished_night, guide_queries()[8])
    offered = value_of(
        finished_night,
        "select count(distinct seller_id || currency_code)"
        " from underwriting.advance_offers",
    )

    assert offered == sum(row["offered_count"] for row in found)
    assert sum(row["evaluated_count"] for row in found) == value_of(
        finished_night, "select count(*) from underwriting.eligibility_decisions"
    )


def test_a_seller_sees_the_offers_that_were_open(finished_night: Night) -> None:
    """The third answer, asked of each of some sellers, is every offer made to it."""
    sql = guide_queries()[3]
    made = rows_of(
        finished_night,
        "select seller_id, offer_id from underwriting.advance_offers"
        " order by seller_id limit 20",
    )
    offered = sorted({row["seller_id"] for row in made})[:-1]  # The last may be cut.
    seen = [
        (seller_id, row["offer_id"])
        for seller_id in offered
        for row in rows_of(finished_night, sql.replace("s0000002", seller_id))
        if row["offer_id"]
    ]
    expected = [tuple(row.values()) for row in made if row["seller_id"] in offered]

    assert len(offered) > 3
    assert sorted(expected) == sorted(seen)
