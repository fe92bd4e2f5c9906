"""What a night with 1 % new rows costs, as a share of building everything.

``python tests/benchmarks/bench_incremental.py [SELLERS]``: loads a sample's history of
700 days up to a Sunday, builds the cash-flow marts in full, then loads the six days to
Saturday as one night and builds again. Both are timed in one run, because only their
ratio means something on a busy machine. 7,300 sellers bring 10 million rows.

A process imports dbt and reads the project once, however much it builds, and a night
does it while it loads. So a first run of 60 sellers pays for that; a second one shows
what a build costs at any size. The day after, a Sunday, asks everything again and
merges the row groups that nights have left, as full builds do. Processor time is that
of dbt's process.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from nights import night_of, value_of

from jobs.build import build, read_project_ahead
from jobs.ingest import ingest
from jobs.sources.catalogue import SampleSource
from jobs.sources.sample import Sample

ROWS = """
    select (select count(*) from raw.order_items)
        + (select count(*) from raw.balance_transactions) as row_count
"""


#: Seconds by the clock and of processor time.
Spent = tuple[float, float]


def processor_seconds() -> float:
    """Return what the process that runs dbt, and its builds, have used so far."""
    times = [child.cpu_times() for child in psutil.Process().children()]
    return sum(
        one.user + one.system + one.children_user + one.children_system for one in times
    )


def measured(sellers: int) -> tuple[list[Spent], list[int]]:
    """Return what full build, night and Sunday cost, and rows after each load."""
    sample = Sample(sellers=sellers, days=700)
    last = sample.end_date
    spent, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for as_of_date in (last - timedelta(days=6), last, last + timedelta(days=1)):
            night = night_of(home, SampleSource(sample, home), as_of_date)
            read_project_ahead(night)
            ingest(night)
            rows.append(value_of(night, ROWS))
            started, used = time.perf_counter(), processor_seconds()
            build(night, "cash_flow")
            wall = time.perf_counter() - started
            spent.append((wall, processor_seconds() - used))
    return spent, rows


def main(sellers: int) -> None:
    """Time the full build and the incremental one; print rows, seconds and ratios."""
    measured(60)
    (small_full, small, _), _ = measured(60)
    (full, night, sunday), (before, after, _) = measured(sellers)
    print(f"{before:,} rows, then {after - before:,} new ({after / before - 1:.1%})")
    for name, (wall, cpu) in {
        "full build": full,
        "incremental": night,
        "full build of 60 sellers": small_full,
        "incremental of 60 sellers": small,
        "nothing new, but everything asked": sunday,
    }.items():
        print(f"{name:<44}{wall:>6.1f} s, {cpu:>6.1f} s of processor time")
    print(f"incremental / full {_ratio(night, full)} (goal: 15 %)")
    rest = _ratio(_less(night, small), _less(full, small_full))
    print(f"of what grows with rows {rest}")


def _less(one: Spent, other: Spent) -> Spent:
    return one[0] - other[0], one[1] - other[1]


def _ratio(part: Spent, whole: Spent) -> str:
    return f"{part[0] / whole[0]:.1%}, {part[1] / whole[1]:.1%} of processor time"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
