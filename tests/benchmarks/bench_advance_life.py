"""Seconds and memory to live through advances day by day, all of them at once.

Run: python tests/benchmarks/bench_advance_life.py [ADVANCES [DAYS]]

Made-up sellers, most days without a sale, minimums of 30 and 60 days, gates, and one
event of each kind for every hundred advances and month. A hundred of them are beside
the plain loop of the tests.
"""

import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[2]))

from jobs.underwriting.advance_life import Event, Events, Gates, Life, Terms, live
from tests.unit.underwriting.test_advance_life import Happening, Plain


def made(count: int, days: int) -> tuple[np.ndarray, Terms, Events, Gates]:
    """Return sales of every size, what was agreed, what happened, and the gates."""
    random = np.random.default_rng(7)
    size = np.exp(random.normal(8, 1, count)).astype(np.int64)
    sales = random.integers(-1, 4, (days, count)) * size
    terms = Terms(
        20 * size + 1,
        random.integers(100_000, 200_001, count),
        size,
        random.choice((0, 30, 60), count),
        random.integers(0, 30, count),
    )
    events = count * days // 3_000
    day = random.integers(1, days, events)
    return (
        sales,
        terms,
        Events(
            day,
            random.integers(0, count, events),
            random.integers(0, len(Event), events),
            random.integers(0, 200_000, events),
            np.zeros(events, np.int64),
            day - 1,
        ),
        Gates(random.random((days, count)) < 0.01, random.random((days, count)) < 0.01),
    )


def looped(
    sales: np.ndarray, terms: Terms, events: Events, gates: Gates, count: int
) -> list[list[int]]:
    """Return the balances of the first advances by a plain loop."""
    names = Events.__annotations__
    rows = zip(*(getattr(events, name).tolist() for name in names), strict=True)
    happened = [
        Happening(day, advance, Event(kind), *rest)
        for day, advance, kind, *rest in rows
        if advance < count
    ]
    balances = []
    for index in range(count):
        agreed = (getattr(terms, name)[index] for name in Terms.__annotations__)
        plain = Plain(*map(int, agreed))
        plain.paused = set(np.flatnonzero(gates.is_paused[:, index]).tolist())
        own = [one for one in happened if one.advance == index]
        for day in range(sales.shape[0]):
            if day == plain.disbursed:
                plain.balance = plain.owed
            today = [one for one in own if one.day == day]
            for event in sorted(today, key=lambda one: one.kind):
                plain.happen(day, event, happened)
            is_stopped = bool(gates.is_stopped[day, index])
            plain.end_day(day, int(sales[day, index]), is_stopped=is_stopped)
        balances.append(plain.balances)
    return balances


def main(count: int, days: int) -> None:
    """Print the time, the memory, and whether the plain loop agrees."""
    world = made(count, days)
    started = time.perf_counter()
    life: Life = live(*world)
    taken = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    few = min(100, count)
    started = time.perf_counter()
    expected = looped(*world, few)
    plain = (time.perf_counter() - started) * count / few
    same = np.array_equal(np.array(expected).T, life.balance_minor[:, :few])
    print(f"{count:,} advances x {days} days: {taken:.1f} s, peak {peak:.1f} GiB")
    print(f"plain loop about {plain:,.0f} s; the first {few} agree: {same}")


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], "100000", "365")[:2]))
