"""Build: run dbt over the warehouse as it was known on one date."""

import json
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from jobs.dbt_process import read_ahead, run_dbt
from jobs.errors import AdvancesError
from jobs.night import Night, require_marts
from jobs.settings import project_version
from jobs.sources.protocol import DataError
from jobs.warehouse.protocol import Warehouse

Part = Literal["cash_flow", "offers", "book", "accuracy"]

#: The table that names the night a part was last built and tested for; book and
#: accuracy have none.
MARKS = {"cash_flow": "rpt_built_night", "offers": "rpt_audited_night"}

SUNDAY = 6


class Start(NamedTuple):
    """The night that a part's marts go forward from, if any.

    ``tested_date`` is the same where its marts, and all before them, have passed their
    tests, so that tests need to ask only of what has changed since. Both are of marts
    that the same ``project_version`` made.
    """

    project_version: str
    built_date: date | None = None
    tested_date: date | None = None


class BuildError(AdvancesError, RuntimeError):
    """dbt could not run at all; its own output says why."""


def read_project_ahead(night: Night) -> None:
    """Begin to read the project for the night's builds, while other work goes on."""
    read_ahead(*_request(night, Start(project_version(night.settings.dbt_project))))


def build(night: Night, part: Part) -> int:
    """Build and test one part of the dbt project; return how many nodes passed.

    The cash-flow marts go forward from the night they were last built for, where it is
    before this one; else they are built from raw again. Accuracy compares with what
    they know of the night, so they must be of it. Raises DataError naming the tests
    that failed.
    """
    with night.warehouse() as warehouse:
        if not warehouse.exists("raw", "sellers"):
            message = f"{night.warehouse_address} is empty"
            advice = "run `advances ingest` first"
            raise DataError(message, advice)
        if part == "accuracy":
            require_marts(night, warehouse)
        version = project_version(night.settings.dbt_project)
        start = _forward_from(version, night, warehouse, part)
    return _run(night, part, start)


def write_docs(night: Night) -> Path:
    """Write what the dbt project says of the warehouse as one page; return its path.

    It opens from disk and needs no network. Raises DataError without marts.
    """
    with night.warehouse() as warehouse:
        if not warehouse.exists("cash_flow", "rpt_built_night"):
            message = f"{night.warehouse_address} has no marts to describe"
            advice = "run `advances nightly` for the same --source and --as-of first"
            raise DataError(message, advice)
    page = night.workspace / "docs" / "index.html"
    # Without compiling: some SQL can be made only beside tables of parts built later.
    start = Start(project_version(night.settings.dbt_project))
    words = ("docs", "generate", "--static", "--no-compile")
    code, output = _dbt(night, start, *words)
    if code:
        raise BuildError(output)
    page.parent.mkdir(exist_ok=True)
    return (_target(night) / "static_index.html").replace(page)


def _forward_from(
    version: str, night: Night, warehouse: Warehouse, part: Part
) -> Start:
    """Return what the part's marts can start from.

    A build that failed has left no night, so the next one starts from nothing; so does
    the first one of another dbt project, whose rows would stand beside those of the
    one before. From nothing, cash-flow marts start over and all nights of the offers
    are asked. A night asks of everything where it is a Sunday or the first since one,
    and where the one before it was built without tests.
    """
    from_nothing = Start(version)
    if part not in MARKS or not warehouse.exists(part, MARKS[part]):
        return from_nothing
    rows = warehouse.query(f"select * from {part}.{MARKS[part]}").to_pylist()
    if not rows or rows[0]["as_of_date"] >= night.as_of_date:
        return from_nothing
    if rows[0].get("project_version") != version:
        return from_nothing
    built = rows[0]["as_of_date"]
    since_sunday = (night.as_of_date.weekday() - SUNDAY) % 7
    has_sunday = (night.as_of_date - built).days > since_sunday
    asks_of_changes = rows[0]["is_tested"] and not has_sunday
    return Start(version, built, built if asks_of_changes else None)


def _run(night: Night, part: Part, start: Start) -> int:
    results_path = _target(night) / "run_results.json"
    results_path.unlink(missing_ok=True)
    is_full_refresh = part == "cash_flow" and not start.built_date
    code, output = _dbt(
        night,
        start,
        "build",
        *("--select", f"tag:{part}"),
        *(["--full-refresh"] if is_full_refresh else []),
        *(["--exclude", "tag:whole"] if start.tested_date else []),
    )
    if code not in {0, 1} or not results_path.exists():
        raise BuildError(output)
    results = json.loads(results_path.read_text(encoding="utf-8"))["results"]
    _raise_on_failure(results, output, code)
    if not any(result["unique_id"].startswith("test.") for result in results):
        night.say(f"warning: {part} was built without its tests")
    for result in results:
        if result["status"] == "warn":
            night.say(f"warning: {_name(result)}: {result['message']}")
    return len(results)


def _dbt(night: Night, start: Start, *words: str) -> tuple[int, str]:
    """Run dbt for the night; return its exit code and what it printed."""
    printed = _target(night) / "printed.txt"
    code = run_dbt(*_request(night, start, *words), printed)
    return code, printed.read_text(encoding="utf-8")


def _request(
    night: Night, start: Start, *words: str
) -> tuple[list[str], dict[str, str]]:
    """Return dbt's arguments and environment; make the folder that it writes to."""
    target = _target(night)
    target.mkdir(parents=True, exist_ok=True)
    arguments = [
        "--quiet",
        "--no-use-colors",  # What it prints goes to a file.
        *("--log-level-file", "info"),  # Each SQL statement lies in compiled/ and run/.
        *words,
        *("--project-dir", str(night.settings.dbt_project)),
        *("--profiles-dir", str(night.settings.dbt_project)),
        *("--target-path", str(target)),
        *("--log-path", str(target)),
    ]
    environment = {
        # They test SQL, not tonight's data. An option would not let a long backfill
        # leave out more.
        "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
        **night.settings.dbt_environment(night.warehouse_address),
        "ADVANCES_AS_OF_DATE": night.as_of_date.isoformat(),
        "ADVANCES_POLICY_VERSION": night.policy.policy_version,
        "ADVANCES_PROJECT_VERSION": start.project_version,
        "ADVANCES_BUILT_NIGHT": str(start.built_date or ""),
        "ADVANCES_TESTED_NIGHT": str(start.tested_date or ""),
    }
    return arguments, environment


def _target(night: Night) -> Path:
    return night.workspace / "dbt"


def _name(result: dict[str, str]) -> str:
    return result["unique_id"].split(".")[2]


def _raise_on_failure(
    results: list[dict[str, str]], output: str, return_code: int
) -> None:
    advice = "its rows and SQL are in the folder dbt beside the warehouse"
    failed = [result for result in results if result["status"] == "fail"]
    broken = [result for result in results if result["status"] == "error"]
    if broken or (return_code and not failed):
        message = "; ".join(
            f"{_name(result)}: {result['message']}" for result in broken
        )
        raise BuildError(message or output, advice)
    if failed:
        message = "; ".join(
            f"test {_name(result)} failed: {result['message']}" for result in failed
        )
        raise DataError(message, advice)
