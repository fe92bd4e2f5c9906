"""Many nights in a row, then each of them replayed from what it stored.

    .venv/bin/python tests/benchmarks/bench_replay.py [NIGHTS] [SELLERS]

Prints a line a night: offers opened, kept and ended, rows replayed, values that differ,
and how long deciding and pricing took beside replaying both.
"""

import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from jobs.build import build
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.ingest import ingest
from jobs.night import Night, read_policy
from jobs.nightly import summarise
from jobs.price import price
from jobs.replay import replay
from jobs.settings import Settings
from jobs.sources.catalogue import SampleSource
from jobs.sources.sample import Sample


def main(night_count: int, sellers: int) -> None:
    """Run the nights up to the end of the sample and replay each."""
    sample = Sample(sellers=sellers)
    rows = differing = 0
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        source = SampleSource(sample, settings.home)
        policy = read_policy(settings)
        nights = [
            Night(
                settings,
                source,
                sample.end_date - timedelta(days=back),
                policy,
                lambda _line: None,
            )
            for back in range(night_count - 1, -1, -1)
        ]
        for night in nights:
            ingest(night)
            build(night, "cash_flow")
            forecast_fit(night)
            forecast_predict(night, Share())
            started = time.perf_counter()
            decide(night)
            price(night)
            decided = time.perf_counter() - started
            found = summarise(night)
            print(
                f"{night.as_of_date}: {found.opened_count:,} opened, {found.fates},"
                f" decided and priced in {decided:.1f} s",
                flush=True,
            )
        for night in nights:
            started = time.perf_counter()
            replayed = replay(night)
            taken = time.perf_counter() - started
            rows += replayed.row_count
            differing += len(replayed.differences)
            print(
                f"{night.as_of_date}: {replayed.row_count:,} rows replayed in"
                f" {taken:.1f} s, {len(replayed.differences)} values differ",
                flush=True,
            )
    print(f"{night_count} nights, {rows:,} rows replayed, {differing} values differ")


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] + ["30", "2000"][len(sys.argv) - 1 :])))
