"""A whole Airflow for tests: scheduler, DAG processor and API server, all our own.

Its metadata live in PostgreSQL, its tasks run under the LocalExecutor, and nothing
listens but on a free port of this machine. What has happened is read from the metadata
database, as an operator reads it off the grid.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from airflow_command import BIN
from psycopg.rows import dict_row

COMPONENTS = ("api-server", "scheduler", "dag-processor")


@dataclass(frozen=True)
class LiveAirflow:
    """A running Airflow: its environment, metadata, logs, and command line."""

    environment: dict[str, str]
    metadata: str
    logs: Path

    def __call__(self, *arguments: str) -> str:
        """Run one ``airflow`` command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def ask(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Return what ``sql`` finds in the metadata."""
        with psycopg.connect(self.metadata, row_factory=dict_row) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def wait_for(self, what: str, found: Callable[[], Any], seconds: float) -> Any:  # noqa: ANN401 - whatever was found
        """Return what ``found`` returns once it is true; fail after ``seconds``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = found()
            if answer:
                return answer
            time.sleep(0.2)
        message = f"no {what} after {seconds:.0f} s"
        raise AssertionError(message)

    def task_log(self, dag_id: str, key: str, task_id: str) -> str:
        """Return all the logs of a task in the newest run of a night."""
        (run, *_) = self.runs(dag_id, key)
        folder = self.logs / f"dag_id={dag_id}" / f"run_id={run['run_id']}"
        paths = sorted((folder / f"task_id={task_id}").rglob("*.log"))
        return "".join(path.read_text("utf-8") for path in paths)

    def failures(self) -> list[dict[str, Any]]:
        """Return the tasks that failed for good."""
        return self.ask(
            "select dag_id, run_id, task_id, map_index, try_number"
            " from task_instance where state = 'failed'"
        )

    def runs(self, dag_id: str, key: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG for a night, the newest first."""
        return self.ask(
            "select run_id, run_type, state from dag_run"
            " where dag_id = %s and partition_key = %s order by id desc",
            *(dag_id, key),
        )

    def wait_for_run(self, dag_id: str, key: str, state: str, seconds: float) -> str:
        """Return the id of a night's run once it is in ``state``."""

        def found() -> str:
            for run in self.runs(dag_id, key)[:1]:
                if run["state"] == state:
                    return str(run["run_id"])
                assert run["state"] in {"queued", "running"}, self.failures()
            return ""

        return str(self.wait_for(f"{state} {dag_id} of {key}", found, seconds))


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def live_airflow(
    home: Path, dags: Path, metadata: str, variables: Mapping[str, str]
) -> Iterator[LiveAirflow]:
    """Start every component on the database ``metadata``; stop them at the end."""
    airflow = LiveAirflow(
        _environment(home, dags, metadata) | variables, metadata, home / "logs"
    )
    airflow("db", "migrate")
    airflow("pools", "set", "warehouse", "1", "One writer")
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for component in COMPONENTS:
            with (home / f"{component}.log").open("wb") as log:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "airflow", component],
                        env=airflow.environment,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        yield airflow
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _environment(home: Path, dags: Path, metadata: str) -> dict[str, str]:
    port = free_port()
    scheme = metadata.partition("://")[2]
    return os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        # The files never change; the loop is a tenth of a second's work each time.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{scheme}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # A task that ends between two looks keeps its place until the next: 5 s on.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
