"""The report of a finished night, read back and compared with the marts by SQL."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from nights import SAMPLE, change, rows_of, value_of
from report_page import ReportPage

from jobs.__main__ import cli
from jobs.night import Night
from jobs.report import address, report
from jobs.sources.protocol import DataError

SOURCE = f"sample:sellers={SAMPLE.sellers},days={SAMPLE.days},seed={SAMPLE.seed}"


@pytest.fixture(scope="module")
def page(finished_night: Night) -> ReportPage:
    """Return the page that the night itself wrote at its end."""
    return ReportPage(Path(address(finished_night)).read_text("utf-8"))


def test_offers_are_as_in_the_mart(finished_night: Night, page: ReportPage) -> None:
    """Counts, amounts and the middle fee of open offers, in each currency."""
    marts = rows_of(
        finished_night,
        "with largest as (select seller_id, currency_code, count(*) as offers,"
        " max(advance_minor) as advance_minor from offers.fct_advance_offers"
        " where state = 'open' group by all)"
        " select currency_code as code, count(*) as sellers,"
        " cast(sum(offers) as int64) as count,"
        " cast(sum(advance_minor) as int64) as largest_advance_minor,"
        " (select median(fee_rate) from offers.fct_advance_offers as offer"
        " where state = 'open' and offer.currency_code = largest.currency_code)"
        " as median_fee_rate from largest group by currency_code",
    )

    assert {"EUR", "JPY"} <= {row["code"] for row in marts}
    for row in marts:
        fee = float(page.figures[f"offers.{row['code']}.median_fee_rate"])
        assert pytest.approx(row["median_fee_rate"]) == fee
        for name in ("sellers", "count", "largest_advance_minor"):
            assert page.figures[f"offers.{row['code']}.{name}"] == str(row[name])


def test_the_funnel_and_reasons_are_as_in_the_marts(
    finished_night: Night, page: ReportPage
) -> None:
    """The steps add up over currencies; a reason counts sellers without an offer."""
    (steps,) = rows_of(
        finished_night,
        "select cast(sum(evaluated_count) as int64) as evaluated,"
        " cast(sum(eligible_count) as int64) as eligible,"
        " cast(sum(delivered_count) as int64) as delivered,"
        " cast(sum(funded_count) as int64) as funded,"
        " cast(sum(offered_count) as int64) as offered from offers.rpt_offer_funnel",
    )
    reasons = rows_of(
        finished_night,
        "select reason_code, count(distinct seller_id || currency_code) as count,"
        " count(distinct case when unit <> 'flag' and relative_distance <= 0.1"
        " then seller_id || currency_code end) as near,"
        " median(case when unit <> 'flag' then relative_distance end) as middle"
        " from offers.fct_eligibility_reasons"
        " where reason_code <> 'SHORT_HISTORY' group by reason_code",
    )

    for step, count in steps.items():
        assert page.figures[f"funnel.{step}"] == str(count)
    assert len(reasons) > 5
    for row in reasons:
        name = f"reasons.{row['reason_code']}"
        assert page.figures[f"{name}.count"] == str(row["count"])
        if row["middle"] is not None:
            middle = float(page.figures[f"{name}.middle_distance_rate"])
            assert pytest.approx(row["middle"]) == middle
            assert page.figures[f"{name}.near_count"] == str(row["near"])


def test_the_book_and_the_risk_are_as_in_the_marts(
    finished_night: Night, page: ReportPage
) -> None:
    """What is outstanding, its buckets, allowance and what is at risk."""
    book = rows_of(
        finished_night,
        "select currency_code, cast(sum(outstanding_minor) as int64)"
        " as outstanding_minor, cast(sum(allowance_minor) as int64) as allowance_minor,"
        " cast(sum(past_plan_180_minor) as int64) as past_plan_180_minor,"
        " cast(sum(open_count) as int64) as open_count"
        " from book.rpt_portfolio_daily group by currency_code",
    )
    risks = rows_of(
        finished_night,
        "select currency_code, cast(sum(at_risk_minor) as int64) as at_risk_minor"
        " from book.fct_early_warnings group by currency_code",
    )

    assert len(book) > 1
    assert risks
    for row in book + risks:
        room = "risk" if "at_risk_minor" in row else "portfolio"
        code = row.pop("currency_code")
        for name, number in row.items():
            assert page.figures[f"{room}.{code}.{name}"] == str(number)


def test_a_good_night_is_green_and_its_money_ties(
    finished_night: Night, page: ReportPage
) -> None:
    """Every section is there; quality, loads and quarantine are what was stored."""
    assert page.figures["glance.status"] == "green"
    assert page.figures["quarantine.count"] == "0"
    for row in rows_of(finished_night, "select * from book.rpt_money_quality"):
        name = f"reconciliation.{row['check_name']}.{row['currency_code']}"
        assert page.figures[f"{name}.checked_count"] == str(row["checked_count"])
        assert page.figures[f"{name}.failed_count"] == "0"
    for row in rows_of(finished_night, "select * from raw.loads"):
        name = f"freshness.{row['table_name']}.loaded_count"
        assert page.figures[name] == str(row["loaded_count"])
    assert "accuracy marts are not built" in page.sections["calibration"]
    assert "No settlement files" in page.sections["reconciliation"]
    assert "no night before" in page.sections["changes"]


def test_sellers_are_chosen_by_rule_and_cards_are_linked(
    finished_night: Night, page: ReportPage
) -> None:
    """The largest offer of each currency has a card; every link leads somewhere."""
    largest = rows_of(
        finished_night,
        "select max_by(seller_id, advance_minor) as seller_id"
        " from offers.fct_advance_offers where state = 'open' group by currency_code",
    )
    cards = [name for name in page.sections if name.startswith("seller-")]
    ids = {found.get("id") for _, found in page.starts}
    links = {found["href"] for tag, found in page.starts if tag == "a"}

    assert len(cards) == 12
    assert {f"seller-{row['seller_id']}" for row in largest} <= set(cards)
    assert {f"#{name}" for name in cards} <= links
    assert {(link or "")[1:] for link in links} <= ids
    count = value_of(
        finished_night, "select count(*) from underwriting.eligibility_decisions"
    )
    assert f"of {count:,} (one a seller and currency)" in page.sections["sellers"]


def test_a_hostile_seller_is_text_on_its_own_card(night: Night) -> None:
    """Its id comes from outside: it is shown in table and card, and runs nowhere."""
    seller = value_of(
        night,
        "select max_by(seller_id, advance_minor) from underwriting.advance_offers",
    )
    hostile = "<script>alert(1)</script>=cmd|''x''"
    tables = rows_of(
        night,
        "select table_schema || '.' || table_name as name"
        " from information_schema.columns join information_schema.tables"
        " using (table_schema, table_name) where column_name = 'seller_id'"
        " and table_type = 'BASE TABLE' and table_schema <> 'raw'",
    )
    change(
        night,
        *(
            f"update {table['name']} set seller_id = '{hostile}'"
            f" where seller_id = '{seller}'"
            for table in tables
        ),
    )

    html = Path(report(night)).read_text("utf-8")
    page = ReportPage(html)

    shown = hostile.replace("''", "'")
    assert "<script>alert" not in html
    assert f"seller-{shown}" in page.sections
    assert shown in page.sections["sellers"]


def test_what_breaks_overnight_is_amber_and_named(night: Night) -> None:
    """A quarantined row and a payout with a residual colour the night."""
    change(
        night,
        "insert into raw.quarantine select ingest_date, 'refunds', 'r1', '<b>s</b>',"
        " null, 'amount too large', 'refunds.csv:7', '=1+1' from raw.loads limit 1",
        "update cash_flow.rpt_payout_reconciliation"
        " set residual_reason = 'lines_missing', residual_minor = 5 where payout_id ="
        " (select min(payout_id) from cash_flow.rpt_payout_reconciliation)",
    )

    page = ReportPage(Path(report(night)).read_text("utf-8"))

    assert page.figures["glance.status"] == "amber"
    assert page.figures["glance.quarantine"] == "amber"
    assert page.figures["quarantine.count"] == "1"
    assert "1 payout with a residual" in page.shown["glance.money"]
    assert "<b>s</b>" in page.sections["quarantine"]


def test_a_night_nobody_decided_on_has_no_page(night: Night) -> None:
    """The message says what to run; nothing is written."""
    other = replace(night, as_of_date=night.as_of_date - timedelta(days=1))

    with pytest.raises(DataError, match="run `advances nightly --as-of 2026-10-30`"):
        report(other)
    assert not Path(address(other)).exists()
    with pytest.raises(DataError, match="no decision about seller 'nobody'"):
        report(night, ["nobody"])
    assert not Path(address(night)).exists()


def test_the_command_writes_the_cards_that_are_asked_for(
    finished_night: Night, tmp_path: Path, show: Callable[[str], None]
) -> None:
    """Two sellers of other currencies, into a folder of reports, quickly and small."""
    first, second = (
        value_of(
            finished_night,
            "select min(seller_id) from underwriting.advance_offers"
            f" where currency_code = '{code}'",
        )
        for code in ("EUR", "JPY")
    )
    words = ["report", "--source", SOURCE, "--seller", first, "--seller", second]
    folder = tmp_path / "reports"
    environment = {
        "ADVANCES_HOME": str(finished_night.settings.home),
        "ADVANCES_REPORTS": str(folder),
    }
    started = time.perf_counter()
    done = CliRunner().invoke(cli, words, env=environment, catch_exceptions=False)
    seconds = time.perf_counter() - started

    (path,) = folder.iterdir()
    page = ReportPage(path.read_text("utf-8"))
    assert done.exit_code == 0
    assert done.stdout == f"Report: {path}\n"
    assert path.name == "report-2026-10-31.html"
    assert [name for name in page.sections if name.startswith("seller-")] == [
        f"seller-{first}",
        f"seller-{second}",
    ]
    assert "手数料" in page.sections[f"seller-{second}"]
    assert path.stat().st_size < 3_000_000
    show(f"report of {SAMPLE.sellers} sellers: {seconds:.1f} s")


def test_an_address_that_is_no_folder_is_written_to(finished_night: Night) -> None:
    """ADVANCES_REPORTS may be any address that fsspec knows."""
    fsspec = pytest.importorskip("fsspec")
    settings = replace(finished_night.settings, reports="memory://bucket/reports/")

    written = report(replace(finished_night, settings=settings))

    assert written == "memory://bucket/reports/report-2026-10-31.html"
    with fsspec.open(written, "r", encoding="utf-8") as file:
        assert "glance.status" in ReportPage(file.read()).figures
