"""The rules of the house, held by a machine."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "jobs").rglob("*.py"))
DAGS = sorted((ROOT / "dags").glob("*.py"))
PURE_ROOMS = {"forecasting", "underwriting", "settlements", "pages"}
PURE = [path for path in MODULES if path.parent.name in PURE_ROOMS]
#: The roundings and exponents of money are one module's, whichever room reads it. Pages
#: show what underwriting explains, and know which findings of a match are in order.
SHARED = "jobs.underwriting.money"
READERS = {"pages": ("jobs.underwriting.", "jobs.settlements.match")}
MODELS = sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))
PURE_LIBRARIES = {
    "__future__",
    "altair",
    "babel",
    "base64",
    "calendar",
    "collections",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "importlib",
    "io",
    "itertools",
    "jinja2",
    "json",
    "markupsafe",
    "math",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "re",
    "statistics",
    "statsmodels",
    "pydantic",
    "pydantic_core",
    "tomllib",
    "typing",
    "uuid",
    "vl_convert",
}
TOP_LEVEL = {
    "LICENSE",
    "Makefile",
    "README.md",
    "constraints.txt",
    "dags",
    "dbt_project",
    "jobs",
    "notebooks",
    "pyproject.toml",
    "tests",
}


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function's name and the lines of its body without the docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def lines(path: Path) -> int:
    """Count the lines of a file that are not blank."""
    text = path.read_text(encoding="utf-8")
    return sum(1 for line in text.splitlines() if line.strip())


def test_there_is_something_to_check() -> None:
    """The rules below hold over files that were found."""
    assert all(len(found) > 1 for found in (MODULES, DAGS, PURE, MODELS))


def test_rooms_import_in_one_direction() -> None:
    """The import contracts of pyproject.toml hold."""
    found = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.name)
def test_the_pure_cores_import_no_clock_environment_or_io(path: Path) -> None:
    """A pure module imports only its own room and libraries that compute."""
    room = f"jobs.{path.parent.name}"
    foreign = {
        name
        for name in imports(path)
        if not name.startswith((room, *READERS.get(path.parent.name, (SHARED,))))
        and name.split(".")[0] not in PURE_LIBRARIES
    }
    text = path.read_text(encoding="utf-8")

    assert set() == foreign
    for call in ("now(", "today(", "open(", "read_parquet(", "read_csv(", "print("):
        assert call not in text


def test_only_settings_reads_the_environment() -> None:
    """No other module knows os.environ but the one that hands it on to dbt."""
    readers = {
        path.name
        for path in MODULES
        if "environ" in path.read_text(encoding="utf-8")
        and "import os" in path.read_text(encoding="utf-8")
    }

    assert {"settings.py", "dbt_process.py"} == readers


def test_no_module_asks_the_clock_for_the_date() -> None:
    """The night is a parameter; only step timings may look at a clock."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert ".now(" not in text, path
        assert ".today(" not in text, path


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.name)
def test_dags_import_nothing_of_jobs(path: Path) -> None:
    """A DAG starts commands; it never imports what they run."""
    assert [name for name in imports(path) if name.split(".")[0] == "jobs"] == []


@pytest.mark.parametrize("path", [*MODULES, *DAGS], ids=lambda path: path.name)
def test_python_stays_small(path: Path) -> None:
    """No file is over 300 lines, no function over 40."""
    assert lines(path) <= 300
    assert [name for name, length in functions(path) if length > 40] == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_models_stay_small_and_end_alike(path: Path) -> None:
    """No model is over 100 lines of SQL, and the last line is a bare select."""
    sql = re.sub(r"{{ config\(.*?\) }}", "", path.read_text("utf-8"), flags=re.DOTALL)
    written = [line for line in sql.splitlines() if line.strip()]

    assert len(written) <= 100
    assert written[-1].startswith("select * from ")


def test_marts_say_their_grain_first() -> None:
    """The first line of every mart is its grain."""
    marts = [path for path in MODELS if "marts" in path.parts]

    assert marts
    for path in marts:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("-- Grain: one row per "), path


def test_every_model_has_its_yaml_twin() -> None:
    """From intermediate on, each model is described in a file of its own name."""
    for path in MODELS:
        if "staging" not in path.parts:
            assert path.with_suffix(".yml").exists(), path


def test_no_test_imports_from_a_conftest() -> None:
    """Which of several files that name would mean depends on what ran before."""
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert [path for path in tests if "conftest" in imports(path)] == []


def test_no_two_test_files_share_a_name() -> None:
    """Outside a package, Python would import one of the two for both."""
    names = [
        path.name
        for path in (ROOT / "tests").rglob("test_*.py")
        if not path.with_name("__init__.py").exists()
    ]
    assert sorted(set(names)) == sorted(names)


def test_the_top_level_holds_nothing_else() -> None:
    """A visitor sees the rooms and nothing more (dotfiles aside)."""
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607 - git from the path, as everywhere
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    top = {name.split("/")[0] for name in listed if not name.startswith(".")}

    assert top <= TOP_LEVEL
    assert top >= {"jobs", "tests"}
