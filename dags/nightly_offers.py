"""Forecast, decide, price and publish the offers of a night.

As soon as the cash flows of a night are built, and for that same night: fit the
forecast, predict each share of the sellers in its own task, decide who is eligible,
price the offers, build and test the marts of what was decided, then audit the offers
and put them before the product. Beside that, other forecasters predict a sample of
sellers, to be compared with the champion when the days have passed; no offer waits for
that, and publishing can be tried again without it. The watch compares the night with
an earlier one: what it finds is a line in its log that starts with AMBER, and the task
succeeds. The check of what was taken of each advance against what was due, the book of
advances, warnings of those in trouble and the marts of it all come beside publishing
too: they read the night, and no offer waits for them. Where ADVANCES_SETTLEMENTS names
a folder, its files are reconciled with the ledger before those marts. Last comes the
report, one HTML page of the night; where publishing fails it is written all the same,
and says so.

A night that is run again replaces what it wrote. What fails a test or the audit is not
published: the product goes on showing what it showed.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable

from dag_kit import CASH_FLOWS, HAS_SETTLEMENTS, NIGHT, AdvancesOperator, Tag

#: Shares of the sellers predicted side by side; must divide the jobs' 64 buckets.
SHARE_COUNT = 4

with DAG(
    dag_id="nightly_offers",
    description="Forecast, decide, price and publish the offers of the night.",
    doc_md=__doc__,
    # Once for every night whose cash flows were built; it inherits the key.
    schedule=PartitionedAssetTimetable(assets=CASH_FLOWS),
    tags=[Tag.NIGHTLY, Tag.OFFERS],
    **NIGHT,
):
    forecast_fit = AdvancesOperator(task_id="forecast_fit", command="forecast fit")
    forecast_predict = AdvancesOperator.partial(
        task_id="forecast_predict", command="forecast predict"
    ).expand(
        part=[f"--bucket {share}/{SHARE_COUNT}" for share in range(1, SHARE_COUNT + 1)]
    )
    decide = AdvancesOperator(task_id="decide", command="decide")
    price = AdvancesOperator(task_id="price", command="price")
    build_offers = AdvancesOperator(
        task_id="build_offers", command="build", part="--part offers"
    )
    # Of what comes last, the product's takes the pool first.
    publish = AdvancesOperator(task_id="publish", command="publish", priority_weight=5)
    watch = AdvancesOperator(task_id="watch", command="watch")
    check = AdvancesOperator(task_id="check", command="check")
    book = AdvancesOperator(task_id="book", command="book")
    warn = AdvancesOperator(task_id="warn", command="warn")
    build_book = AdvancesOperator(
        task_id="build_book", command="build", part="--part book"
    )
    forecast_challenge = AdvancesOperator(
        task_id="forecast_challenge", command="forecast challenge"
    )
    report = AdvancesOperator(task_id="report", command="report")

    forecast_fit >> forecast_predict >> decide >> price >> build_offers >> publish
    # Not after publishing: where that fails, what the watch says is wanted most.
    build_offers >> watch
    build_offers >> [check, book, warn] >> build_book
    if HAS_SETTLEMENTS:
        reconcile = AdvancesOperator(task_id="reconcile", command="reconcile")
        build_offers >> reconcile >> build_book
    # Not after publishing either: a task at the end decides whether the run is red.
    [watch, build_book] >> report
    # What leads to the product has more tasks behind it, so it takes the pool first.
    decide >> forecast_challenge
