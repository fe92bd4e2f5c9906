"""Runs one ``advances`` command and kills it, with SIGKILL, at a named point.

Run: python kill_at.py POINT COMMAND [OPTIONS]

The points are in our own code, between two writes; the code knows nothing of them.
"""

import os
import signal
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from jobs.product.statements import STEPS


@dataclass(frozen=True)
class Point:
    """Before or after the ``call``-th call of a function, ``module:Class.name``."""

    command: str
    function: str
    is_before: bool
    call: int = 1


def _before(command: str, function: str, call: int = 1) -> Point:
    return Point(command, function, True, call)


def _after(command: str, function: str, call: int = 1) -> Point:
    return Point(command, function, False, call)


def _step(name: str) -> int:
    """Return which call of ``Product._step`` does the step of that name."""
    return list(STEPS).index(name) + 1


_DUCKDB = "jobs.warehouse.duckdb:DuckDBWarehouse"
_BIGQUERY = "jobs.warehouse.bigquery:BigQueryWarehouse"
_PRODUCT = "jobs.product.postgres:Product"
POINTS = {
    "ingest, some tables validated": _before("ingest", "jobs.ingest:validate", 4),
    "ingest, all validated and nothing written": _before(
        "ingest", f"{_DUCKDB}.replace"
    ),
    "ingest, quarantine written and no rows": _before(
        "ingest", f"{_DUCKDB}._insert", 12
    ),
    "ingest, half of the tables written": _before("ingest", f"{_DUCKDB}._insert", 17),
    "ingest, everything written, not committed": _after(
        "ingest", f"{_DUCKDB}._insert", 33
    ),
    "ingest, committed and not cleaned up": _before(
        "ingest", "jobs.ingest:shutil.rmtree"
    ),
    "price, priced and nothing written": _before("price", f"{_DUCKDB}.replace"),
    "price, old rows gone and no new ones": _before("price", f"{_DUCKDB}._insert"),
    "price, one of four tables written": _after("price", f"{_DUCKDB}._insert"),
    "price, everything written, not committed": _after(
        "price", f"{_DUCKDB}._insert", 4
    ),
    "price, committed": _after("price", f"{_DUCKDB}.replace"),
    "publish, audited": _before("publish", f"{_PRODUCT}.publish"),
    "publish, nothing staged": _before("publish", "jobs.product.postgres:_stage"),
    "publish, staged": _after("publish", "jobs.product.postgres:_stage"),
    "publish, old offers ended and no new ones": _after(
        "publish", f"{_PRODUCT}._step", _step("withdraw")
    ),
    "publish, offers opened and no message": _before(
        "publish", f"{_PRODUCT}._step", _step("tell")
    ),
    "publish, all but the record": _before("publish", "jobs.product.postgres:_record"),
    "publish, everything but the commit": _after(
        "publish", "jobs.product.postgres:_record"
    ),
    "publish, committed": _after("publish", f"{_PRODUCT}.publish"),
    "ingest to BigQuery, some tables staged": _before(
        "ingest", f"{_BIGQUERY}._stage", 5
    ),
    "ingest to BigQuery, all staged": _before("ingest", f"{_BIGQUERY}._commit"),
    "ingest to BigQuery, committed and scratch left": _after(
        "ingest", f"{_BIGQUERY}._commit"
    ),
}


def arm(point: Point) -> None:
    """Put a wrapper that kills in the place of the point's function."""
    module, _, path = point.function.partition(":")
    *parents, name = path.split(".")
    owner: Any = import_module(module)
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, name)
    calls = 0

    def killing(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if point.is_before and calls == point.call:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **options)
        if calls == point.call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, killing)


if __name__ == "__main__":
    from jobs.__main__ import main

    arm(POINTS[sys.argv[1]])
    sys.argv = ["advances", *sys.argv[2:]]
    main()
