"""What a night with 1 % new rows costs, as a share of building everything.

``python tests/benchmarks/bench_incremental.py [SELLERS]``: loads a sample's history up
to a week before its end (99 % of two years), builds the cash-flow marts in full, then
loads the week as one night and builds again. Both are timed in one run, because only
their ratio means something on a busy machine. 7,000 sellers bring 10 million rows.
The same is built for 60 sellers, which tells how much of it is dbt's own start. The day
after, a Sunday, asks everything again. Processor time is that of dbt's process.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from nights import night_of, value_of

from jobs.build import build
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
    """Return what full build, night and Sunday cost, and rows before each."""
    sample = Sample(sellers=sellers)
    last = sample.end_date
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        spent, rows = [], [0]
        for as_of_date in (last - timedelta(days=7), last, last + timedelta(days=1)):
            night = night_of(home, SampleSource(sample, home), as_of_date)
            ingest(night)
            rows.append(value_of(night, ROWS))
            started, used = time.perf_counter(), processor_seconds()
            build(night, "cash_flow")
            wall = time.perf_counter() - started
            spent.append((wall, processor_seconds() - used))
    return spent, rows


def main(sellers: int) -> None:
    """Time the full build and the incremental one; print rows, seconds and ratios."""
    (full, night, sunday), (_, before, after, _) = measured(sellers)
    (_, start, _), _ = measured(60)
    print(f"{before:,} rows, then {after - before:,} new ({after / before - 1:.1%})")
    for name, (wall, cpu) in {
        "full build": full,
        "incremental": night,
        "of it whatever the size, as for 60 sellers": start,
        "nothing new, but everything asked": sunday,
    }.items():
        print(f"{name:<44}{wall:>6.1f} s, {cpu:>6.1f} s of processor time")
    print(f"incremental / full {_ratio(night, full)} (goal: 15 %)")
    above, whole = ((one[0] - start[0], one[1] - start[1]) for one in (night, full))
    print(f"without what is so at any size {_ratio(above, whole)}")


def _ratio(part: Spent, whole: Spent) -> str:
    return f"{part[0] / whole[0]:.1%}, {part[1] / whole[1]:.1%} of processor time"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
