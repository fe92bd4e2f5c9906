"""How many order lines a second the sample generator writes, Parquet included.

Run: python tests/benchmarks/bench_sample.py [SELLERS] [REPEATS]
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.sources.sample import Sample, write


def order_lines(folder: Path) -> int:
    """Count order lines, not their versions."""
    keys = pq.read_table(folder / "order_items", columns=["order_item_id"])
    return int(pc.count_distinct(keys["order_item_id"]).as_py())


def main(sellers: int, repeats: int) -> None:
    """Print one line a repeat; the first one pays for imports and caches."""
    for repeat in range(repeats):
        folder = Path(tempfile.mkdtemp()) / "history"
        wall, cpu = time.perf_counter(), time.process_time()
        write(Sample(sellers=sellers), folder)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        lines = order_lines(folder)
        print(
            f"{repeat}: {lines:,} order lines in {wall:.2f} s,"
            f" {lines / wall:,.0f} a second, {lines / cpu:,.0f} a CPU second"
        )
        shutil.rmtree(folder.parent)


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [2000, 4][len(numbers) :]))
