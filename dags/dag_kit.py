"""What the DAGs share: the night a run is for, the task that starts a command, alerts.

DAG files import this module and airflow, nothing else of ours: they reach the jobs and
dbt by command line only.
"""

import logging
import os
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import (  # type: ignore[attr-defined] # Its stub leaves some out.
    Asset,
    BaseSensorOperator,
    Context,
    DeadlineAlert,
    DeadlineReference,
    Param,
    SyncCallback,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

log = logging.getLogger(__name__)

#: The marts of what happened, one partition a night.
CASH_FLOWS = Asset(name="cash_flows", uri="advances://warehouse/cash_flow")

#: DuckDB takes one writing process, so this pool has one slot (see README.md).
WAREHOUSE_POOL = "warehouse"

#: Before any history, so that every night can be backfilled; catchup stays off.
START_DATE = datetime(2016, 1, 1, tzinfo=UTC)

#: Where a relative ADVANCES_HOME or ADVANCES_SOURCE_PATH starts, as by hand.
PROJECT = Path(__file__).resolve().parent.parent

#: The jobs' exit codes for a wrong configuration and for bad data.
NOT_WORTH_A_RETRY = (2, 3)

#: The night of the run, for any templated field of a task.
AS_OF_DATE = "{{ as_of_date(dag_run, params) }}"


class Tag(StrEnum):
    """Every tag a DAG may carry."""

    NIGHTLY = "nightly"
    WEEKLY = "weekly"
    CASH_FLOWS = "cash_flows"
    OFFERS = "offers"
    FORECASTS = "forecasts"


def as_of_date(dag_run: Any, params: Any) -> str:  # noqa: ANN401 - Airflow's, by shape
    """Return the night a run is for, YYYY-MM-DD.

    It is the run's partition key; of a manual run without one, its param
    ``as_of_date``; where neither is there, its logical date. Raises
    AirflowFailException on anything but a date: the text goes into a shell command.
    """
    text = _night(dag_run, params)
    if not _is_date(text):
        message = f"the run's night is {text!r}; give as_of_date, such as 2026-10-31"
        raise AirflowFailException(message)
    return text


def _night(dag_run: Any, params: Any) -> str:  # noqa: ANN401 - Airflow's, by shape
    logical_date = dag_run.logical_date
    return str(
        dag_run.partition_key
        or params.get("as_of_date")
        or (logical_date.date() if logical_date else "")
    )


def _is_date(text: str) -> bool:
    with suppress(ValueError):
        return date.fromisoformat(text).isoformat() == text
    return False


def report_failure(context: Context) -> None:
    """Log one line for a task that failed for good: what, which night, how to repeat.

    A killed task is reported by the DAG processor, which has neither mapped nor
    rendered it; what is rendered already stays as it is when rendered again.
    """
    with suppress(Exception):  # The line must appear even where no command was made.
        context["task"].render_template_fields(context)
    task_instance = context["task_instance"]
    log.error(
        "FAILED %s.%s as of %s, try %s. Repeat by hand: %s | Log: %s",
        task_instance.dag_id,
        task_instance.task_id,
        _night(context["dag_run"], context["params"]),
        task_instance.try_number,
        getattr(context["task"], "bash_command", "(no command)"),
        task_instance.log_url,
    )


class AdvancesOperator(BashOperator):
    """One ``advances`` command for the night of the run.

    ``part`` is the share of the work a mapped task takes, as on the command line. The
    executable comes from ADVANCES_COMMAND where that is set. A wrong configuration or
    bad data fails at once, because a retry would only find the same.
    """

    def __init__(
        self,
        *,
        command: str,
        part: str = "",
        **options: Any,  # noqa: ANN401 - BashOperator's
    ) -> None:
        """Take the command's name, its share of the work, BashOperator's options."""
        words = ("${ADVANCES_COMMAND:-advances}", command, part, "--as-of", AS_OF_DATE)
        super().__init__(
            bash_command=" ".join(filter(None, words)),
            skip_on_exit_code=NOT_WORTH_A_RETRY,
            cwd=str(PROJECT),
            env={"ADVANCES_RUN_ID": "{{ run_id }}"},
            append_env=True,
            **options,
        )
        self.part = part

    def execute(self, context: Context) -> None:
        """Run the command; AirflowFailException on an exit code not worth a retry."""
        try:
            super().execute(context)
        except AirflowSkipException as error:
            message = "wrong configuration or bad data, see the line above: no retry"
            raise AirflowFailException(message) from error


class RunsOverSensor(BaseSensorOperator):
    """Wait until no run of another DAG is queued or running.

    It takes no place in the pool while it waits, but one of the executor's. After an
    hour it gives up and lets the night go on: what comes after it refuses by itself to
    decide on the wrong night.
    """

    def __init__(self, *, dag_id_to_wait_for: str, **options: Any) -> None:  # noqa: ANN401 - BaseSensorOperator's
        """Take the id of the other DAG, and BaseSensorOperator's options."""
        super().__init__(
            # A task that was rescheduled and then has to be tried again brings down the
            # scheduler of Airflow 3.3 (foreign key of task_reschedule).
            mode="poke",
            poke_interval=10,
            timeout=timedelta(hours=1).total_seconds(),
            soft_fail=True,
            pool="default_pool",
            map_index_template=None,  # The default names a share of the work.
            **options,
        )
        self.dag_id_to_wait_for = dag_id_to_wait_for

    def poke(self, context: Context) -> bool:
        """Count the runs that are not over."""
        count = context["ti"].get_dr_count(
            dag_id=self.dag_id_to_wait_for, states=["queued", "running"]
        )
        return bool(count == 0)


#: The longest that a night may take from its start; then somebody is told. None where
#: ADVANCES_DEADLINE_HOURS is 0: `airflow dags test` of Airflow 3.3 fails on one.
DEADLINE_HOURS = float(os.environ.get("ADVANCES_DEADLINE_HOURS") or 3)


#: Whether there are settlement files for a night to reconcile.
HAS_SETTLEMENTS = bool(os.environ.get("ADVANCES_SETTLEMENTS"))


def report_deadline(context: dict[str, Any]) -> None:
    """Log one line for a run that is not done in time: which night, and since when."""
    run = context["dag_run"]
    log.error(
        "LATE %s as of %s: not done by %s, run %s",
        run["dag_id"],
        run.get("partition_key") or run.get("logical_date"),
        context["deadline"]["deadline_time"],
        run.get("dag_run_id") or run.get("run_id"),
    )


#: What every DAG passes to ``DAG(...)`` beside its schedule and tags.
NIGHT: dict[str, Any] = {
    "start_date": START_DATE,
    "catchup": False,
    "max_active_runs": 1,
    "deadline": DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=DEADLINE_HOURS),
        callback=SyncCallback(report_deadline),
        name="night_is_late",
    )
    if DEADLINE_HOURS
    else None,
    "user_defined_macros": {"as_of_date": as_of_date},
    "params": {
        "as_of_date": Param(
            None,
            type=["null", "string"],
            format="date",
            description="The night of a manual run without a partition key.",
        )
    },
    "default_args": {
        "owner": "seller-advances",
        "pool": WAREHOUSE_POOL,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": 4,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=1),
        "on_failure_callback": report_failure,
        "map_index_template": "{{ task.part }}",
    },
}
