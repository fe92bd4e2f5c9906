"""The whole night on BigQuery's stand-in: the same offers, SQL that reads little."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import kill_at
import pandas as pd
import psycopg
import pytest
import sqlglot
from bigquery_standin import Standin
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery as bigquery_client
from guide import guide_queries
from kill_at import POINTS
from nights import night_of, rows_of
from notebook_runs import NOTEBOOKS, outputs_of
from postgres_server import Postgres
from sqlglot import exp

from jobs.ingest import RAW_TABLES
from jobs.night import Night
from jobs.sources.catalogue import SampleSource
from jobs.sources.sample import Sample

SAMPLE = Sample(sellers=500, days=400, seed=5)
SOURCE = f"sample:sellers={SAMPLE.sellers},days={SAMPLE.days},seed={SAMPLE.seed}"
NIGHTS = (SAMPLE.end_date - timedelta(days=1), SAMPLE.end_date)
#: All that was decided and all that was true, by schema.
COMPARED = {
    "underwriting": (
        "forecast_quantiles",
        "eligibility_decisions",
        "eligibility_reasons",
        "offer_evaluations",
        "advance_offers",
        "offer_disclosures",
        "open_offers",
        "offer_changes",
        "policies",
        "watch_findings",
        "advance_days",
        "journal_entries",
        "repayment_differences",
        "repayment_checks",
        "advance_gates",
        "early_warnings",
    ),
    "book": (
        "fct_advance_schedule",
        "fct_journal_entries",
        "rpt_advances",
        "rpt_money_quality",
        "rpt_portfolio_daily",
        "rpt_vintages",
    ),
    "offers": (
        "fct_advance_offers",
        "fct_offer_changes",
        "fct_offer_disclosures",
        "fct_eligibility_decisions",
        "fct_eligibility_reasons",
        "rpt_offer_funnel",
    ),
    "cash_flow": (
        "dim_sellers",
        "fct_sales",
        "fct_payouts",
        "fct_seller_cash_flows_daily",
        "fct_seller_cash_flows_weekly",
        "fct_seller_health_daily",
        "fct_seller_unusual_sales_daily",
        "fct_advances",
        "fct_advance_changes",
        "fct_advance_repayments",
        "fct_seller_gates",
        "rpt_payout_reconciliation",
    ),
}
#: The tables loaded by a command that is killed.
LOADED = ("sellers", "order_items", "payouts")
#: The tables that grow with history, and the column each is partitioned by.
BIG = {
    "order_items": "ingest_date",
    "balance_transactions": "ingest_date",
    "payouts": "ingest_date",
    "stg_order_items": "ordered_date",
    "stg_balance_transactions": "occurred_date",
    "stg_payouts": "period_end_date",
    "fct_payouts": "period_end_date",
    "fct_sales": "ordered_date",
    "fct_seller_cash_flows_daily": "flow_date",
    "stg_forecast_quantiles": "as_of_date",
}
#: What each incremental model reads of them on a second night, and writes into.
BIG_READS = {
    "stg_order_items": {"order_items", "stg_order_items"},
    "stg_balance_transactions": {"balance_transactions", "stg_balance_transactions"},
    "stg_payouts": {"payouts", "stg_payouts"},
    "stg_refunds": set(),
    "int_payout_lines": {"stg_balance_transactions"},
    "fct_payouts": {"stg_payouts", "fct_payouts"},
    "rpt_payout_reconciliation": {"fct_payouts"},
    "fct_sales": {"stg_order_items", "fct_sales"},
    "fct_seller_cash_flows_daily": {
        "stg_balance_transactions",
        "fct_seller_cash_flows_daily",
    },
    "fct_seller_cash_flows_weekly": {"fct_seller_cash_flows_daily"},
    "fct_seller_health_daily": set(),
    "fct_seller_unusual_sales_daily": {"fct_seller_cash_flows_daily"},
    "fct_eligibility_decisions": set(),
    "fct_eligibility_reasons": set(),
    "fct_offer_changes": set(),
    "fct_offer_disclosures": set(),
    "fct_forecast_outcomes": {"stg_forecast_quantiles", "fct_seller_cash_flows_daily"},
    "rpt_forecast_accuracy": set(),
    "fct_advance_gates": set(),
    "fct_advance_schedule": set(),
    "fct_early_warnings": set(),
    "fct_journal_entries": set(),
    "fct_repayment_differences": set(),
    "rpt_money_quality": set(),
    "rpt_portfolio_daily": set(),
}


def run(night: Night, as_of_date: date, environment: dict[str, str]) -> None:
    """Run one night, and the week's build of accuracy, by the command line."""
    for words in (("nightly",), ("build", "--part", "accuracy")):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "jobs", *words, "--as-of", str(as_of_date)),
                *("--source", SOURCE),
            ],
            env=os.environ | {"ADVANCES_HOME": str(night.settings.home)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def contents(night: Night) -> dict[str, tuple[int, str]]:
    """Return the row count of every compared table and a hash of its rows."""
    found = {}
    with night.warehouse() as warehouse:
        for schema, names in COMPARED.items():
            for name in names:
                rows = warehouse.query(f"select * from {schema}.{name}")
                frame = rows.select(sorted(rows.column_names)).to_pandas()
                digest = pd.util.hash_pandas_object(frame, index=False).sum()
                found[f"{schema}.{name}"] = (len(frame), f"{digest:016x}")
    return found


def test_two_nights_are_the_same_in_both_warehouses(
    bigquery: Standin,
    postgres: Postgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    show: Callable[[str], None],
) -> None:
    """500 sellers, two nights and the first again: each row of each table is equal."""
    embedded = night_of(
        tmp_path / "duckdb", SampleSource(SAMPLE, tmp_path / "duckdb"), NIGHTS[1]
    )
    product = "ADVANCES_PRODUCT_DATABASE"
    products = [postgres.create_database(), postgres.create_database()]
    for as_of_date in NIGHTS:
        run(embedded, as_of_date, {product: products[0]})
    expected = contents(embedded)
    environment = {**bigquery.environment(), product: products[1]}
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    home = tmp_path / "bigquery"
    home.mkdir()
    (embedded.workspace / "history").rename(home / "history")
    (home / embedded.source.name).mkdir()
    (home / "history").rename(home / embedded.source.name / "history")
    night = night_of(home, SampleSource(SAMPLE, home), NIGHTS[1])
    for as_of_date in NIGHTS:
        run(night, as_of_date, environment)

    found = contents(night)
    assert all(count for count, _ in expected.values())
    assert found == expected
    for name in ("underwriting.advance_offers", "underwriting.eligibility_decisions"):
        count, digest = found[name]
        show(f"{name}: {count:,} rows, hash {digest} on DuckDB and on BigQuery")
    shown = published(products[1])
    assert shown == published(products[0])
    show(f"{len(shown) - 2} offers published from each warehouse are equal")
    _every_fact_is_laid_out_by_day(bigquery, night, show)
    _every_job_is_labelled_and_bounded(bigquery, night, show)
    _every_model_is_bigquery_sql(night)
    _a_second_night_reads_partitions(night, show)
    _the_guide_says_the_same(embedded, night, show)
    _notebooks_run(show)

    # The tests of the marts have passed in both twice.
    untested = {"DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test"}
    before = offers_of(night, NIGHTS[0])
    run(night, NIGHTS[0], environment | untested)
    run(
        embedded,
        NIGHTS[0],
        {"ADVANCES_WAREHOUSE": "duckdb", product: products[0], **untested},
    )
    assert before == offers_of(night, NIGHTS[0])
    monkeypatch.delenv("ADVANCES_WAREHOUSE")
    again = night_of(tmp_path / "duckdb", embedded.source, NIGHTS[0])
    kept = contents(again)
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    assert contents(night_of(home, night.source, NIGHTS[0])) == kept
    assert published(products[1]) == shown
    show(f"{NIGHTS[0]} again on BigQuery: {before}, as before; every mart as on DuckDB")


def offers_of(night: Night, as_of_date: date) -> str:
    """Return the count and hash of one night's offers."""
    with night.warehouse() as warehouse:
        rows = warehouse.query(
            "select * from underwriting.advance_offers where as_of_date = $as_of_date",
            as_of_date=as_of_date,
        ).to_pandas()
    assert len(rows)
    digest = pd.util.hash_pandas_object(rows, index=False).sum()
    return f"{len(rows):,} offers, hash {digest:016x}"


def published(product: str) -> list[tuple[Any, ...]]:
    """Return every publication and every offer that a product shows."""
    with psycopg.connect(product) as connection:
        records = connection.execute(
            "select as_of_date, open_count, offers_hash"
            " from seller_advances.publications order by 1"
        ).fetchall()
        offers = connection.execute(
            "select to_jsonb(offers)::text from seller_advances.offers"
            " order by offer_id"
        ).fetchall()
    assert len(records) == len(NIGHTS)
    return [*records, *offers]


def client_of(standin: Standin, night: Night) -> bigquery_client.Client:
    """Return Google's client, to look at tables and jobs as an administrator does."""
    return bigquery_client.Client(
        night.settings.bigquery_project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": standin.endpoint},
    )


def _every_fact_is_laid_out_by_day(
    standin: Standin, night: Night, show: Callable[[str], None]
) -> None:
    """Find a partition a day with sellers together; raw refuses to be read whole."""
    client = client_of(standin, night)
    facts = [
        client.get_table(table.reference)
        for schema in ("cash_flow", "offers", "book")
        for table in client.list_tables(schema)
        if table.table_id.startswith("fct_")
    ]
    assert len(facts) >= 10
    for fact in facts:
        assert fact.time_partitioning.type_ == "DAY", fact.table_id
        assert fact.clustering_fields == ["seller_id"], fact.table_id
        assert fact.description, fact.table_id
        assert all(field.description for field in fact.schema), fact.table_id
    for name in RAW_TABLES:
        assert client.get_table(f"raw.{name}").require_partition_filter, name
    show(f"{len(facts)} facts are partitioned by day and clustered by seller")


def _the_guide_says_the_same(
    embedded: Night, night: Night, show: Callable[[str], None]
) -> None:
    """Each query of the analyst's guide, as it stands on the page, finds equal rows."""
    counts = []
    for number, sql in guide_queries().items():
        expected, found = (
            sorted(
                [str(value) for value in _as_number(row)] for row in rows_of(each, sql)
            )
            for each in (embedded, night)
        )
        assert found == expected, number
        counts.append(len(found))
    assert sum(bool(count) for count in counts) >= 8
    show(f"the guide's {len(counts)} queries find {counts} rows in both warehouses")


def _as_number(row: dict[str, Any]) -> list[Any]:
    """Return the values of a row; DuckDB adds up whole numbers to decimals."""
    return [
        int(value) if isinstance(value, Decimal) else value for value in row.values()
    ]


def _notebooks_run(show: Callable[[str], None]) -> None:
    """Run the notebooks with the most SQL, which need the setting alone."""
    for path in NOTEBOOKS:
        if path.name[:2] in {"01", "03"}:
            assert outputs_of(path)["image/png"] >= 3
            show(f"{path.name} runs on BigQuery")


def _every_job_is_labelled_and_bounded(
    standin: Standin, night: Night, show: Callable[[str], None]
) -> None:
    """Each job tells command, night and policy; each query has a limit of bytes."""
    jobs = list(client_of(standin, night).list_jobs(max_results=1000))
    names = {"command", "as_of_date", "policy_version"}
    assert len(jobs) > 200
    unlabelled = [job for job in jobs if not names <= set(job.labels)]
    # dbt labels its queries, not the loads of its seeds.
    assert {"sales_events"} >= {job.destination.table_id for job in unlabelled}
    assert {"load"} >= {job.job_type for job in unlabelled}
    queries = [job for job in jobs if job.job_type == "query"]
    limit = night.settings.bigquery_maximum_bytes_billed
    assert {limit} == {job.maximum_bytes_billed for job in queries}
    commands = sorted({job.labels["command"] for job in jobs if job not in unlabelled})
    # dbt runs hooks outside a transaction on DuckDB alone; this one must run here too.
    forgotten = [
        job
        for job in queries
        if job.labels["command"] == "build"
        and "delete from `" in job.query
        and "rpt_built_night" in job.query
    ]
    assert len(forgotten) >= len(NIGHTS) - 1
    show(f"{len(jobs)} jobs carry their labels (commands {', '.join(commands)})")


def _every_model_is_bigquery_sql(night: Night) -> None:
    """Whatever the stand-in forgives, BigQuery's own grammar must take."""
    compiled = sorted((night.workspace / "dbt" / "compiled").rglob("*.sql"))
    assert len(compiled) > 60
    for path in compiled:
        assert sqlglot.parse_one(path.read_text("utf-8"), dialect="bigquery"), path


def _a_second_night_reads_partitions(night: Night, show: Callable[[str], None]) -> None:
    """Each incremental model that was run again reads big tables by literal dates."""
    target = night.workspace / "dbt"
    models = [
        path.stem
        for path in (night.settings.dbt_project / "models").rglob("*.sql")
        if "materialized='incremental'" in path.read_text("utf-8")
    ]
    assert set(models) == set(BIG_READS)
    for model in models:
        # What is selected, and how it is put into the table.
        paths = sorted(target.glob(f"*/seller_advances/**/{model}.sql"))
        assert [path.relative_to(target).parts[0] for path in paths] == [
            "compiled",
            "run",
        ]
        statements = [
            statement
            for path in paths
            for statement in sqlglot.parse(path.read_text("utf-8"), dialect="bigquery")
        ]
        # What it wrote itself is no input; it starts from the balances in there.
        reads = [
            read
            for one in statements
            if one
            for read in big_reads(one)
            if read[0] != model or isinstance(one, exp.Merge)
        ]
        unbounded = sorted({name for name, is_bounded in reads if not is_bounded})
        assert unbounded == [], model
        assert {name for name, _ in reads} == BIG_READS[model], model
        names = ", ".join(sorted(BIG_READS[model])) or "no big table"
        show(f"second night of {model} reads by partition: {names}")


def big_reads(statement: exp.Expression) -> list[tuple[str, bool]]:
    """Return each big table that is read, and whether literal dates bound it."""
    found = []
    for table in statement.find_all(exp.Table):
        # A name without its dataset is an expression of the query itself.
        if table.name not in BIG or not table.db:
            continue
        found.append((table.name, _is_bounded(table, BIG[table.name])))
    return found


def _is_bounded(table: exp.Table, column: str) -> bool:
    """Tell whether a literal date limits the column from below, or lists its days."""
    scope = table.find_ancestor(exp.Select, exp.Merge, exp.Delete)
    conditions = [scope.args.get(name) for name in ("where", "on")] if scope else []
    for condition in filter(None, conditions):
        for comparison in condition.find_all(exp.GTE, exp.GT, exp.EQ, exp.In):
            named = comparison.this
            if not isinstance(named, exp.Column) or named.name != column:
                continue
            if named.table not in {"", table.alias_or_name}:
                continue
            others = comparison.args.get("expressions") or [comparison.expression]
            if all(isinstance(it, exp.Cast) and it.this.is_string for it in others):
                return True
    return False


@pytest.mark.parametrize("point", [name for name in POINTS if "BigQuery" in name])
def test_a_killed_load_leaves_all_or_nothing(
    bigquery: Standin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    show: Callable[[str], None],
    point: str,
) -> None:
    """Staged rows are nobody's until the transaction; the command again is enough."""
    sample = Sample(sellers=60, days=400, seed=3)
    environment = {**bigquery.environment(), "ADVANCES_HOME": str(tmp_path)}
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    night = night_of(tmp_path, SampleSource(sample, tmp_path), sample.end_date)

    def ingest(*words: str) -> int:
        arguments = ["--source", "sample:sellers=60,days=400,seed=3"]
        arguments += [word for name in LOADED for word in ("--table", name)]
        done = subprocess.run(
            [sys.executable, *words, *arguments],
            env=os.environ | environment,
            capture_output=True,
            check=False,
        )
        return done.returncode

    assert ingest(kill_at.__file__, point, "ingest") == -9
    between = _raw_rows(night)
    assert ingest("-m", "jobs", "ingest") == 0
    after = _raw_rows(night)

    assert between in (dict.fromkeys(LOADED, (0, 0)), after)
    assert all(rows == keys for rows, keys in after.values())
    delivered = {
        name: len(
            pd.read_parquet(night.settings.home / night.source.name / "history" / name)
        )
        for name in LOADED
    }
    assert {name: rows for name, (rows, _) in after.items()} == delivered
    seen = "as before" if between != after else "as after"
    total = sum(rows for rows, _ in after.values())
    show(f"killed at {point}: {seen}; run again: {total:,} rows, 0 doubled, 0 lost")


def _raw_rows(night: Night) -> dict[str, tuple[int, int]]:
    """Return the count of rows and of different keys in every raw table."""
    with night.warehouse() as warehouse:
        return {
            name: tuple(
                warehouse.query(
                    "select count(*) as row_count, count(distinct concat("
                    f"{table.key[0]}, cast(updated_at as string))) as key_count"
                    f" from {table.address} where ingest_date >= '2000-01-01'"
                )
                .to_pylist()[0]
                .values()
            )
            for name, table in RAW_TABLES.items()
            if name in LOADED
        }
