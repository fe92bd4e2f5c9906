"""Settings come from the environment, and only the listed ones exist."""

import re
from pathlib import Path

import pytest

from jobs.settings import ConfigurationError, Settings, project_version

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_lists_every_setting() -> None:
    """.env.example and the code name the same variables."""
    listed = re.findall(
        r"^(ADVANCES_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
    text = (ROOT / "jobs" / "settings.py").read_text()
    read = set(re.findall(r'_(?:environment|number|size|choice)\(\s*"(\w+)"', text))
    read_by_options = set(
        re.findall(r'"ADVANCES_(\w+)"', (ROOT / "jobs" / "options.py").read_text())
    )
    read_by_dags = set(
        re.findall(r"ADVANCES_(\w+)", (ROOT / "dags" / "dag_kit.py").read_text())
    )

    assert {"COMMAND", "DEADLINE_HOURS"} <= read_by_dags
    assert {"SOURCE", "SOURCE_PATH"} <= read_by_options
    assert {name.removeprefix("ADVANCES_") for name in listed} == (
        read | read_by_options | read_by_dags
    )


def test_a_share_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad limit names the variable and what was expected."""
    monkeypatch.setenv("ADVANCES_QUARANTINE_LIMIT_RATE", "5 %")

    with pytest.raises(ConfigurationError) as raised:
        Settings()

    assert (
        str(raised.value)
        == "ADVANCES_QUARANTINE_LIMIT_RATE is '5 %'; expected a number from 0 to 1"
    )


def test_a_memory_limit_that_is_no_size_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bad size is named before DuckDB stumbles over it."""
    monkeypatch.setenv("ADVANCES_DUCKDB_MEMORY_LIMIT", "lots")

    with pytest.raises(ConfigurationError, match="is 'lots'; expected a size such as"):
        Settings()


def test_an_unknown_policy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that does not exist is named beside those that do."""
    monkeypatch.setenv("ADVANCES_POLICY", "1999-01")

    with pytest.raises(ConfigurationError, match="no policy '1999-01'; there are"):
        Settings().policy_text()


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set but empty counts as not set."""
    monkeypatch.setenv("ADVANCES_HOME", "")

    assert Path(".advances") == Settings().home


def test_another_project_has_another_version(tmp_path: Path) -> None:
    """Models, tests and seeds make the version; notes and what dbt wrote do not."""
    for name in ("dbt_project.yml", "models/a.sql", "models/a.yml", "seeds/a.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("one")
    before = project_version(tmp_path)

    (tmp_path / "DECISIONS.md").write_text("one")
    (tmp_path / "target" / "compiled" / "a.yml").mkdir(parents=True)
    assert before == project_version(tmp_path)
    versions = {before}
    for path in sorted(tmp_path.glob("*/a.*")):
        path.write_text("two")
        versions.add(project_version(tmp_path))
    assert len(versions) == 4
