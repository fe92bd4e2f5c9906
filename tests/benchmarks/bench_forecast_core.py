"""Series a second of the forecast alone, beside AutoETS and the speed of memory.

Run: python tests/benchmarks/bench_forecast_core.py [SERIES]

Made-up sellers over 730 days, half of them in yen, forecast at all nine horizons once
everything is compiled. Memory's own speed is adding the same panel up once: nothing
that reads every day can be faster. AutoETS runs on 40 of the series in one process,
where statsforecast is installed (pip install --editable '.[peers]').
"""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from importlib.util import find_spec

import numpy as np

from jobs.calendars import calendars_of
from jobs.forecasters import THREADS, fit_on_threads
from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.forecasting.model import predict
from jobs.forecasting.panel import Panel
from jobs.peers import forecast_peer
from jobs.sales_history import PART_SERIES

DAYS = 730
PEER_SERIES = 40


def made_panel(count: int) -> Panel:
    """Return sellers of every activity, size and age."""
    random = np.random.default_rng(7)
    sales = random.gamma(1.5, np.exp(random.normal(7, 1.2, (count, 1))), (count, DAYS))
    sales *= random.random((count, DAYS), np.float32) < random.beta(
        0.8, 0.8, (count, 1)
    )
    birth_index = random.integers(0, 500, count)
    sales[np.arange(DAYS) < birth_index[:, None]] = 0.0
    return Panel(
        seller_ids=np.array([f"seller-{row:07d}" for row in range(count)]),
        currency_codes=np.where(np.arange(count) % 2, "JPY", "EUR"),
        country_codes=np.where(np.arange(count) % 2, "JP", "FR"),
        start_date=date(2024, 11, 1),
        end_date=date(2026, 10, 31),
        sales=np.round(sales).astype(np.float32),
        birth_index=birth_index,
        is_open=np.broadcast_to(np.True_, sales.shape),
    )


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(count: int) -> None:
    """Print each time with its series a second."""
    panel = made_panel(count)
    calendars = calendars_of({"FR", "JP"}, panel.start_date, panel.end_date)
    few = panel.take(slice(0, 300))
    predict(few, fit_on_threads(few, calendars, HORIZONS_DAYS))
    fitted = []
    fit = seconds(
        lambda: fitted.append(fit_on_threads(panel, calendars, HORIZONS_DAYS))
    )
    print(f"fit on a sample: {fit:.2f} s, {THREADS} threads")

    def predict_on(threads: int) -> None:
        parts = range(0, count, PART_SERIES)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda first: predict(_part(panel, first), fitted[0]), parts))

    for threads in (1, 2):
        predicting = seconds(lambda: predict_on(threads))  # noqa: B023 - called at once
        print(
            f"predict {count:,} series on {threads} threads: {predicting:.2f} s,"
            f" {count / predicting:,.0f} series/s"
        )
    memory = seconds(lambda: panel.sales.sum(axis=1))
    print(f"adding the panel up: {memory:.3f} s, 1/{predicting / memory:.0f} of that")
    if find_spec("statsforecast"):
        peers = panel.take(slice(0, PEER_SERIES))
        lengths = np.array(HORIZONS_DAYS)
        with ThreadPoolExecutor(1) as pool:
            auto_ets = seconds(lambda: forecast_peer("AutoETS", peers, lengths, pool))
        ratio = auto_ets / PEER_SERIES / (predicting / count)
        print(
            f"AutoETS: {PEER_SERIES / auto_ets:.1f} series/s in one process; we are"
            f" {ratio:,.0f} times as fast"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"at most {peak:.2f} GiB, the panel and its making included")


def _part(panel: Panel, first: int) -> Panel:
    return panel.take(slice(first, first + PART_SERIES))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
