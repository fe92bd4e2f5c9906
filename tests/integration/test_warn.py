"""The warnings of a night reach the warehouse, the mart and the terminal."""

from dataclasses import replace
from datetime import timedelta

import pytest
from nights import change, rows_of, value_of

from jobs.night import Night
from jobs.terminal import print_warned
from jobs.warn import warn


def keep_forecasts_of(night: Night, days_ago: int) -> None:
    """Store what was forecast then: a hundred times tonight's, for the yen."""
    day = night.as_of_date - timedelta(days=days_ago)
    change(
        night,
        "insert into underwriting.forecast_quantiles by name"
        f" select * replace (date '{day}' as as_of_date,"
        " case when currency_code = 'JPY' then 100 else 0 end * quantile_50_minor"
        " as quantile_05_minor,"
        " case when currency_code = 'JPY' then 100 else 1 end * quantile_99_minor"
        " as quantile_99_minor) from underwriting.forecast_quantiles"
        f" where as_of_date = date '{night.as_of_date}'",
    )


def test_the_night_warned_and_the_mart_has_it(finished_night: Night) -> None:
    """Every warning of the table is in the mart, about an open advance."""
    stored = value_of(
        finished_night, "select count(*) from underwriting.early_warnings"
    )
    open_count = value_of(
        finished_night,
        "select count(*) from book.fct_early_warnings inner join cash_flow.fct_advances"
        " using (advance_id, balance_minor) where is_open",
    )

    assert stored == open_count


def test_each_sign_is_found_where_it_was_planted(
    night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    """Low sales of the yen, a returned payout and a fresh restriction are listed."""
    first, second = (
        row["seller_id"]
        for row in rows_of(
            night,
            "select seller_id from cash_flow.fct_advances where is_open"
            " and currency_code <> 'JPY' order by seller_id limit 2",
        )
    )
    keep_forecasts_of(night, 14)
    change(
        night,
        "update cash_flow.fct_payouts set payout_status = 'returned',"
        f" initiated_at = timestamp '{night.as_of_date} 10:00:00'"
        f" where seller_id = '{first}'",
        f"update cash_flow.dim_sellers set restricted_at ="
        f" timestamp '{night.as_of_date} 10:00:00' where seller_id = '{second}'",
    )

    warned = warn(night)
    print_warned(warned)

    rows = warned.warnings
    signs = rows.set_index("seller_id")["signs"].to_dict()
    assert "failed_payouts" in signs[first]
    assert signs[second].startswith("new_restriction")
    low = rows[rows["signs"].str.contains("sales_below_band")]
    assert set(low["currency_code"]) == {"JPY"}
    assert value_of(night, "select count(*) from underwriting.early_warnings") == len(
        rows
    )
    assert f"of {first}: " in capsys.readouterr().out


def test_money_at_risk_is_at_the_rate_in_force(night: Night) -> None:
    """Where nothing is held back any more, the whole balance is short."""
    change(
        night,
        "update cash_flow.fct_advances set current_holdback_rate = 0",
        "update cash_flow.dim_sellers set restricted_at ="
        f" timestamp '{night.as_of_date} 10:00:00'",
    )

    rows = warn(night).warnings

    assert len(rows) > 10
    assert rows["expected_shortfall_minor"].equals(rows["balance_minor"])


def test_a_policy_without_the_section_warns_of_nobody(night: Night) -> None:
    """An older policy's night goes on, and its partition is empty."""
    said: list[str] = []
    policy = night.policy.model_copy(update={"warnings": None})

    warned = warn(replace(night, policy=policy, say=said.append))

    assert warned.warnings.empty
    assert warned.advance_count > 0
    assert said[0].startswith(f"0 of {warned.advance_count} open advances")
    assert value_of(night, "select count(*) from underwriting.early_warnings") == 0


def test_what_the_book_does_not_have_yet_is_counted_apart(night: Night) -> None:
    """Open, less what is still to be paid out, is what is outstanding in the book."""
    change(
        night,
        "update cash_flow.fct_advances set status = 'accepted', disbursed_at = null"
        " where advance_id in (select advance_id from cash_flow.fct_advances"
        " where is_open and disbursed_at is not null order by advance_id limit 2)",
    )
    disbursed = value_of(
        night,
        "select count(*) from cash_flow.fct_advances"
        " where is_open and disbursed_at is not null",
    )
    said: list[str] = []

    warned = warn(replace(night, say=said.append))

    assert warned.advance_count - warned.unpaid_count == disbursed
    assert f"({warned.unpaid_count} still to be paid out) show signs" in said[-1]


def test_open_and_outstanding_are_told_apart(finished_night: Night) -> None:
    """On a whole night the warnings' count and the book's differ by nothing else."""
    counted = rows_of(
        finished_night,
        "select count(*) as open_count, count(disbursed_at) as disbursed_count,"
        " (select sum(open_count) from book.rpt_portfolio_daily) as outstanding_count"
        " from cash_flow.fct_advances where is_open and balance_minor > 0",
    )[0]

    assert counted["disbursed_count"] == counted["outstanding_count"]
    assert counted["open_count"] >= counted["disbursed_count"] > 0


def test_an_advance_without_movements_is_looked_at(night: Night) -> None:
    """An open advance in a currency with no ledger line yet warns by its seller."""
    change(
        night,
        "update cash_flow.fct_advances set currency_code = 'CHF' where is_open",
        "update cash_flow.dim_sellers set restricted_at ="
        f" timestamp '{night.as_of_date} 10:00:00'",
    )

    warned = warn(night)

    assert len(warned.warnings) == warned.advance_count > 0
    assert warned.warnings["at_risk_minor"].equals(warned.warnings["balance_minor"])
