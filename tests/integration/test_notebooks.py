"""Every notebook runs on a finished night and keeps no output in git."""

from pathlib import Path

import pytest
from notebook_runs import NOTEBOOKS, outputs_of

from jobs.marts import read_marts
from jobs.night import Night
from jobs.settings import ConfigurationError


def test_there_are_notebooks() -> None:
    """The tests below run on notebooks that were found."""
    assert [path.name[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(
    path: Path, finished_night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell runs, the plots are drawn and the conclusions are computed."""
    monkeypatch.setenv("ADVANCES_HOME", str(finished_night.settings.home))

    kinds = outputs_of(path)

    assert kinds["image/png"] >= 3
    assert kinds["text/markdown"] >= 3


def test_without_a_warehouse_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer who opens a notebook first learns which command comes before."""
    monkeypatch.setenv("ADVANCES_HOME", str(tmp_path))

    with pytest.raises(ConfigurationError, match="run `advances nightly` first"):
        read_marts("select 1")
