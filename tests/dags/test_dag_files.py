"""Every DAG file loads, says what it is, and keeps the rules of the room."""

import ast
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click
import pytest
from airflow_command import DAGS

from jobs.__main__ import cli
from jobs.forecast import BUCKET_COUNT, Share
from jobs.sources.tables import TABLES

if TYPE_CHECKING:
    from airflow.sdk import DAG

DAG_FILES = sorted(path for path in DAGS.glob("*.py") if path.stem != "dag_kit")


def test_the_folder_holds_the_dags_we_know() -> None:
    """A wrong path would let the tests below pass on nothing."""
    assert [path.stem for path in DAG_FILES] == [
        "nightly_cash_flows",
        "nightly_offers",
        "weekly_backtest",
    ]


def test_one_file_one_dag_one_name(dags: "dict[str, DAG]") -> None:
    """The id of a DAG is the name of its file."""
    found = {dag_id: Path(dag.fileloc) for dag_id, dag in dags.items()}

    assert found == {path.stem: path for path in DAG_FILES}


@pytest.mark.parametrize(
    "path", [*DAG_FILES, DAGS / "dag_kit.py"], ids=lambda it: it.stem
)
def test_imports_airflow_and_the_kit_only(path: Path) -> None:
    """The jobs and dbt are reached by command line, and no DAG imports another."""
    outside = _imported(path) - sys.stdlib_module_names

    assert "airflow" in outside
    assert outside <= {"airflow", "dag_kit"}


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = [
        it.name for node in nodes if isinstance(node, ast.Import) for it in node.names
    ]
    parts = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in plain + parts}


def test_each_dag_explains_itself(dags: "dict[str, DAG]", dag_kit: ModuleType) -> None:
    """A DAG has its docstring as documentation, known tags, and a description."""
    for dag in dags.values():
        docstring = ast.get_docstring(ast.parse(Path(dag.fileloc).read_text("utf-8")))
        assert (dag.doc_md or "").strip() == docstring
        assert dag.description
        assert dag.tags
        assert dag.tags <= {str(tag) for tag in dag_kit.Tag}


def test_nights_never_overlap_or_start_by_themselves(dags: "dict[str, DAG]") -> None:
    """One run of a DAG at a time; history is loaded by a backfill, not by catchup."""
    expected = dict.fromkeys(dags, (1, False))

    assert {
        key: (it.max_active_runs, it.catchup) for key, it in dags.items()
    } == expected


def test_each_task_can_fail_safely(dags: "dict[str, DAG]", dag_kit: ModuleType) -> None:
    """Every task has a pool, an owner, retries, a time limit and the alert.

    What only waits takes no place among those that use the warehouse.
    """
    tasks = [task for dag in dags.values() for task in dag.tasks]

    assert len(tasks) == 18
    for task in tasks:
        waits = task.task_id.startswith("wait_")
        assert task.pool == ("default_pool" if waits else "warehouse")
        assert task.owner == "seller-advances"
        assert task.retries == 2
        assert task.retry_exponential_backoff > 1
        assert task.execution_timeout is not None
        assert list(task.on_failure_callback) == [dag_kit.report_failure]


def test_the_offers_of_a_night_wait_for_its_cash_flows(
    dags: "dict[str, DAG]", dag_kit: ModuleType
) -> None:
    """The last task of one DAG updates the asset that the other is scheduled on."""
    build = dags["nightly_cash_flows"].get_task("build_cash_flow")

    assert build.outlets == [dag_kit.CASH_FLOWS]
    assert build.downstream_task_ids == set()
    assert dags["nightly_offers"].timetable.asset_condition == dag_kit.CASH_FLOWS


def test_the_marts_wait_for_the_offers_of_the_night_before(
    dags: "dict[str, DAG]", dag_kit: ModuleType
) -> None:
    """Between loading and building stands a wait; given up, it lets the night go on."""
    dag = dags["nightly_cash_flows"]
    wait, build = dag.get_task("wait_for_offers"), dag.get_task("build_cash_flow")

    assert isinstance(wait, dag_kit.RunsOverSensor)
    assert wait.upstream_task_ids == {"ingest"}
    assert wait.downstream_task_ids == {"build_cash_flow"}
    assert (wait.dag_id_to_wait_for, wait.mode) == ("nightly_offers", "poke")
    assert (wait.soft_fail, build.trigger_rule) == (True, "none_failed")


@pytest.mark.parametrize(("count", "is_over"), [(0, True), (1, False)])
def test_the_wait_ends_when_no_run_is_queued_or_running(
    dag_kit: ModuleType, count: int, *, is_over: bool
) -> None:
    """It asks Airflow for the runs that are not over, of the one DAG."""
    asked: list[dict[str, object]] = []

    class Runs:
        def get_dr_count(self, **arguments: object) -> int:
            asked.append(arguments)
            return count

    wait = dag_kit.RunsOverSensor(task_id="wait", dag_id_to_wait_for="nightly_offers")

    assert wait.poke({"ti": Runs()}) is is_over
    assert asked == [{"dag_id": "nightly_offers", "states": ["queued", "running"]}]


def test_every_dag_has_a_deadline(dags: "dict[str, DAG]") -> None:
    """A night that takes longer than three hours is told to somebody."""
    for dag in dags.values():
        (alert,) = dag.deadline if isinstance(dag.deadline, list) else [dag.deadline]
        assert alert.interval == timedelta(hours=3)
        assert alert.callback.path == "dag_kit.report_deadline"


def test_ingests_each_table_of_the_contract(dags: "dict[str, DAG]") -> None:
    """The DAG's own list of tables is the input contract's, in the same order."""
    assert _parts(dags["nightly_cash_flows"], "ingest") == [
        f"--table {table}" for table in TABLES
    ]


def test_no_offer_waits_for_a_challenger(dags: "dict[str, DAG]") -> None:
    """The challengers come after the decisions, and nothing comes after them."""
    challenge = dags["nightly_offers"].get_task("forecast_challenge")

    assert challenge.upstream_task_ids == {"decide"}
    assert challenge.downstream_task_ids == set()


def test_no_offer_waits_for_the_watch(dags: "dict[str, DAG]") -> None:
    """It comes beside publishing, which takes the one place first."""
    dag = dags["nightly_offers"]
    watch, publish = dag.get_task("watch"), dag.get_task("publish")

    assert watch.upstream_task_ids == publish.upstream_task_ids == {"build_offers"}
    assert watch.downstream_task_ids == {"report"}
    assert publish.priority_weight > watch.priority_weight


def test_no_offer_waits_for_the_book(dags: "dict[str, DAG]") -> None:
    """Check, book and warnings come beside publishing, and their marts after them."""
    dag = dags["nightly_offers"]
    publish, build_book = dag.get_task("publish"), dag.get_task("build_book")

    assert build_book.upstream_task_ids == {"check", "book", "warn"}
    assert publish.downstream_task_ids == set()
    for task in build_book.upstream_list:
        assert task.upstream_task_ids == publish.upstream_task_ids
        assert publish.priority_weight > task.priority_weight


def test_settlements_are_reconciled_where_a_setting_names_them(
    dags: "dict[str, DAG]", dag_kit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marts of the book wait for the reconciliation, and no offer does."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - as in conftest

    monkeypatch.setattr(dag_kit, "HAS_SETTLEMENTS", True)
    dag = DagBag(str(DAGS / "nightly_offers.py")).dags["nightly_offers"]
    reconcile = dag.get_task("reconcile")

    assert "reconcile" not in dags["nightly_offers"].task_ids
    assert reconcile.upstream_task_ids == {"build_offers"}
    assert reconcile.downstream_task_ids == {"build_book"}


def test_a_failed_publication_has_its_report_and_stays_red(
    dags: "dict[str, DAG]",
) -> None:
    """The report comes after all that it reads; publishing is an end of its own."""
    dag = dags["nightly_offers"]
    report, publish = dag.get_task("report"), dag.get_task("publish")

    assert report.upstream_task_ids == {"watch", "build_book"}
    assert report.downstream_task_ids == publish.downstream_task_ids == set()
    assert report.trigger_rule == "all_success"


def test_each_week_scores_the_night_before_monday(dags: "dict[str, DAG]") -> None:
    """A run begins on a Monday at 08:00 UTC, and its key is the Sunday before."""
    from airflow.serialization.decoders import (  # noqa: PLC0415 - after its environment
        decode_timetable,
    )
    from airflow.serialization.encoders import (  # noqa: PLC0415 - after its environment
        encode_timetable,
    )

    # What a DAG file names becomes, for the scheduler, another class.
    timetable = decode_timetable(encode_timetable(dags["weekly_backtest"].timetable))
    first = datetime(2026, 10, 20, tzinfo=UTC)
    runs = timetable.iter_partition_dagrun_infos(
        earliest=first, latest=first + timedelta(days=14)
    )

    assert [(run.partition_key, run.run_after) for run in runs] == [
        ("2026-10-25", datetime(2026, 10, 26, 8, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 2, 8, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("task_id", "command"),
    [
        ("backtest_forecasts", "backtest forecasts --origins 4 --horizons 30,90,180"),
        ("build_accuracy", "build --part accuracy"),
    ],
)
def test_what_a_week_does_is_a_command(
    dags: "dict[str, DAG]", task_id: str, command: str
) -> None:
    """Each task is a command of the jobs, with options it has, and waits for none."""
    task = dags["weekly_backtest"].get_task(task_id)

    assert task.bash_command.startswith(
        f"${{ADVANCES_COMMAND:-advances}} {command} --as-of "
    )
    assert task.upstream_task_ids == set()
    words = command.split()
    context = click.Context(cli, info_name="advances")
    node: click.Command = cli
    while isinstance(node, click.Group):
        _, found, words = node.resolve_command(context, words)
        assert found is not None
        node = found
    assert node.make_context("advances", words, parent=context)


def test_predicts_each_seller_once(dags: "dict[str, DAG]") -> None:
    """The mapped shares cover every bucket of sellers, none twice."""
    parts = _parts(dags["nightly_offers"], "forecast_predict")
    shares = [Share.parse(part.removeprefix("--bucket ")) for part in parts]
    buckets = sorted(bucket for share in shares for bucket in share.buckets)

    assert len(shares) > 1
    assert buckets == list(range(BUCKET_COUNT))


def _parts(dag: "DAG", task_id: str) -> list[str]:
    return list(dag.get_task(task_id).expand_input.value["part"])


def test_readme_lists_each_dag_once() -> None:
    """The table in the README names the DAGs that there are, and only those."""
    readme = (DAGS / "README.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `([a-z_]+)` \|", readme, re.MULTILINE) == [
        path.stem for path in DAG_FILES
    ]
