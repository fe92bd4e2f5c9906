"""Time and memory of one night on a fresh sample, largest process first.

Run: python tests/benchmarks/bench_nightly.py [SELLERS]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main(sellers: int) -> None:
    """Run `advances nightly --timings` in a new home and print what it took."""
    command = Path(sys.executable).parent / "advances"
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        subprocess.run(
            [command, "nightly", "--source", f"sample:sellers={sellers}", "--timings"],
            env=os.environ | {"ADVANCES_HOME": home},
            check=True,
        )
        wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{sellers:,} sellers: {wall:.0f} s wall, {used.ru_utime + used.ru_stime:.0f} s"
        f" CPU, largest process {used.ru_maxrss / 2**20:.2f} GiB"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
