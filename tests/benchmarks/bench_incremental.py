"""What a night with 1 % new rows costs, as a share of building everything.

``python tests/benchmarks/bench_incremental.py [SELLERS]``: loads a sample's history up
to a week before its end (99 % of two years), builds the cash-flow marts in full, then
loads the week as one night and builds again. Both are timed in one run, because only
their ratio means something on a busy machine. 7,000 sellers bring 10 million rows.
The same is built for 60 sellers, which tells how much of it is dbt's own start.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from nights import night_of, value_of

from jobs.build import build
from jobs.ingest import ingest
from jobs.sources.catalogue import SampleSource
from jobs.sources.sample import Sample

ROWS = """
    select (select count(*) from raw.order_items)
        + (select count(*) from raw.balance_transactions) as row_count
"""


def measured(sellers: int) -> tuple[list[float], list[int]]:
    """Return seconds of the full and the incremental build, and rows before each."""
    sample = Sample(sellers=sellers)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        seconds, rows = [], [0]
        for as_of_date in (sample.end_date - timedelta(days=7), sample.end_date):
            night = night_of(home, SampleSource(sample, home), as_of_date)
            ingest(night)
            rows.append(value_of(night, ROWS))
            started = time.perf_counter()
            build(night, "cash_flow")
            seconds.append(time.perf_counter() - started)
    return seconds, rows


def main(sellers: int) -> None:
    """Time the full build and the incremental one; print rows, seconds and ratio."""
    (full, incremental), (_, before, after) = measured(sellers)
    (_, start), _ = measured(60)
    print(f"{before:,} rows, then {after - before:,} new ({after / before - 1:.1%})")
    print(
        f"full build {full:.1f} s, incremental {incremental:.1f} s, {start:.1f} s of it"
    )
    print("whatever the size: that is what the same build takes for 60 sellers")
    print(f"incremental / full = {incremental / full:.1%} (goal: 15 %)")
    print(f"without the start {(incremental - start) / (full - start):.1%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
