"""A planted password shows nowhere: not in output, errors, logs, SQL or tables."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest
from marketplace import marketplace, write_parquet
from postgres_marketplace import create_tables, move_forward
from postgres_server import Postgres

from jobs.sources.tables import TABLES

SECRET = "planted-Secret_42"  # noqa: S105 - planted to be looked for
LAST = date(2026, 3, 5)


@pytest.fixture
def databases(postgres: Postgres, tmp_path: Path) -> dict[str, str]:
    """Return the settings of a marketplace and a product whose addresses tell all."""
    history = tmp_path / "history"
    tables = {name: [] for name in TABLES} | marketplace(days=60)
    for name, rows in tables.items():
        (history / name).mkdir(parents=True)
        write_parquet(history / name, {name: rows})
    source = postgres.create_database()
    create_tables(source)
    move_forward(source, history, LAST)
    addresses = {"SOURCE": source, "PRODUCT": postgres.create_database()}
    return {
        f"ADVANCES_{name}_DATABASE": f"{address}&password={SECRET}"
        for name, address in addresses.items()
    } | {"ADVANCES_SOURCE": "postgres"}


def run(home: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a night by the command line, with all that it prints."""
    return subprocess.run(
        [sys.executable, "-m", "jobs", "nightly", "--as-of", LAST.isoformat()],
        env=os.environ | environment | {"ADVANCES_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_password_shows_nowhere(
    databases: dict[str, str], tmp_path: Path, show: Callable[[str], None]
) -> None:
    """A good night, a wrong source and a product that is away: grep finds nothing."""
    source, product = "ADVANCES_SOURCE_DATABASE", "ADVANCES_PRODUCT_DATABASE"
    away = f"postgresql://publisher:{SECRET}@127.0.0.1:1/product"
    broken = f"postgresql://reader:{SECRET}@[broken/marketplace"
    runs = {
        0: databases,
        1: databases | {product: away},
        2: databases | {source: broken},
    }
    printed = []
    for code, environment in runs.items():
        done = run(tmp_path / "home", environment)
        assert done.returncode == code, done.stderr
        printed.append(done.stdout + done.stderr)
    with psycopg.connect(databases[source]) as connection:
        connection.execute("alter table refunds drop column reason")
    drifted = run(tmp_path / "home", databases)
    assert drifted.returncode == 3
    assert "lacks column reason" in drifted.stderr
    printed.append(drifted.stdout + drifted.stderr)

    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    compiled = [path for path in files if "compiled" in path.parts]
    found = [path for path in files if SECRET.encode() in path.read_bytes()]
    assert len(compiled) > 60
    assert all(len(text) > 50 for text in printed)
    assert [text for text in printed if SECRET in text] == []
    assert found == []
    counts = f"0 of {len(files)} files and 0 of {len(printed)} outputs"
    show(f"a planted password: in {counts}")
