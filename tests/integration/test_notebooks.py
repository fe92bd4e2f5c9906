"""Every notebook runs on a finished night and keeps no output in git."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jobs.night import Night

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    """The tests below run on notebooks that were found."""
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(
    path: Path, finished_night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell runs, the plots are drawn and the conclusions are computed."""
    monkeypatch.setenv("ADVANCES_DUCKDB_PATH", finished_night.warehouse_address)
    notebook = nbformat.read(path, as_version=4)

    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()

    kinds = [
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    ]
    assert kinds.count("image/png") >= 3
    assert kinds.count("text/markdown") >= 3
