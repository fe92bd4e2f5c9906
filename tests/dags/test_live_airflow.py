"""The nights under Airflow's own scheduler, with every database in PostgreSQL.

One test, because starting a scheduler is dear: it follows an operator through a failed
audit, its mending, and a backfill in which a task is killed in mid-write.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from airflow_command import BIN
from live_airflow import LiveAirflow, live_airflow
from nights import night_of
from postgres_marketplace import create_tables, move_forward
from postgres_server import Postgres

from jobs.nightly import nightly
from jobs.postgres_address import PostgresAddress
from jobs.settings import Settings
from jobs.sources.postgres import Postgres as SourceDatabase
from jobs.sources.sample import Sample, write

ROOT = Path(__file__).resolve().parents[2]
#: The scheduler makes the night that ended last, so the marketplace reaches up to it.
#: The schedule is a minute past the present hour: the next night is then a day away.
NOW = datetime.now(UTC) - timedelta(minutes=2)
LAST = NOW.date() - timedelta(days=1)
BEFORE = LAST - timedelta(days=1)
BACKFILL = [LAST - timedelta(days=days) for days in range(8, 1, -1)]
SECRET = "planted-Secret_43"  # noqa: S105 - planted to be looked for
KILLED = "price, one of four tables written"
#: What a person would change to have the same nights without the long waits.
IMPATIENCE = (
    ("dag_kit", "timedelta(minutes=1)", "timedelta(seconds=1)"),
    ("dag_kit", "poke_interval=10", "poke_interval=0.5"),
    ("nightly_cash_flows", '"0 2 * * *"', f'"1 {NOW.hour} * * *"'),
)
#: The tests of the marts run on the first and the last night of the backfill alone.
UNTESTED = BACKFILL[1:-1]
#: Started by every task: `advances`, but for what the two flags ask for once, and with
#: fewer tests on the nights that have fewer. Its last word is the night.
COMMAND = """#!/bin/sh
for night; do :; done
case "{untested}" in *"$night"*)
  export DBT_EXCLUDE_RESOURCE_TYPES="test unit_test";;
esac
if [ "$1" = publish ] && [ -e {flags}/strict-audit ]; then
  export ADVANCES_PUBLICATION_CHANGE_LIMIT_RATE=0
  export ADVANCES_PUBLICATION_CHANGE_LIMIT_COUNT=0
fi
case "$*" in "price --as-of {killed_night}")
  if rm {flags}/kill 2>/dev/null; then
    exec {python} {kill_at} "{killed}" "$@"
  fi;;
esac
exec {advances} "$@"
"""


@dataclass(frozen=True)
class Nights:
    """Two homes over one marketplace: the scheduler's, and one run by hand."""

    airflow: LiveAirflow
    flags: Path
    by_airflow: dict[str, str]
    by_hand: dict[str, str]

    def run_by_hand(self, as_of_date: date) -> None:
        """Run the night without Airflow."""
        with pytest.MonkeyPatch.context() as environment:
            for name, text in self.by_hand.items():
                environment.setenv(name, text)
            if as_of_date in UNTESTED:
                environment.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")
            settings = Settings()
            address = PostgresAddress(settings.source_database, "SOURCE", 60)
            night = night_of(settings.home, SourceDatabase(address), as_of_date)
            nightly(night, lambda _step: None)


@pytest.fixture(scope="module")
def nights(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[Nights]:
    """Start Airflow over a marketplace whose night before last was made by hand."""
    base = tmp_path_factory.mktemp("live")
    marketplace = postgres.create_database()
    write(Sample(sellers=60, days=400, seed=3, end_date=LAST), base / "history")
    create_tables(marketplace)
    move_forward(marketplace, base / "history", LAST)
    (by_airflow, by_hand) = (
        {
            "ADVANCES_HOME": str(base / name),
            "ADVANCES_SOURCE": "postgres",
            "ADVANCES_SOURCE_DATABASE": f"{marketplace}&password={SECRET}",
            "ADVANCES_PRODUCT_DATABASE": f"{postgres.create_database()}"
            f"&password={SECRET}",
            # So few sellers, as of whatever day it is, may well double their offers.
            "ADVANCES_PUBLICATION_CHANGE_LIMIT_RATE": "1000",
        }
        for name in ("airflow-home", "by-hand")
    )
    flags = base / "flags"
    flags.mkdir()
    command = _command(base / "advances", flags)
    variables = {**by_airflow, "ADVANCES_COMMAND": str(command)}
    variables["ADVANCES_DEADLINE_HOURS"] = "0.0003"  # a second
    metadata = postgres.create_database()
    with live_airflow(base / "airflow", _dags(base), metadata, variables) as airflow:
        yield Nights(airflow, flags, by_airflow, by_hand)


def _dags(base: Path) -> Path:
    """Return a copy of the DAGs whose waits are short and whose hour is now."""
    folder = base / "project" / "dags"
    shutil.copytree(ROOT / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, patient, impatient in IMPATIENCE:
        path = folder / f"{name}.py"
        text = path.read_text("utf-8")
        assert text.count(patient) == 1, patient
        path.write_text(text.replace(patient, impatient), "utf-8")
    return folder


def _command(path: Path, flags: Path) -> Path:
    path.write_text(
        COMMAND.format(
            flags=flags,
            killed_night=BACKFILL[2],
            untested=" ".join(str(night) for night in UNTESTED),
            killed=KILLED,
            python=sys.executable,
            kill_at=ROOT / "tests" / "kill_at.py",
            advances=BIN / "advances",
        ),
        "utf-8",
    )
    path.chmod(0o755)
    return path


def published(home: dict[str, str]) -> list[tuple[Any, ...]]:
    """Return the nights that were published, and what is on offer now, by whom."""
    with psycopg.connect(home["ADVANCES_PRODUCT_DATABASE"]) as connection:
        rows = connection.execute(
            "select as_of_date, open_count, offers_hash"
            " from seller_advances.publications order by publication_number"
        ).fetchall()
        states = connection.execute(
            "select offer_id::text, state, change_number from seller_advances.offers"
            " order by 1"
        ).fetchall()
    return [*rows, *states]


def stored(home: dict[str, str]) -> dict[str, Any]:
    """Return a hash of the rows of every table and mart, whatever code made them."""
    (path,) = Path(home["ADVANCES_HOME"]).glob("*/warehouse.duckdb")
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.sql(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where schema_name in ('raw', 'underwriting', 'cash_flow', 'offers')"
        ).fetchall()
        hashes = {
            name: connection.sql(f"select sum(hash(t)) from {name} as t").fetchall()
            for (name,) in tables
        }
    assert len(hashes) > 25
    return hashes


def test_nights_under_the_scheduler(
    nights: Nights, show: Callable[[str], None]
) -> None:
    """Asset, buckets, failed audit, deadline, retry of a killed task, backfill."""
    airflow, last = nights.airflow, LAST.isoformat()
    _two_homes_have_the_same_past(nights)
    _a_failed_audit_stops_publication(nights, show)

    (nights.flags / "strict-audit").unlink()
    airflow("tasks", "clear", "nightly_offers", "--task-regex", "publish", "--yes")
    airflow.wait_for_run("nightly_offers", last, "success", 120)
    nights.run_by_hand(LAST)
    assert published(nights.by_airflow) == published(nights.by_hand)
    show(f"publish cleared: {LAST} published, equal to the night by hand")

    _the_chain_is_complete(airflow, show)
    _only_the_last_night_was_caught_up(airflow, show)
    _alerts_were_given(nights, show)
    _a_backfill_equals_nights_by_hand(nights, show)
    _no_log_tells_a_password(airflow, show)


def _two_homes_have_the_same_past(nights: Nights) -> None:
    """Make the night before last by hand in both, so that there is a yesterday."""
    nights.run_by_hand(BEFORE)
    there, here = (
        Path(it["ADVANCES_HOME"]) for it in (nights.by_airflow, nights.by_hand)
    )
    shutil.copytree(here, there)
    # What one product shows, the other shows too.
    subprocess.run(
        [BIN / "advances", "publish", "--as-of", BEFORE.isoformat()],
        env=os.environ | nights.by_airflow,
        check=True,
        capture_output=True,
    )
    assert published(nights.by_airflow) == published(nights.by_hand)


def _a_failed_audit_stops_publication(
    nights: Nights, show: Callable[[str], None]
) -> None:
    airflow, last = nights.airflow, LAST.isoformat()
    yesterday = published(nights.by_airflow)
    (nights.flags / "strict-audit").touch()
    airflow.wait_for(
        "DAGs", lambda: airflow.ask("select 1 from dag having count(*) = 3"), 90
    )
    airflow("dags", "unpause", "--treat-dag-id-as-regex", "nightly_", "--yes")
    airflow.wait_for_run("nightly_cash_flows", last, "success", 300)
    airflow.wait_for_run("nightly_offers", last, "failed", 300)

    tries = airflow.ask(
        "select task_id, try_number from task_instance where state = 'failed'"
    )
    assert tries == [{"task_id": "publish", "try_number": 1}]
    log = airflow.task_log("nightly_offers", last, "publish")
    (why,) = set(
        re.findall(r"the audit failed, nothing was published: since [^\"]*?;", log)
    )
    assert yesterday == published(nights.by_airflow)
    show(f"failed audit: {why} yesterday's offers are still on show")
    assert "FAILED nightly_offers.publish as of " + last in log
    show("failure callback: FAILED nightly_offers.publish as of " + last)


def _the_chain_is_complete(airflow: LiveAirflow, show: Callable[[str], None]) -> None:
    """Every task of both DAGs ran for the one key; tables and buckets were mapped."""
    done = airflow.ask(
        "select run.dag_id, task_id, count(*) as n from task_instance as task"
        " inner join dag_run as run using (dag_id, run_id)"
        " where task.state = 'success' and partition_key = %s group by 1, 2",
        LAST.isoformat(),
    )
    counts = {row["task_id"]: row["n"] for row in done}
    assert {row["dag_id"] for row in done} == {"nightly_cash_flows", "nightly_offers"}
    assert (counts["ingest"], counts["forecast_predict"]) == (12, 4)
    assert (
        counts["publish"] == counts["build_cash_flow"] == counts["wait_for_offers"] == 1
    )
    show(f"chain: {sum(counts.values())} tasks of {LAST} in both DAGs, by the asset")
    show("buckets: forecast_predict ran in 4 mapped tasks, ingest in 12")


def _only_the_last_night_was_caught_up(
    airflow: LiveAirflow, show: Callable[[str], None]
) -> None:
    """Unpausing makes the night that ended last, and none of the years before it."""
    runs = airflow.ask("select dag_id, partition_key from dag_run order by 1")
    assert runs == [
        {"dag_id": dag_id, "partition_key": LAST.isoformat()}
        for dag_id in ("nightly_cash_flows", "nightly_offers")
    ]
    show(f"catchup is off: unpausing made {LAST} alone")


def _alerts_were_given(nights: Nights, show: Callable[[str], None]) -> None:
    """With a deadline of a second both runs were late, and a line says so."""
    airflow = nights.airflow

    def late() -> list[str]:
        paths = (airflow.logs / "executor_callbacks").rglob("*")
        texts = [path.read_text("utf-8") for path in paths if path.is_file()]
        found = re.findall(r"LATE (\w+) as of ([\d-]+)", "".join(texts))
        return sorted({f"{dag_id} {key}" for dag_id, key in found})

    expected = [
        f"{dag_id} {LAST}" for dag_id in ("nightly_cash_flows", "nightly_offers")
    ]
    airflow.wait_for("deadline alerts", lambda: late() == expected, 60)
    show(f"deadline alerts: LATE {', '.join(late())}")


def _a_backfill_equals_nights_by_hand(
    nights: Nights, show: Callable[[str], None]
) -> None:
    """Seven older nights, one task killed in mid-write, end as they do by hand."""
    airflow = nights.airflow
    (nights.flags / "kill").touch()
    airflow(
        *("backfill", "create", "--dag-id", "nightly_cash_flows"),
        *("--from-date", BACKFILL[0].isoformat()),
        *("--to-date", (BACKFILL[-1] + timedelta(days=1)).isoformat()),
        *("--max-active-runs", "1"),
    )
    for night in BACKFILL:
        nights.run_by_hand(night)
    for night in BACKFILL:
        airflow.wait_for_run("nightly_cash_flows", night.isoformat(), "success", 240)
        airflow.wait_for_run("nightly_offers", night.isoformat(), "success", 240)

    keys = airflow.ask(
        "select dag_id, array_agg(partition_key order by start_date) as made"
        " from dag_run where partition_key <> %s group by 1 order by 1",
        LAST.isoformat(),
    )
    in_order = [night.isoformat() for night in BACKFILL]
    assert [row["made"] for row in keys] == [in_order, in_order]
    (killed,) = airflow.ask(
        "select task_id, try_number, partition_key from task_instance"
        " inner join dag_run using (dag_id, run_id) where try_number > 1"
        " and partition_key <> %s",
        LAST.isoformat(),
    )
    assert killed["task_id"] == "price"
    assert killed["partition_key"] == BACKFILL[2].isoformat()
    assert not (nights.flags / "kill").exists()
    show(f"SIGKILL: price of {BACKFILL[2]} died in mid-write and was tried again")
    assert stored(nights.by_airflow) == stored(nights.by_hand)
    assert published(nights.by_airflow) == published(nights.by_hand)
    show(
        f"backfill: 7 nights from {BACKFILL[0]}, every table equal to 7 nights by hand"
    )
    log = airflow.task_log("nightly_offers", in_order[0], "publish")
    assert f"not published: the product shows {LAST} already" in log


def _no_log_tells_a_password(airflow: LiveAirflow, show: Callable[[str], None]) -> None:
    """Neither the tasks' logs nor those of Airflow's own processes hold the secret."""
    paths = [path for path in airflow.logs.parent.rglob("*") if path.is_file()]
    logs = [path for path in paths if path.is_relative_to(airflow.logs)]
    assert len(logs) > 150
    assert [path for path in paths if SECRET.encode() in path.read_bytes()] == []
    show(f"a planted password: in 0 of {len(paths)} files that Airflow wrote")
