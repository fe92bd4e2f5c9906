"""Builders for nights and small helpers to look into a warehouse."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from jobs.night import Night, read_policy
from jobs.settings import Settings
from jobs.sources.catalogue import SampleSource
from jobs.sources.files import Files
from jobs.sources.protocol import Source
from jobs.sources.sample import Sample

SAMPLE = Sample(sellers=240, days=500, seed=5, end_date=date(2026, 10, 31))


def night_of(home: Path, source: Source | Path, as_of_date: date) -> Night:
    """Return a night over ``source``, or over the folder of files at that path."""
    settings = Settings(home=home)
    opened = Files(str(source)) if isinstance(source, Path) else source
    return Night(
        settings, opened, as_of_date, read_policy(settings), lambda _line: None
    )


def sample_night(home: Path) -> Night:
    """Return the night of the small sample whose results live under ``home``."""
    return night_of(home, SampleSource(SAMPLE, home), SAMPLE.end_date)


def rows_of(night: Night, sql: str) -> list[dict[str, Any]]:
    """Return what ``sql`` finds in the night's warehouse."""
    with night.warehouse() as warehouse:
        return warehouse.query(sql).to_pylist()


def value_of(night: Night, sql: str) -> Any:  # noqa: ANN401 - whatever the query gives
    """Return the one value that ``sql`` finds."""
    ((value,),) = (row.values() for row in rows_of(night, sql))
    return value


def change(night: Night, *statements: str) -> None:
    """Run statements that change the night's warehouse."""
    with duckdb.connect(night.warehouse_address) as connection:
        for statement in statements:
            connection.execute(statement)
