"""A command killed at any point, then run again, ends like one that never was."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import kill_at
import pandas as pd
import psycopg
import pytest
from kill_at import POINTS
from nights import night_of
from postgres_server import Postgres

from jobs.build import build
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.ingest import RAW_TABLES, ingest
from jobs.night import Night
from jobs.nightly import nightly
from jobs.price import price
from jobs.sources.catalogue import SampleSource
from jobs.sources.sample import Sample
from jobs.warehouse.offer_tables import (
    ADVANCE_OFFERS,
    OFFER_DISCLOSURES,
    OFFER_EVALUATIONS,
)
from jobs.warehouse.tables import LOADS, QUARANTINE

SAMPLE = Sample(sellers=60, days=400, seed=3)
SOURCE = "sample:sellers=60,days=400,seed=3"
TABLES = (
    *RAW_TABLES.values(),
    *(QUARANTINE, LOADS),
    *(OFFER_EVALUATIONS, ADVANCE_OFFERS, OFFER_DISCLOSURES),
)
PRODUCT_TABLES = {
    "offers": "offer_id",
    "publications": "publication_number",
    "offer_outbox": "idempotency_key",
}
#: Row count, count of different keys, and a hash of the rows, of each table.
State = dict[str, tuple[int, int, str]]


@dataclass(frozen=True)
class Stage:
    """A warehouse and a product as they are just before a command."""

    folder: Path
    product: str
    night: Night


@pytest.fixture(scope="module")
def stages(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[dict[str, Stage]]:
    """Run a night whole and the next step by step; keep what each step begins with."""
    base = tmp_path_factory.mktemp("faults")
    product = postgres.create_database()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ADVANCES_PRODUCT_DATABASE", product)
        home = base / "home"
        source = SampleSource(SAMPLE, home)
        first = night_of(home, source, SAMPLE.end_date - timedelta(days=1))
        nightly(first, lambda _step: None)
        night = replace(first, as_of_date=SAMPLE.end_date)
        kept: dict[str, Stage] = {}

        def keep(command: str) -> None:
            folder = base / command
            shutil.copytree(night.workspace, folder)
            kept[command] = Stage(folder, product, night)

        keep("ingest")
        ingest(night)
        keep("build")
        build(night, "cash_flow")
        forecast_fit(night)
        forecast_predict(night, Share())
        decide(night)
        keep("price")
        price(night)
        build(night, "offers")
        keep("publish")
        yield kept


@dataclass(frozen=True)
class Trial:
    """A copy of a stage, for one command to be run on."""

    night: Night
    environment: dict[str, str]

    def run(self, *words: str) -> int:
        """Run a Python script with words; return the exit code."""
        night = ("--source", SOURCE, "--as-of", SAMPLE.end_date.isoformat())
        return subprocess.run(
            [sys.executable, *words, *night],
            env=os.environ | self.environment,
            capture_output=True,
            check=False,
        ).returncode

    def state(self) -> State:
        """Return what the warehouse and the product hold."""
        found: State = {}
        with self.night.warehouse() as warehouse:
            for table in TABLES:
                night = next(name for name in table.partition if "date" in name)
                rows = warehouse.query(
                    f"select * from {table.address} where {night} >= '2000-01-01'"
                ).to_pandas()
                keys = rows[list(table.key)].drop_duplicates()
                digest = pd.util.hash_pandas_object(rows, index=False).sum()
                found[table.address] = (len(rows), len(keys), str(digest))
        address = self.environment["ADVANCES_PRODUCT_DATABASE"]
        with psycopg.connect(address) as connection:
            for name, key in PRODUCT_TABLES.items():
                row = connection.execute(
                    f"select count(*), count(distinct {key}), coalesce(md5(string_agg("
                    "(to_jsonb(t) - 'created_at' - 'published_at' - 'sequence_number'"
                    f" - 'publication_number')::text, ',' order by {key})), '')"
                    f" from seller_advances.{name} as t".encode()
                ).fetchone()
                found[f"product {name}"] = row
        return found

    def marts(self) -> dict[str, tuple[int, str]]:
        """Return the row count and a hash of every cash-flow mart."""
        with self.night.warehouse() as warehouse:
            names = warehouse.query(
                "select table_name from information_schema.tables"
                " where table_schema = 'cash_flow'"
            )["table_name"].to_pylist()
            found = {}
            for name in names:
                rows = warehouse.query(f"select * from cash_flow.{name}").to_pandas()
                digest = pd.util.hash_pandas_object(rows, index=False).sum()
                found[name] = (len(rows), str(digest))
        assert len(found) > 10
        return found


@pytest.fixture
def try_out(
    stages: dict[str, Stage], postgres: Postgres, tmp_path: Path
) -> Callable[[str], Trial]:
    """Return what copies the stage before a command, product included."""

    def copy(command: str, name: str = "home") -> Trial:
        stage, home = stages[command], tmp_path / name
        shutil.copytree(stage.folder, home / stage.night.source.name)
        product = postgres.copy_database(stage.product)
        environment = {"ADVANCES_HOME": str(home), "ADVANCES_PRODUCT_DATABASE": product}
        settings = replace(stage.night.settings, home=home, product_database=product)
        return Trial(replace(stage.night, settings=settings), environment)

    return copy


ON_DUCKDB = [name for name in POINTS if "BigQuery" not in name]


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, State]:
    """Keep what each command leaves when nobody kills it; one run serves all points."""
    return {}


@pytest.mark.parametrize("point", ON_DUCKDB)
def test_a_killed_command_run_again_ends_the_same(
    try_out: Callable[..., Trial],
    undisturbed: dict[str, State],
    show: Callable[[str], None],
    point: str,
) -> None:
    """Nothing is lost or doubled; in between, all is as before or as after."""
    command = POINTS[point].command
    if command not in undisturbed:
        calm = try_out(command, "undisturbed")
        assert calm.run("-m", "jobs", command) == 0
        undisturbed[command] = calm.state()
    trial = try_out(command)
    before, expected = trial.state(), undisturbed[command]

    assert trial.run(kill_at.__file__, point, command) == -9
    between = trial.state()
    assert trial.run("-m", "jobs", command) == 0

    after = trial.state()
    assert before != expected
    assert between in (before, expected)
    assert after == expected
    row_count = sum(rows for rows, *_ in after.values())
    doubled = row_count - sum(keys for _, keys, _ in after.values())
    lost = sum(rows for rows, *_ in expected.values()) - row_count
    seen = "as before" if between == before else "as after"
    counts = f"{row_count:,} rows, {doubled} doubled, {lost} lost"
    show(f"killed at {point}: {seen}; run again: {counts}")
    assert (doubled, lost) == (0, 0)
    assert list(trial.night.workspace.glob("landing/*/*")) == []


def test_a_build_dies_with_its_command(
    try_out: Callable[..., Trial], show: Callable[[str], None]
) -> None:
    """Killed in the middle of dbt, the command leaves no dbt that goes on writing."""
    trial, undisturbed = try_out("build"), try_out("build", "undisturbed")
    arguments = ("--source", SOURCE, "--as-of", SAMPLE.end_date.isoformat())
    build = subprocess.Popen(
        [sys.executable, "-m", "jobs", "build", *arguments],
        env=os.environ | trial.environment,
        stdout=subprocess.DEVNULL,
    )
    printed = trial.night.workspace / "dbt" / "printed.txt"
    before = printed.stat().st_mtime_ns
    while printed.stat().st_mtime_ns == before:
        assert build.poll() is None
        time.sleep(0.02)
    time.sleep(1.0)  # By now it writes models; a build takes several seconds.
    build.kill()
    assert build.wait() == -9

    assert trial.run("-m", "jobs", "build") == 0
    assert undisturbed.run("-m", "jobs", "build") == 0
    assert trial.marts() == undisturbed.marts()
    show(f"killed at build, dbt under way; run again: {len(trial.marts())} marts equal")
