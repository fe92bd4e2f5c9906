"""The night of a run, the command of a task, and the line a failure leaves."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

LOGICAL_DATE = datetime(2026, 10, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """What a task knows of its DAG run."""

    partition_key: str | None = None
    logical_date: datetime | None = None
    conf: dict[str, str] | None = None


@dataclass
class TaskInstance:
    """What the alert reads of a task instance; Airflow sets ``task`` when it maps."""

    dag_id: str = "nightly_offers"
    task_id: str = "forecast_predict"
    map_index: int = 1
    try_number: int = 3
    log_url: str = "http://localhost:8080/log"
    task: object = None


@pytest.mark.parametrize(
    ("run", "asked", "expected"),
    [
        (Run("2026-10-01", LOGICAL_DATE), "2026-10-02", "2026-10-01"),
        (Run("2026-10-01"), None, "2026-10-01"),
        (Run(None, LOGICAL_DATE), "2026-10-02", "2026-10-02"),
        (Run(), "2026-10-02", "2026-10-02"),
        (Run(None, LOGICAL_DATE), None, "2026-10-03"),
    ],
)
def test_takes_the_key_then_the_param_then_the_logical_date(
    dags: "dict[str, DAG]", run: Run, asked: str | None, expected: str
) -> None:
    """The command of a task names the night of its run, rendered as Airflow does."""
    price = dags["nightly_offers"].get_task("price")
    context = {"dag_run": run, "params": {"as_of_date": asked}}
    rendered = price.render_template(price.bash_command, context)

    assert rendered == f"${{ADVANCES_COMMAND:-advances}} price --as-of {expected}"


@pytest.mark.parametrize("key", ["", "2026-10-01; rm -rf /", "20261001", "2026-02-30"])
def test_refuses_a_night_that_is_no_date(dag_kit: ModuleType, key: str) -> None:
    """A key goes into a shell command, so nothing but a date gets there."""
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - after its environment

    with pytest.raises(
        AirflowFailException, match="give as_of_date, such as 2026-10-31"
    ):
        dag_kit.as_of_date(Run(key), {})


@pytest.mark.parametrize("asked", ["yesterday", "2026-13-01", "31/10/2026", 20261031])
def test_the_form_of_a_manual_run_refuses_a_bad_date(
    dag_kit: ModuleType, asked: object
) -> None:
    """Airflow checks the param before it makes the run."""
    from airflow.sdk.exceptions import ParamValidationError  # noqa: PLC0415 - after its environment

    with pytest.raises(ParamValidationError):
        dag_kit.NIGHT["params"]["as_of_date"].resolve(asked)


@pytest.mark.parametrize(
    ("exit_code", "is_worth_a_retry"), [(1, True), (2, False), (3, False), (137, True)]
)
def test_retries_what_may_pass_and_nothing_else(
    dag_kit: ModuleType, exit_code: int, *, is_worth_a_retry: bool
) -> None:
    """A wrong configuration (2) or bad data (3) is final; the rest is tried again."""
    from airflow.sdk.exceptions import (  # noqa: PLC0415 - after its environment
        AirflowException,
        AirflowFailException,
    )

    task = dag_kit.AdvancesOperator(task_id="decide", command="decide")
    task.bash_command = f"exit {exit_code}"

    with pytest.raises(AirflowException) as failure:
        task.execute({})
    assert isinstance(failure.value, AirflowFailException) is not is_worth_a_retry


def test_a_mapped_task_names_its_share_and_night(dags: "dict[str, DAG]") -> None:
    """The second of four shares, mapped and rendered as on a worker."""
    context = mapped_context(dags)
    context["task"].render_template_fields(context)

    assert context["task"].bash_command == (
        "${ADVANCES_COMMAND:-advances} forecast predict --bucket 2/4 --as-of 2026-10-01"
    )
    assert context["task"].env == {"ADVANCES_RUN_ID": "scheduled__1"}


def test_reports_a_killed_mapped_task_on_one_line(
    dags: "dict[str, DAG]", dag_kit: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """The DAG processor hands over a task that was never mapped nor rendered."""
    assert reported(dag_kit, mapped_context(dags), caplog) == (
        "FAILED nightly_offers.forecast_predict as of 2026-10-01, try 3. "
        "Repeat by hand: ${ADVANCES_COMMAND:-advances} forecast predict --bucket 2/4 "
        "--as-of 2026-10-01 | Log: http://localhost:8080/log"
    )


def test_reports_a_run_without_a_night_too(
    dags: "dict[str, DAG]", dag_kit: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no command can be rendered the line still says what failed and where."""
    context = mapped_context(dags) | {"dag_run": Run("soon")}

    assert reported(dag_kit, context, caplog) == (
        "FAILED nightly_offers.forecast_predict as of soon, try 3. "
        "Repeat by hand: ${ADVANCES_COMMAND:-advances} forecast predict --bucket 2/4 "
        "--as-of {{ as_of_date(dag_run, params) }} | Log: http://localhost:8080/log"
    )


def mapped_context(dags: "dict[str, DAG]") -> dict[str, Any]:
    """Return the context of the second mapped prediction, before it is mapped."""
    dag = dags["nightly_offers"]
    task = dag.get_task("forecast_predict")
    instance = TaskInstance(task=task)
    context = {"dag": dag, "dag_run": Run("2026-10-01"), "params": {"as_of_date": None}}
    context |= {"run_id": "scheduled__1"}
    return context | {"task": task, "ti": instance, "task_instance": instance}


def reported(
    dag_kit: ModuleType, context: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> str:
    """Return the one line that the alert logs."""
    with caplog.at_level(logging.ERROR, logger="dag_kit"):
        dag_kit.report_failure(context)
    (record,) = (it for it in caplog.records if it.name == "dag_kit")
    return record.getMessage()
