"""Seconds to simulate advances for many sellers in one call, and for one seller.

Run: python tests/benchmarks/bench_simulate.py [SELLERS]

Made-up sellers, half of them in yen, with stored quantiles of every size and spread;
each asks for an amount of its own, in four courses of sales. The slider's answer is the
median of single calls with the forecast loaded. The rates of as many offers by the
historical method are beside a plain loop over the days of a few.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES
from jobs.underwriting.disclosure import disclose_estimates
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.estimate import estimate_payments, historical_pace
from jobs.underwriting.policy import parse_policy
from jobs.underwriting.simulation import SCENARIOS, Simulation, Slider, simulate

POLICY = Path(__file__).parents[2] / "jobs" / "policies" / "2027-01.toml"
CALLS = 200
LOOPED = 100


def made(count: int) -> tuple[QuantileGrid, Slider]:
    """Return quantiles of sellers of every kind, and what each asks for."""
    random = np.random.default_rng(7)
    daily = np.exp(random.normal(9, 1.0, (count, 1, 1)))
    spread = random.uniform(0.1, 0.8, (count, 1, 1))
    width = spread * np.linspace(-2.3, 2.3, len(PROBABILITIES))
    values = daily * np.array(HORIZONS_DAYS)[:, None] * np.exp(width)
    stops = random.random(count) < 0.2
    values[stops, :, :3] = 0.0
    asked = 0.1 * daily[:, 0, 0] * random.uniform(10, 200, count)
    codes = pd.Series(np.where(np.arange(count) % 2, "JPY", "EUR"))
    grid = QuantileGrid(values, np.array(HORIZONS_DAYS), np.array(PROBABILITIES))
    amounts = np.clip(asked, 1, 20_000_000).astype(np.int64)
    return grid, Slider(codes, amounts, term_days=120, holdback_rate=0.1)


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(count: int) -> None:
    """Print each time with its ratio to the others."""
    policy = parse_policy(POLICY.read_text(encoding="utf-8"), POLICY.name)
    grid, asked = made(count)

    def one(row: int) -> Simulation:
        slider = Slider(
            asked.currency_codes.iloc[[row]],
            asked.advance_minor[[row]],
            asked.term_days,
            asked.holdback_rate,
        )
        return simulate(grid.take(slice(row, row + 1)), slider, policy)

    single = [seconds(lambda: one(row)) for row in range(CALLS)]  # noqa: B023 - at once
    found: list[Simulation] = []
    many = seconds(lambda: found.append(simulate(grid, asked, policy)))
    print(
        f"one seller, {len(SCENARIOS)} scenarios: median {median(single) * 1e3:.1f} ms,"
        f" 95 of 100 within {np.quantile(single, 0.95) * 1e3:.1f} ms,"
        f" at most {max(single) * 1e3:.1f} ms of {CALLS} calls"
    )
    print(
        f"{count:,} sellers in one call: {many:.2f} s, {count / many:,.0f} a second,"
        f" {median(single) * count / many:,.0f} times as fast as one by one;"
        f" {found[0].is_price_above_cap.mean():.0%} above the price cap"
    )
    _rates(count)


def _rates(count: int) -> None:
    random = np.random.default_rng(8)
    sales = random.integers(100_000, 10_000_000, (count, 6))
    pace = historical_pace(sales, 0.1)
    owed = np.rint(0.1 * sales.mean(axis=1) * random.uniform(1, 8, count))
    owed = owed.astype(np.int64)
    advance = np.rint(owed / 1.08).astype(np.int64)

    def rates() -> np.ndarray:
        estimate = estimate_payments(pace, owed)
        return disclose_estimates(advance, owed, estimate, "historical", 6).apr_percent

    started = time.perf_counter()
    found = rates()
    taken = time.perf_counter() - started
    started = time.perf_counter()
    looped = [
        _looped(advance[row], owed[row], pace.daily[row, 0]) for row in range(LOOPED)
    ]
    each = (time.perf_counter() - started) / LOOPED
    off = np.abs(found[:LOOPED] - looped).max()
    print(
        f"historical rates of {count:,} offers: {taken:.2f} s,"
        f" {each * count / taken:,.0f} times as fast as a loop over days;"
        f" at most {off:.0e} points off it"
    )


def _looped(advance: int, owed: int, daily: float) -> float:
    """Return the rate by bisection over each day's payment."""
    payments, balance = [], float(owed)
    while balance > 1e-6:
        payments.append(min(daily, balance))
        balance -= payments[-1]
    low, high = 0.0, 1.0
    for _ in range(60):
        middle, worth = (low + high) / 2, 0.0
        for payment in reversed(payments):
            worth = (worth + payment) / (1 + middle)
        low, high = (middle, high) if worth > advance else (low, middle)
    return 36_500 * low


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
