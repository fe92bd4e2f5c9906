"""The process that runs dbt reads the project when it has changed, and not oftener."""

import shutil
from pathlib import Path

import pytest

from jobs.dbt_process import read_ahead, run_dbt
from jobs.settings import Settings


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the dbt project, which nobody has read."""
    return Path(shutil.copytree(Settings().dbt_project, tmp_path / "project"))


def request(project: Path, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return arguments and environment for dbt to read the project, in a new folder."""
    folder.mkdir()
    arguments = [
        *("--quiet", "parse"),
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(folder), "--log-path", str(folder)),
    ]
    return arguments, Settings().dbt_environment(str(folder / "warehouse.duckdb"))


def has_read(project: Path, folder: Path) -> bool:
    """Run dbt with a new folder and tell whether it read the project for it."""
    code = run_dbt(*request(project, folder), folder / "printed.txt")
    assert code == 0, (folder / "printed.txt").read_text("utf-8")
    return (folder / "partial_parse.msgpack").exists()


def test_a_project_is_read_once_for_all_folders_until_it_changes(
    project: Path, tmp_path: Path
) -> None:
    """Where a build writes to is not of the project; the text of a model is."""
    read = [has_read(project, tmp_path / name) for name in ("first", "second")]
    model = project / "models" / "marts" / "cash_flow" / "dim_sellers.sql"
    model.write_text(model.read_text("utf-8") + "-- Another text.\n", "utf-8")
    read.append(has_read(project, tmp_path / "third"))

    assert read == [True, False, True]


def test_a_project_read_ahead_is_not_read_again(project: Path, tmp_path: Path) -> None:
    """What was read while other work went on is what the next build finds."""
    read_ahead(*request(project, tmp_path / "ahead"))
    read = has_read(project, tmp_path / "build")

    assert (tmp_path / "ahead" / "partial_parse.msgpack").exists()
    assert not read


def test_what_cannot_be_read_ahead_is_said_by_the_build(
    project: Path, tmp_path: Path
) -> None:
    """A broken project stops the build that needs it, with dbt's own words."""
    model = project / "models" / "marts" / "cash_flow" / "dim_sellers.sql"
    model.write_text("{{ ref('no_such_model') }}", "utf-8")
    read_ahead(*request(project, tmp_path / "ahead"))
    printed = tmp_path / "build" / "printed.txt"
    code = run_dbt(*request(project, tmp_path / "build"), printed)

    assert code == 2
    assert "no_such_model" in printed.read_text("utf-8")


def test_a_macro_that_nobody_calls_ends_no_process(
    project: Path, tmp_path: Path
) -> None:
    """Reading ahead compiles every macro, a build those that it needs."""
    macro = "{% macro unused() %}{{ this | no_such_filter }}{% endmacro %}"
    (project / "macros" / "unused.sql").write_text(macro, "utf-8")
    read_ahead(*request(project, tmp_path / "ahead"))

    assert not has_read(project, tmp_path / "build")
