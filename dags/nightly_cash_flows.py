"""Load what the marketplace changed, and build what happened.

Every night at 02:00 UTC, for the day that has just ended (the partition key): load what
changed at the marketplace, one task a table, then build and test the marts of what
happened. The asset `cash_flows` carries the night on to `nightly_offers`. In a backfill
the marts wait for the offers of the night before, because they know one night only.

A table that the source does not deliver is a task with nothing to do. A night that is
run again replaces what it wrote.
"""

from airflow.sdk import DAG, CronPartitionTimetable

from dag_kit import CASH_FLOWS, NIGHT, AdvancesOperator, RunsOverSensor, Tag

#: The tables of the input contract; a test holds that they are the same.
TABLES = (
    "sellers",
    "compliance_checks",
    "seller_restrictions",
    "order_items",
    "refunds",
    "chargebacks",
    "payouts",
    "balance_transactions",
    "advances",
    "advance_repayments",
    "advance_changes",
    "offer_events",
)

with DAG(
    dag_id="nightly_cash_flows",
    description="Load the night's changes and build the marts of what happened.",
    doc_md=__doc__,
    # Every night at 02:00 UTC; the key is the day before.
    schedule=CronPartitionTimetable(
        "0 2 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"
    ),
    tags=[Tag.NIGHTLY, Tag.CASH_FLOWS],
    **NIGHT,
):
    ingest = AdvancesOperator.partial(task_id="ingest", command="ingest").expand(
        part=[f"--table {table}" for table in TABLES]
    )
    wait_for_offers = RunsOverSensor(
        task_id="wait_for_offers", dag_id_to_wait_for="nightly_offers"
    )
    build_cash_flow = AdvancesOperator(
        task_id="build_cash_flow",
        command="build",
        part="--part cash_flow",
        outlets=[CASH_FLOWS],
        trigger_rule="none_failed",  # A wait that was given up counts as skipped.
    )

    ingest >> wait_for_offers >> build_cash_flow
