"""The process that runs dbt reads the project when it has changed, and not oftener."""

import shutil
from pathlib import Path

from jobs.dbt_process import run_dbt
from jobs.settings import Settings


def has_read(project: Path, folder: Path) -> bool:
    """Run dbt with a new folder and tell whether it read the project for it."""
    folder.mkdir()
    code = run_dbt(
        [
            *("--quiet", "parse"),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(folder), "--log-path", str(folder)),
        ],
        Settings().dbt_environment(str(folder / "warehouse.duckdb")),
        folder / "printed.txt",
    )
    assert code == 0, (folder / "printed.txt").read_text("utf-8")
    return (folder / "partial_parse.msgpack").exists()


def test_a_project_is_read_once_for_all_folders_until_it_changes(
    tmp_path: Path,
) -> None:
    """Where a build writes to is not of the project; the text of a model is."""
    project = tmp_path / "project"
    shutil.copytree(Settings().dbt_project, project)
    read = [has_read(project, tmp_path / name) for name in ("first", "second")]
    model = project / "models" / "marts" / "cash_flow" / "dim_sellers.sql"
    model.write_text(model.read_text("utf-8") + "-- Another text.\n", "utf-8")
    read.append(has_read(project, tmp_path / "third"))

    assert read == [True, False, True]
