"""Reads a sample marketplace back as plain rows, for the tests to count."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.sources.sample import Sample, write
from jobs.sources.tables import TABLES

Row = dict[str, Any]
END = datetime(2026, 10, 31, 23, 59, 59, 999_999, UTC).replace(tzinfo=None)
EARLIER = datetime(2026, 3, 14, 23, 59, 59, 999_999, UTC).replace(tzinfo=None)
SAMPLE = Sample(sellers=300, days=400, seed=0, end_date=END.date())


@cache
def arrow_tables(sample: Sample = SAMPLE) -> dict[str, pa.Table]:
    """Return the tables of a sample as they are read back from its files."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "marketplace"
        write(sample, folder)
        return {table: pq.read_table(folder / table) for table in TABLES}


@cache
def versions(name: str) -> list[Row]:
    """Return every version of every row of a table."""
    rows: list[Row] = arrow_tables()[name].to_pylist()
    return rows


def known(name: str, at: datetime = END) -> list[Row]:
    """Return the newest version of each row of a table that was known ``at``."""
    newest: dict[str, Row] = {}
    for row in sorted(versions(name), key=lambda row: row["updated_at"]):
        if row["updated_at"] <= at:
            newest[row[TABLES[name].key]] = row
    return list(newest.values())


def total(
    rows: Iterable[Row], by: Callable[[Row], Any], amount: str = "amount_minor"
) -> dict[Any, int]:
    """Return sums of an amount by whatever ``by`` picks."""
    sums: dict[Any, int] = defaultdict(int)
    for row in rows:
        sums[by(row)] += row[amount]
    return dict(sums)


def account(row: Row) -> tuple[str, str]:
    """Return the seller and currency of a row."""
    return row["seller_id"], row["currency_code"]


def is_own_line(row: Row) -> bool:
    """Tell the line by which a payout leaves the balance."""
    return bool(row["kind"] == "payout" and row["source_id"] == row["payout_id"])
