"""What many tests share: one finished night of a small sample, made once."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bigquery_standin import Standin, standin
from filelock import FileLock
from hypothesis import settings
from nights import sample_night
from postgres_server import Postgres, postgres_server

from jobs.night import Night
from jobs.nightly import nightly

# The machine may be busy, so no example has a deadline; a gate must not flicker, so CI
# draws the same examples every time and leaves the search for new ones to people.
settings.register_profile("person", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "person")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how long the random nights of the promise go on."""
    parser.addoption("--steps", type=int, default=500, help="steps of random nights")


#: What each of three workers begins with: what takes longest, by the names' beginnings.
LONG = (
    ("test_nights_under_the_scheduler",),
    ("test_two_nights_are_the_same", "test_a_killed_load_leaves"),
    ("test_thirty_nights_end", "test_airflow_leaves", "test_two_nights_in_a_row"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each of three workers begin with what takes minutes, not end with it.

    Workers begin with a third of the list each, and take from each other at the end.
    """
    long = [
        [item for name in names for item in items if item.name.startswith(name)]
        for names in LONG
    ]
    others = [item for item in items if not any(item in part for part in long)]
    # Each worker gets a third of them all, so that its long ones come first in it.
    third = len(items) // 3
    items.clear()
    for first in long[:-1]:
        count = max(third - len(first), 0)
        items += [*first, *others[:count]]
        del others[:count]
    items += [*long[-1], *others]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests asked to show, so that a log has figures and not only dots."""
    reports = terminalreporter.stats.get("passed", [])
    reports += terminalreporter.stats.get("failed", [])
    lines = [
        (report.nodeid.partition("::")[0], line)
        for report in reports
        for name, line in report.user_properties
        if name == "shown"
    ]
    if lines:
        terminalreporter.section("what tests show")
    for path, line in sorted(lines, key=lambda shown: shown[0]):
        terminalreporter.write_line(f"{path}: {line}")


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what prints a line at the end of the run."""
    return lambda line: record_property("shown", line)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in [name for name in os.environ if name.startswith("ADVANCES_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def finished_night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return a finished night, made once and copied for each worker, to read from."""
    base = tmp_path_factory.getbasetemp()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    shared = (base.parent if is_worker else base) / "made-once"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / "lock"):
        if not (shared / "done").exists():
            nightly(sample_night(shared), lambda _step: None)
            (shared / "done").touch()
    home = base / "finished-night"
    shutil.copytree(shared, home)
    return sample_night(home)


@pytest.fixture
def night(finished_night: Night, tmp_path: Path) -> Night:
    """Return a copy of the finished night, to change as one likes."""
    own = replace(finished_night.settings, home=tmp_path)
    copy = replace(finished_night, settings=own)
    copy.workspace.mkdir(parents=True)
    shutil.copy(finished_night.warehouse_address, copy.warehouse_address)
    return copy


@pytest.fixture(scope="session")
def history(finished_night: Night) -> Path:
    """Return the folder with the history behind the finished night."""
    return finished_night.settings.home / finished_night.source.name / "history"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start one PostgreSQL server for the tests of this process."""
    # A socket's path has room for 107 characters; pytest's own folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix="advances-"))
    with postgres_server(folder) as server:
        yield server


@pytest.fixture(scope="session")
def bigquery() -> Iterator[Standin]:
    """Start one BigQuery stand-in for the tests of this process."""
    with standin() as server:
        yield server
