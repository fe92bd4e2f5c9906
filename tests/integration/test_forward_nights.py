"""A night that adds to the marts leaves them as a build of all history would."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from nights import change, night_of, rows_of, value_of

from jobs.build import BuildError, build
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.ingest import ingest
from jobs.night import Night
from jobs.price import price
from jobs.sources.catalogue import SampleSource
from jobs.sources.protocol import DataError
from jobs.sources.sample import Sample

# Its nights end on a Saturday.
SAMPLE = Sample(sellers=60, days=400, seed=3)
STATE = (
    "dim_sellers",
    "fct_advance_changes",
    "fct_advance_repayments",
    "fct_advances",
    "fct_payouts",
    "fct_sales",
    "fct_seller_cash_flows_daily",
    "fct_seller_cash_flows_weekly",
    "fct_seller_gates",
    "fct_seller_health_daily",
    "fct_seller_trailing_sales",
    "fct_seller_unusual_sales_daily",
    "rpt_advance_faults",
    "rpt_payout_reconciliation",
)
#: Versions that come late, of rows that moved: what is new in each, and which row.
LATE = {
    # A line to another day, to another payout, seller and currency, and back in time
    # before all others of its seller; one whose amount was wrong for a year.
    "balance_transactions": {
        "occurred_at = occurred_at + interval 40 day": "kind = 'sale' and {nth} = 3",
        "payout_id = 'unheard_of'": "kind = 'refund' and {nth} = 2",
        "payout_id = null": "kind = 'sale' and {nth} = 70",
        "seller_id = 'newcomer', currency_code = 'JPY'": "kind = 'sale' and {nth} = 9",
        "occurred_at = '2024-02-29 12:00:00'": "kind = 'commission' and {nth} = 200",
        "amount_minor = amount_minor + 1": "kind = 'commission' and {nth} = 20",
    },
    "order_items": {
        "ordered_at = ordered_at - interval 30 day": "{nth} = 11",
        "gross_minor = gross_minor + 5": "{nth} = 1",
        "status = 'cancelled', captured_at = null": "{nth} = 100",
    },
    "payouts": {
        "status = 'failed', paid_at = null": "{nth} = 5",
        "seller_id = 'newcomer', currency_code = 'JPY'": "{nth} = 6",
        "period_end_date = period_end_date + 1": "{nth} = 7",
        "amount_minor = amount_minor + 7": "{nth} = 80",
    },
    "refunds": {"amount_minor = amount_minor + 3": "{nth} = 4"},
    "advance_repayments": {"amount_minor = -5": "{nth} = 2"},
}


def on(night: Night, days: int) -> Night:
    """Return the night some days after this one."""
    return replace(night, as_of_date=night.as_of_date + timedelta(days=days))


@pytest.fixture
def thursday(tmp_path: Path) -> Night:
    """Return a night ten days before the sample's end whose marts are built."""
    source = SampleSource(SAMPLE, tmp_path)
    night = night_of(tmp_path, source, SAMPLE.end_date - timedelta(days=9))
    ingest(night)
    build(night, "cash_flow")
    return night


def late_versions(night: Night) -> list[str]:
    """Return statements that add late versions of rows of different keys."""
    statements = []
    for table, changes in LATE.items():
        key = table.removesuffix("s") + "_id"
        for new, which in changes.items():
            columns = ", ".join(
                f"{value} as {name}"
                for name, value in (one.split(" = ") for one in new.split(", "))
            )
            nth = f"dense_rank() over (order by {key})"
            newest = f"row_number() over (partition by {key} order by updated_at desc)"
            kind = which.partition(" and ")[0] if " and " in which else "true"
            number = which.rpartition(" = ")[2]
            statements.append(
                f"insert into raw.{table} select * replace ({columns},"
                f" timestamp '{night.as_of_date} 20:00:00' as updated_at,"
                f" date '{night.as_of_date}' as ingest_date) from raw.{table}"
                f" where {kind} and updated_at < '2026-06-01'"
                f" qualify {nth} = {number} and {newest} = 1"
            )
    return statements


def state_of(night: Night) -> dict[str, list[dict[str, object]]]:
    """Return every row of the night's marts."""
    nights = ("fct_seller_health_daily", "fct_seller_unusual_sales_daily")
    return {
        mart: rows_of(
            night,
            f"select * from cash_flow.{mart}"
            + (f" where as_of_date = '{night.as_of_date}'" if mart in nights else "")
            + " order by all",
        )
        for mart in STATE
    }


def test_late_and_moved_rows_leave_what_a_full_build_makes(
    thursday: Night, show: Callable[[str], None]
) -> None:
    """Two nights that add, with rows that moved on every side, equal starting over."""
    saturday, tuesday = on(thursday, 2), on(thursday, 5)
    for night, versions in ((saturday, late_versions(saturday)), (tuesday, [])):
        ingest(night)
        change(night, *versions)
        build(night, "cash_flow")

    added = state_of(tuesday)
    change(tuesday, "delete from cash_flow.rpt_built_night")
    build(tuesday, "cash_flow")
    made = state_of(tuesday)
    assert all(made.values())
    for mart in STATE:
        assert made[mart] == added[mart], mart
    moved = "select count(*) from cash_flow.{} where seller_id = 'newcomer'"
    assert value_of(tuesday, moved.format("fct_seller_cash_flows_weekly")) > 20
    assert value_of(tuesday, moved.format("fct_payouts")) == 1
    show(f"{sum(map(len, made.values())):,} rows of {len(STATE)} marts are the same")


def test_marts_do_not_go_forward_from_a_night_that_is_loaded_again(
    thursday: Night,
) -> None:
    """Loading a later night leaves the start alone; loading the built one takes it."""
    built = "select as_of_date from cash_flow.rpt_built_night"
    ingest(on(thursday, 2))
    assert thursday.as_of_date == value_of(thursday, built)
    ingest(thursday)
    assert rows_of(thursday, built) == []


@pytest.mark.parametrize(
    "other",
    [
        "update cash_flow.rpt_built_night set project_version = 'other'",
        "alter table cash_flow.rpt_built_night drop column project_version",
    ],
)
def test_marts_of_another_project_start_over(thursday: Night, other: str) -> None:
    """Nothing is added to what another version of the project made."""
    change(
        thursday,
        other,
        "drop table staging.stg_changed_lines",
        "alter table intermediate.int_payout_lines drop column last_ingest_date",
    )
    saturday = on(thursday, 2)
    ingest(saturday)
    build(saturday, "cash_flow")
    counted = "select count(last_ingest_date) = count(*) from intermediate.{}"
    assert value_of(saturday, counted.format("int_payout_lines"))


def test_a_table_with_other_columns_fails_or_gets_them(thursday: Night) -> None:
    """A column nobody knows stops the night; health gets one that its model got."""
    health = "cash_flow.fct_seller_health_daily"
    change(
        thursday,
        "alter table cash_flow.fct_sales add column extra bigint",
        f"alter table {health} drop column refund_rate",
        f"alter table {health} add column once_there bigint",
    )
    friday, saturday = on(thursday, 1), on(thursday, 2)
    ingest(friday)
    with pytest.raises(BuildError, match="fct_sales and its model do not share: extra"):
        build(friday, "cash_flow")
    assert rows_of(friday, "select * from cash_flow.rpt_built_night") == []
    build(friday, "cash_flow")
    assert value_of(friday, f"select count(refund_rate) from {health}") > 0
    # What its model no longer has stays, and holds up no night.
    ingest(saturday)
    build(saturday, "cash_flow")
    assert value_of(saturday, f"select count(once_there) from {health}") == 0


def test_another_project_is_read_and_its_contracts_are_asked(
    thursday: Night, tmp_path: Path
) -> None:
    """A column of another type than its contract says stops the first night with it."""
    project = tmp_path / "project"
    shutil.copytree(thursday.settings.dbt_project, project)
    friday = replace(
        on(thursday, 1), settings=replace(thursday.settings, dbt_project=project)
    )
    contract = project / "models" / "marts" / "cash_flow" / "dim_sellers.yml"
    right = contract.read_text("utf-8")
    ingest(friday)

    contract.write_text(right.replace("data_type: string", "data_type: int64", 1))
    with pytest.raises(BuildError, match="has an enforced contract that failed"):
        build(friday, "cash_flow")
    contract.write_text(right)
    assert build(friday, "cash_flow") > 0


def test_old_faults_are_found_on_sunday_and_mended_after(thursday: Night) -> None:
    """Other nights ask of what they change; after a failed build all is made anew."""
    saturday, sunday = on(thursday, 2), on(thursday, 3)
    change(
        thursday,
        "update cash_flow.fct_seller_cash_flows_daily"
        " set captured_minor = captured_minor + 1 where flow_date = '2026-01-15'",
    )
    for night in (saturday, sunday):
        ingest(night)
    assert build(saturday, "cash_flow") > 0

    with pytest.raises(DataError, match="balances_tie_fct_seller_cash_flows_daily"):
        build(sunday, "cash_flow")
    build(sunday, "cash_flow")
    assert value_of(sunday, "select is_tested from cash_flow.rpt_built_night")


def test_a_night_after_an_untested_one_asks_of_everything(
    thursday: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a night without tests left is not taken as asked."""
    friday, saturday = on(thursday, 1), on(thursday, 2)
    with monkeypatch.context() as patch:
        patch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")
        ingest(friday)
        build(friday, "cash_flow")
    change(
        friday,
        "insert into cash_flow.fct_sales select * from cash_flow.fct_sales"
        " order by ordered_at, order_item_id limit 1",
    )
    ingest(saturday)

    with pytest.raises(DataError, match="unique_grain_fct_sales"):
        build(saturday, "cash_flow")


def test_row_groups_of_nights_are_merged_on_sunday(thursday: Night) -> None:
    """Other nights leave what they add to a table as row groups of their own."""
    row_groups = (
        "select count(distinct row_group_id)"
        " from pragma_storage_info('raw.balance_transactions')"
    )
    counts = [value_of(thursday, row_groups)]
    for days in (1, 2, 3):
        night = on(thursday, days)
        ingest(night)
        build(night, "cash_flow")
        counts.append(value_of(night, row_groups))

    at_first, friday, saturday, sunday = counts
    assert at_first < friday < saturday
    assert sunday < saturday


def test_offers_of_nights_that_passed_are_asked_when_all_are(thursday: Night) -> None:
    """Other nights ask of what they write themselves, which never changes again."""
    forecast_fit(thursday)
    forecast_predict(thursday, Share())
    decide(thursday)
    price(thursday)
    build(thursday, "offers")
    reasons = "{schema}.{table} select * replace (date '{day}' as as_of_date) from"
    reasons += " {schema}.{table} order by all limit 1"
    old = {"schema": "offers", "table": "fct_eligibility_reasons", "day": "2026-01-01"}
    change(thursday, *["insert into " + reasons.format(**old)] * 2)

    friday, saturday = on(thursday, 1), on(thursday, 2)
    build(friday, "offers")
    audited = "select as_of_date from offers.rpt_audited_night"
    assert friday.as_of_date == value_of(friday, audited)
    change(friday, "create table main.mark as select * from offers.rpt_audited_night")
    mark = "offers.rpt_audited_night"
    new = {"schema": "underwriting", "table": "eligibility_reasons"}
    new_fault = "insert into " + reasons.format(**new, day=saturday.as_of_date)
    for night, *spoilt in (
        (saturday, f"update {mark} set is_tested = false"),
        (saturday, f"update {mark} set project_version = 'other'"),
        (saturday, f"delete from {mark}"),
        (on(thursday, 3),),
        (on(thursday, 4),),  # No night was built on Sunday.
        (saturday, "delete from offers.fct_eligibility_reasons", new_fault, new_fault),
    ):
        change(
            friday,
            f"delete from {mark}",
            f"insert into {mark} select * from main.mark",
            *spoilt,
        )
        with pytest.raises(DataError, match="unique_grain_fct_eligibility_reasons"):
            build(night, "offers")
