"""What a small answer out of BigQuery takes, by our reader and by Google's.

``python tests/benchmarks/bench_answers.py``: asks the stand-in for one row thirty times
by each in turn, and prints the middle of each. Google's ``to_arrow`` reads by the same
Storage Read API, and looks every 0.2 seconds whether it is done.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bigquery_standin import standin
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from jobs.warehouse.bigquery import BigQueryWarehouse

SQL = "select 1 as one"
TIMES = 30


def seconds_of(ask: Callable[[], object]) -> float:
    """Return how long one call takes."""
    started = time.perf_counter()
    ask()
    return time.perf_counter() - started


def main() -> None:
    """Ask by each in turn and print both."""
    with standin() as server:
        client = bigquery.Client(
            "bench",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": server.endpoint},
        )
        with BigQueryWarehouse(
            project="bench",
            location="US",
            maximum_bytes_billed=10**9,
            deadline_seconds=60,
            labels={},
            endpoint=server.endpoint,
            storage_endpoint=server.storage_endpoint,
        ) as warehouse:
            reader = warehouse._reader
            both: dict[str, Callable[[], object]] = {
                "our reader": lambda: warehouse.query(SQL),
                "to_arrow": lambda: (
                    client.query(SQL).result().to_arrow(bqstorage_client=reader)
                ),
            }
            taken: dict[str, list[float]] = {name: [] for name in both}
            for _ in range(TIMES):
                for name, ask in both.items():
                    taken[name].append(seconds_of(ask))
    for name, seconds in taken.items():
        sys.stdout.write(f"{name:12} {median(seconds):6.3f} s an answer\n")
    ours, theirs = (median(seconds) for seconds in taken.values())
    sys.stdout.write(f"our reader / to_arrow {ours / theirs:.2f}\n")


if __name__ == "__main__":
    main()
