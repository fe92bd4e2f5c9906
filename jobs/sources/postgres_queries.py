"""The queries by which a window of a PostgreSQL table is read."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pyarrow as pa

from jobs.sources.breaches import LATEST
from jobs.sources.protocol import Window
from jobs.sources.tables import Table

#: From SQL to its answer, as a stream of batches.
Ask = Callable[[str], pa.RecordBatchReader]


def queries_of(
    ask: Ask,
    table: Table,
    columns: str,
    window: Window | None,
) -> Iterator[tuple[str, str]]:
    """Yield a name and a query for each part of the window.

    Rows whose ``updated_at`` is missing or absurd come too, so that validation sees
    them, and so do the oldest of a first load, whatever their date.
    """
    select = f"select {columns} from {table.name} where"
    strays = f"updated_at is null or updated_at >= '{LATEST}'"
    if window is None:
        yield "all", f"{select} true"
        return
    if window.start_at is not None:
        bounds = f"updated_at >= {_utc(window.start_at)} and updated_at < "
        yield "window", f"{select} ({bounds}{_utc(window.end_at)}) or {strays}"
        return
    starts = _months(ask, table, window.end_at)
    for number, start_at in enumerate(starts):
        end_at = starts[number + 1] if number + 1 < len(starts) else window.end_at
        # The index on updated_at answers a range; the strays ride with the first.
        month = f"updated_at < {_utc(end_at)}"
        if number:
            month = f"updated_at >= {_utc(start_at)} and {month}"
        yield (
            f"{start_at:%Y-%m}",
            f"{select} ({month}){'' if number else f' or {strays}'}",
        )


def _months(ask: Ask, table: Table, end_at: datetime) -> list[datetime]:
    """Return the first moment of every month from the oldest row to ``end_at``."""
    oldest = ask(
        "select min(updated_at)::timestamp as oldest_at"
        f" from {table.name} where updated_at < {_utc(end_at)}"
    ).read_all()["oldest_at"][0]
    first = oldest.as_py() or end_at
    start_at = max(first, datetime(2000, 1, 1)).replace(  # noqa: DTZ001 - naive UTC
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    starts: list[datetime] = []
    while start_at < end_at or not starts:
        starts.append(start_at)
        years, month = divmod(start_at.month, 12)
        start_at = start_at.replace(year=start_at.year + years, month=month + 1)
    return starts


def _utc(at: datetime) -> str:
    return f"'{at.replace(tzinfo=UTC).isoformat()}'"
