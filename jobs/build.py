"""Build: run dbt over the warehouse as it was known on one date."""

import json
import subprocess
import sys
from datetime import date
from typing import Literal

from jobs.night import Night
from jobs.sources.protocol import DataError
from jobs.warehouse.protocol import Warehouse

Part = Literal["cash_flow", "offers"]


class BuildError(RuntimeError):
    """dbt could not run at all; its own output says why."""


def build(night: Night, part: Part) -> int:
    """Build and test one part of the dbt project; return how many nodes passed.

    The cash-flow marts only go forward: unless the newest night in them is before this
    one, they are built from raw again. Raises DataError naming the tests that failed.
    """
    with night.warehouse() as warehouse:
        if not warehouse.exists("raw", "sellers"):
            message = f"{night.warehouse_address} is empty; run `advances ingest` first"
            raise DataError(message)
        newest = _newest_night(warehouse)
    is_forward = newest is not None and newest < night.as_of_date
    is_full_refresh = part == "cash_flow" and not is_forward
    return _run(night, part, is_full_refresh=is_full_refresh)


def _newest_night(warehouse: Warehouse) -> date | None:
    """Return the newest night that the marts have seen, finished or not."""
    if not warehouse.exists("cash_flow", "fct_seller_health_daily"):
        return None
    rows = warehouse.query(
        "select max(as_of_date) as newest from cash_flow.fct_seller_health_daily"
    )
    newest: date | None = rows["newest"][0].as_py()
    return newest


def _run(night: Night, part: Part, *, is_full_refresh: bool) -> int:
    target = night.workspace / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "dbt.cli.main",
        "--quiet",
        "build",
        *("--select", f"tag:{part}"),
        *("--exclude-resource-type", "unit_test"),  # They test SQL, not tonight's data.
        *("--vars", json.dumps({"as_of_date": night.as_of_date.isoformat()})),
        *("--project-dir", str(night.settings.dbt_project)),
        *("--profiles-dir", str(night.settings.dbt_project)),
        *("--target-path", str(target)),
        *("--log-path", str(target)),
        *(["--full-refresh"] if is_full_refresh else []),
    ]
    environment = night.settings.dbt_environment(night.warehouse_address)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    results_path = target / "run_results.json"
    if done.returncode not in {0, 1} or not results_path.exists():
        raise BuildError(done.stdout + done.stderr)
    results = json.loads(results_path.read_text(encoding="utf-8"))["results"]
    _raise_on_failure(results, done.stdout + done.stderr, done.returncode)
    for result in results:
        if result["status"] == "warn":
            night.say(f"warning: {_name(result)}: {result['message']}")
    return len(results)


def _name(result: dict[str, str]) -> str:
    return result["unique_id"].split(".")[2]


def _raise_on_failure(
    results: list[dict[str, str]], output: str, return_code: int
) -> None:
    failed = [result for result in results if result["status"] == "fail"]
    broken = [result for result in results if result["status"] == "error"]
    if broken or (return_code and not failed):
        message = "; ".join(
            f"{_name(result)}: {result['message']}" for result in broken
        )
        raise BuildError(message or output)
    if failed:
        message = "; ".join(
            f"test {_name(result)} failed: {result['message']}" for result in failed
        )
        raise DataError(message)
