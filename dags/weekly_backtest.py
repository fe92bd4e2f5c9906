"""Score the forecast on past days, and what was said on past nights.

Every Monday at 08:00 UTC, for the night before (the partition key, a Sunday): backtest
the forecast on the marts' own history, with scores and a plot of them beside the
warehouse, and add the forecasts that have matured to the marts of accuracy. Neither of
the two needs the other.

Nothing waits for them, and no offer depends on them. Where the marts are of another
night by now, they say so and score nothing; the next week adds what this one left out.
"""

from airflow.sdk import DAG, CronPartitionTimetable

from dag_kit import NIGHT, AdvancesOperator, Tag

with DAG(
    dag_id="weekly_backtest",
    description="Score the forecast on past days, and what was said on past nights.",
    doc_md=__doc__,
    # Sunday at 20:00, twelve hours west of Greenwich, where Monday 08:00 UTC falls on
    # the day of the night: the key can only be moved by whole weeks.
    schedule=CronPartitionTimetable(
        "0 20 * * 0", timezone="Etc/GMT+12", key_format="%Y-%m-%d"
    ),
    tags=[Tag.WEEKLY, Tag.FORECASTS],
    **NIGHT,
):
    AdvancesOperator(
        task_id="backtest_forecasts",
        command="backtest forecasts",
        part="--origins 4 --horizons 30,90,180",
    )
    AdvancesOperator(task_id="build_accuracy", command="build", part="--part accuracy")
