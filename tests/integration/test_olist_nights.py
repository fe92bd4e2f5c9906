"""The nightly run on real marketplace data that nobody here made up."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from nights import night_of, rows_of, value_of
from olist_data import OLIST, needs_olist

from jobs.backtest_policy import Request, backtest_policy
from jobs.build import build
from jobs.explain import explain
from jobs.ingest import ingest
from jobs.night import Night
from jobs.nightly import nightly
from jobs.replay import replay
from jobs.simulate import Asked, as_json, simulate_seller
from jobs.sources.olist import Olist
from jobs.underwriting.policy_statistics import loss_ratio

pytestmark = needs_olist
END_OF_JUNE = date(2018, 6, 30)
STATE_MARTS = (
    "dim_sellers",
    "fct_sales",
    "fct_payouts",
    "fct_seller_cash_flows_daily",
    "fct_seller_cash_flows_weekly",
    "rpt_payout_reconciliation",
    "fct_advances",
    "fct_advance_repayments",
)


def olist_night(home: Path, as_of_date: date) -> Night:
    """Return a night over the real data."""
    return night_of(home, Olist(OLIST), as_of_date)


def input_cents(until: date) -> int:
    """Return the input's sales up to a date in centavos, from its rows alone."""
    rows = pq.read_table(OLIST / "olist_order_items_dataset.parquet")
    end = datetime.combine(until + timedelta(days=1), time.min)
    known = rows.filter(pc.field("shipping_limit_date") < end)
    return sum(round(price * 100) for price in known["price"].to_pylist())


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return the finished night of 2018-06-30, loaded in one go."""
    night = olist_night(tmp_path_factory.mktemp("june"), END_OF_JUNE)
    nightly(night, lambda _step: None)
    return night


def test_sales_equal_the_input_to_the_cent(june: Night) -> None:
    """All sales of fct_sales together are the input's rows up to the night."""
    captured = value_of(
        june, "select sum(captured_minor) as s from cash_flow.fct_sales"
    )

    assert input_cents(END_OF_JUNE) == captured


def test_every_seller_with_sales_is_decided_in_reais(june: Night) -> None:
    """Each seller that sold until the night has one decision, in BRL."""
    sellers = value_of(
        june, "select count(distinct seller_id) as n from cash_flow.fct_sales"
    )
    decided = rows_of(
        june,
        "select count(*) as n, count(distinct seller_id) as sellers,"
        " min(currency_code) as low, max(currency_code) as high"
        " from offers.fct_eligibility_decisions",
    )

    assert [{"n": sellers, "sellers": sellers, "low": "BRL", "high": "BRL"}] == decided
    assert value_of(june, "select count(*) as n from offers.fct_advance_offers") > 0


def test_real_sellers_are_replayed_explained_and_simulated(
    june: Night, show: Callable[[str], None]
) -> None:
    """To the bit, with fees that add up to the cent, at the price of the offer."""
    replayed = replay(june)
    assert replayed.differences == ()
    (offer,) = rows_of(
        june,
        "select * from underwriting.advance_offers"
        " order by advance_minor desc, offer_id limit 1",
    )
    (account,) = explain(june, offer["seller_id"], "BRL").accounts
    (tier,) = (
        tier
        for tier in account.tiers
        if tier.target_term_days == offer["target_term_days"]
    )
    assert tier.fee_parts is not None
    assert sum(tier.fee_parts.values()) == offer["fee_minor"]
    amount = format(Decimal(offer["advance_minor"]).scaleb(-2), "f")
    asked = Asked(offer["seller_id"], amount, "BRL", offer["target_term_days"], None)
    simulated = as_json(simulate_seller(june, asked))
    assert simulated["fee_minor"] == offer["fee_minor"]
    show(f"{replayed.row_count:,} rows of a night of real sellers replayed alike")


def test_nothing_is_dated_later_anywhere(june: Night) -> None:
    """No date or time anywhere is after the night, but for an offer's last day."""
    columns = rows_of(
        june,
        "select table_schema, table_name, column_name from information_schema.columns"
        " where (data_type like 'TIMESTAMP%' or data_type = 'DATE')"
        # The calendar is known for years ahead.
        " and table_name <> 'sales_events'"
        # A window ends as the next day begins; an offer is valid into the future.
        " and column_name not in ('window_end_at', 'expires_date')",
    )

    assert len(columns) > 30
    for column in columns:
        newest = value_of(
            june,
            f"select max(cast({column['column_name']} as date)) as newest"
            f" from {column['table_schema']}.{column['table_name']}",
        )
        assert newest is None or newest <= END_OF_JUNE, column


def test_the_whole_of_it_less_the_quarantined_lines(tmp_path: Path) -> None:
    """By October 2018 all is loaded but the four lines dated 2020, each listed."""
    night = olist_night(tmp_path, date(2018, 10, 31))

    ingest(night)
    build(night, "cash_flow")
    broken = rows_of(night, "select row_key, reason, origin from raw.quarantine")
    captured = value_of(
        night, "select sum(captured_minor) as s from cash_flow.fct_sales"
    )

    assert len(broken) == 4
    assert all("captured_at 2020-0" in row["reason"] for row in broken)
    assert captured == 1_359_164_370 - (7_599 + 6_999 + 9_999 + 9_999)


def test_thirty_nights_end_like_one_load(
    june: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty consecutive nights leave the same marts as one load of the last."""
    # The tests of the marts, half of the time, run on the first and the last night.
    for day in range(1, 31):
        left_out = "test unit_test" if 1 < day < 30 else "unit_test"
        monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", left_out)
        night = olist_night(tmp_path, date(2018, 6, day))
        ingest(night)
        build(night, "cash_flow")

    for mart in STATE_MARTS:
        query = f"select * from cash_flow.{mart} order by all"
        assert rows_of(june, query) == rows_of(night, query), mart
    health = (
        "select * from cash_flow.fct_seller_health_daily"
        " where as_of_date = '2018-06-30' order by all"
    )
    assert rows_of(june, health) == rows_of(night, health)
    assert (
        value_of(
            night,
            "select count(distinct as_of_date) as n"
            " from cash_flow.fct_seller_health_daily",
        )
        == 30
    )


def test_the_policy_loses_less_than_rules_of_thumb(
    june: Night, show: Callable[[str], None]
) -> None:
    """On real sellers, at six origins and equal volume."""
    last = END_OF_JUNE - timedelta(days=126)
    days = [last - timedelta(days=7 * back) for back in reversed(range(6))]
    request = Request(None, None, None, days, (90,), None, None)
    (result,) = backtest_policy(request, lambda: june, lambda _line: None)

    ratio = loss_ratio(result.ours, result.opponent)
    funded = result.ours.is_funded
    hit = float(result.ours.is_repaid[funded].mean())
    show(f"90 days: loss {ratio:.2f} of the best rule's, {hit:.3f} repaid by the term")
    assert funded.sum() > 150
    assert ratio < 1
    assert result.tier.confidence_rate - 0.03 <= hit
