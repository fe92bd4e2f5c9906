"""Airflow for tests: its own home, SQLite, our DAGs and nothing else."""

import importlib
import os
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from airflow_command import BIN, DAGS, Airflow

if TYPE_CHECKING:  # Airflow reads its environment when it is imported.
    from airflow.sdk import DAG


@pytest.fixture(scope="session")
def airflow_environment(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """Set the variables that keep Airflow inside a temporary folder."""
    variables = {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "SCARF_ANALYTICS": "false",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(str(DAGS))
        yield dict(os.environ)


@pytest.fixture(scope="session")
def dags(airflow_environment: dict[str, str]) -> "dict[str, DAG]":
    """Load the DAG folder as Airflow does; a file that cannot be read fails here."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - see above

    assert airflow_environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(DAGS)
    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture(scope="session")
def dag_kit(airflow_environment: dict[str, str]) -> ModuleType:
    """Import the module that the DAGs share."""
    assert airflow_environment
    return importlib.import_module("dag_kit")


@pytest.fixture(scope="session")
def airflow(airflow_environment: dict[str, str]) -> Airflow:
    """Return an Airflow with an empty database and the pool of one slot."""
    command_line = Airflow(airflow_environment)
    command_line("db", "migrate").check_returncode()
    command_line("pools", "set", "warehouse", "1", "One writer").check_returncode()
    return command_line
