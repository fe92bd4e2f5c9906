"""The bust-out guard in a night: found by decide, applied by price, shown."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from nights import rows_of

from jobs.console import console
from jobs.decide import decide
from jobs.night import Night
from jobs.nightly import summarise
from jobs.price import price
from jobs.settings import Settings
from jobs.terminal import print_summary

_LARGEST = (
    "select seller_id, max(offered_advance_minor) as advance_minor,"
    " string_agg(distinct outcome) as outcomes"
    " from underwriting.offer_evaluations group by seller_id"
)


@pytest.fixture
def night(finished_night: Night, tmp_path: Path) -> Night:
    """Return a copy of the finished night that may be written to."""
    home = tmp_path / "home"
    shutil.copytree(
        finished_night.workspace,
        home / finished_night.source.name,
        ignore=shutil.ignore_patterns("history", "landed"),
    )
    return replace(finished_night, settings=Settings(home=home))


def forecast_before(night: Night, share_percent: int) -> list[str]:
    """Store as the forecast of 28 days ago that share of tonight's.

    Return a seller in EUR and one in JPY who are offered something and have items.
    """
    past_date = night.as_of_date - timedelta(days=28)
    with night.warehouse() as warehouse:
        columns = warehouse.query("describe underwriting.forecast_quantiles")
        scaled = [
            f"{name} * {share_percent} // 100 as {name}"
            for name in columns["column_name"].to_pylist()
            if name.startswith("quantile_")
        ]
        warehouse.query(
            "insert into underwriting.forecast_quantiles"
            f" select * replace (date '{past_date}' as as_of_date, {', '.join(scaled)})"
            " from underwriting.forecast_quantiles"
            " where model_version = $model_version",
            model_version=night.versions["model_version"],
        )
    return [
        row["seller_id"]
        for row in rows_of(
            night,
            "select currency_code, min(seller_id) as seller_id"
            " from underwriting.advance_offers"
            " inner join cash_flow.fct_seller_unusual_sales_daily"
            " using (seller_id, currency_code)"
            " where currency_code in ('EUR', 'JPY') and item_28_days_count >= 10"
            " and 2 * best_3_days_minor < captured_28_days_minor"
            " group by currency_code order by currency_code",
        )
    ]


def test_a_night_limits_a_surge_and_holds_an_odd_one(night: Night) -> None:
    """Sales above the band get less; with dear items as well a person looks first."""
    before = {row["seller_id"]: row for row in rows_of(night, _LARGEST)}
    surged, odd = forecast_before(night, 20)
    with night.warehouse() as warehouse:
        warehouse.query(
            "update cash_flow.fct_seller_unusual_sales_daily"
            " set item_before_count = 100 * item_before_count where seller_id = $odd",
            odd=odd,
        )

    decide(night)
    price(night)

    after = {row["seller_id"]: row for row in rows_of(night, _LARGEST)}
    found = {
        row["seller_id"]: row
        for row in rows_of(night, "select * from underwriting.guard_findings")
    }
    assert found[surged]["verdict"] == "limit"
    assert after[surged]["advance_minor"] < before[surged]["advance_minor"]
    assert found[odd]["verdict"] == "review"
    names = [each["name"] for each in json.loads(found[odd]["evidence"])]
    assert names[:2] == ["repayable_28_days_minor", "ticket_ratio"]
    assert (after[odd]["advance_minor"], after[odd]["outcomes"]) == (0, "review")
    assert all(
        before[seller_id]["outcomes"] == after[seller_id]["outcomes"]
        for seller_id in before.keys() - found.keys()
    )
    summary = summarise(night)
    assert summary.held_count >= 1
    with console.capture() as printed:
        print_summary(night, summary, {})
    assert f"Unusual sales: {summary.held_count} sellers held" in printed.get()


def test_says_so_where_nothing_was_forecast(night: Night) -> None:
    """A first night has nothing to compare with, and finds nothing."""
    said: list[str] = []

    decide(replace(night, say=said.append))

    assert said == [
        "Unusual sales were not looked for: no forecasts of 2026-10-03 are stored"
    ]
    assert rows_of(night, "select * from underwriting.guard_findings") == []
