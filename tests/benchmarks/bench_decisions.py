"""Seconds to decide on and price many sellers from stored forecasts, part by part.

Run: python tests/benchmarks/bench_decisions.py [SELLERS] [--profile]

One night of a sample is copied until there are enough sellers and currencies, each copy
with amounts of its own; health, forecasts (of tonight, last night and 28 days ago) and
20,000 open offers of last night are put into a new DuckDB file. Then ``decide`` and
``price`` run as they do every night, with their parts timed: once with as many sellers
eligible as in the sample, about a third, once with eligible ones only. Budgets grow
with the number of sellers. The machine may be shared: CPU seconds, and the time to sort
the quantiles in the same run, are beside the wall clock.
"""

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np
import pandas as pd

from jobs.build import build
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.ingest import ingest
from jobs.night import Night, as_frame, read_policy
from jobs.price import price
from jobs.settings import Settings
from jobs.sources.catalogue import open_source
from jobs.underwriting.policy import Policy
from jobs.warehouse.tables import QUANTILE_COLUMNS, TABLES

TODAY = date(2026, 10, 31)
OPEN_OFFERS = 20_000
_KEY = ["seller_id", "currency_code"]
_TABLES = {
    "health": "cash_flow.fct_seller_health_daily",
    "unusual": "cash_flow.fct_seller_unusual_sales_daily",
    "quantiles": "underwriting.forecast_quantiles",
}

#: The work on what was read, then what is within it or surrounds it.
WORK = {
    "eligibility": "jobs.decide.evaluate",
    "bust-out guard": "jobs.decide.find_unusual",
    "review of open offers": "jobs.price.review",
    "offers": "jobs.price.guarded_offers",
}
AROUND = {
    "ladder, in offers": "jobs.underwriting.offers.make_rungs",
    "forecasts as a grid": "jobs.price.as_grid",
    "forecasts of 28 days ago": "jobs.decide.read_past_grid",
    "changes since last night": "jobs.price.changes_of",
    "queries": "jobs.warehouse.duckdb.DuckDBWarehouse.query",
    "writes": "jobs.warehouse.duckdb.DuckDBWarehouse.replace",
}


def grown(policy: Policy, times: float) -> Policy:
    """Return the policy with budgets and floors of groups so many times as large."""
    names = ("nightly_budget_minor", "group_exposure_floor_minor")
    currencies = {
        code: rules.model_copy(
            update={name: int(getattr(rules, name) * times) for name in names}
        )
        for code, rules in policy.currencies.items()
    }
    return policy.model_copy(update={"currencies": currencies})


def sample_rows(night: Night) -> dict[str, pd.DataFrame]:
    """Run the night; return its rows of ``_TABLES``, and of its decisions."""
    ingest(night)
    build(night, "cash_flow")
    forecast_fit(night)
    forecast_predict(night, Share())
    decide(night)
    tables = {**_TABLES, "decisions": "underwriting.eligibility_decisions"}
    with night.warehouse() as warehouse:
        return {
            name: as_frame(
                warehouse.query(
                    f"select * from {address} where as_of_date = $as_of_date"
                    " order by seller_id, currency_code"
                    + (", horizon_days" if name == "quantiles" else ""),
                    as_of_date=night.as_of_date,
                )
            )
            for name, address in tables.items()
        }


def copies(rows: pd.DataFrame, count: int, times: int, noise: float) -> pd.DataFrame:
    """Return ``count`` sellers, each ``times`` rows, with amounts of their own.

    A seller's amounts are scaled alike in every call, but for its ``noise``: what moves
    them from night to night, as a deviation of their logarithm.
    """
    base = len(rows) // times
    copied = np.arange(count) // base
    places = (np.arange(count) % base)[:, None] * times + np.arange(times)
    made = rows.iloc[places.ravel()].reset_index(drop=True)
    scale = np.exp(np.random.default_rng(7).normal(0, 0.3, count))
    scale = scale * np.exp(np.random.default_rng(8).normal(0, noise, count))
    for name in made.columns:
        if str(name).endswith("_minor"):
            amounts = np.rint(made[name].to_numpy() * scale.repeat(times))
            made[name] = amounts.astype(np.int64)
    suffix = pd.Series(copied.repeat(times)).map("-{:03d}".format)
    for name in {"seller_id", "legal_entity_id"} & set(made.columns):
        made[name] = made[name] + suffix
    return made


def fill(night: Night, base: dict[str, pd.DataFrame], count: int) -> None:
    """Write health, sales and forecasts of three nights into the night's warehouse."""
    with night.warehouse() as warehouse:
        warehouse.ensure(TABLES)
    with duckdb.connect(night.warehouse_address) as connection:
        connection.execute("create schema cash_flow")
        for days, noise in ((0, 0.0), (1, 0.05), (28, 0.2)):
            for name, address in _TABLES.items():
                times = len(base[name]) // len(base["health"])
                connection.register("copied", copies(base[name], count, times, noise))
                day = f"date '{TODAY - timedelta(days=days)}'"
                select = f"select * replace ({day} as as_of_date) from copied"
                if address.startswith("cash_flow") and days == 0:
                    connection.execute(f"create table {address} as {select}")
                elif name == "quantiles" or days == 1:
                    connection.execute(f"insert into {address} by name {select}")
        connection.execute(
            "create table cash_flow.fct_advances (advance_id varchar, offer_id varchar,"
            " seller_id varchar, currency_code varchar, accepted_at timestamp)"
        )
        connection.execute("create table cash_flow.rpt_built_night (as_of_date date)")
        connection.execute("insert into cash_flow.rpt_built_night values (null)")


def last_night(night: Night) -> None:
    """Decide and price the night before; keep 20,000 of its offers, one in 40 taken."""
    before = replace(night, as_of_date=TODAY - timedelta(days=1))
    at_night(before)
    decide(before)
    price(before)
    at_night(night)
    with duckdb.connect(night.warehouse_address) as connection:
        connection.execute(
            "delete from underwriting.advance_offers where offer_id not in (select"
            " offer_id from underwriting.advance_offers order by hash(seller_id),"
            f" offer_id limit {OPEN_OFFERS})"
        )
        connection.execute(
            "insert into cash_flow.fct_advances select offer_id, offer_id, seller_id,"
            f" currency_code, timestamp '{TODAY} 12:00' from"
            f" underwriting.advance_offers order by offer_id limit {OPEN_OFFERS // 40}"
        )


def at_night(night: Night) -> None:
    """Say that the marts were built for this night."""
    with duckdb.connect(night.warehouse_address) as connection:
        connection.execute(
            "update cash_flow.rpt_built_night set as_of_date = ?", [night.as_of_date]
        )


class Watch:
    """Wall and CPU seconds by name, added up over calls."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.spent: dict[str, np.ndarray] = {}

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Add what happens within to ``name``."""
        started = np.array([time.perf_counter(), time.process_time()])
        yield
        taken = np.array([time.perf_counter(), time.process_time()]) - started
        self.spent[name] = self.spent.get(name, np.zeros(2)) + taken

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``work``, timed."""

        def measured(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as it is
            with self.timing(name):
                return work(*given, **named)

        return measured


def measure(night: Night, quantiles: np.ndarray, *, profiled: bool) -> None:
    """Run the night's two steps and print what each part took."""
    watch, profile = Watch(), cProfile.Profile()
    with watch.timing("sort of the quantiles"):
        np.sort(quantiles, axis=None)
    with ExitStack() as stack:
        if profiled:
            stack.enter_context(profile)
        for name, target in {**WORK, **AROUND}.items():
            timed = watch.timed(name, resolve_name(target))
            stack.enter_context(patch(target, timed))
        with watch.timing("decide"):
            decided = decide(night)
        with watch.timing("price"):
            priced = price(night)
    print(
        f"{decided.evaluated_count:,} evaluated, {decided.eligible_count:,} eligible,"
        f" {priced.offer_count:,} offers opened"
    )
    spent = watch.spent
    spent["decisions and prices, once read"] = sum(spent[name] for name in WORK)
    spent["decide and price, stored to stored"] = (
        spent["decide"] + spent["price"] - spent["changes since last night"]
    )
    sort = spent["sort of the quantiles"][1]
    for name, (wall, cpu) in sorted(spent.items(), key=lambda part: part[1][1]):
        print(f"  {name:<34}{wall:>7.2f} s {cpu:>7.2f} s CPU {cpu / sort:>6.1f} sorts")
    if profiled:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def main(count: int, *, profiled: bool) -> None:
    """Measure with a third of the sellers eligible, then with all."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home)
        source = open_source("sample:sellers=2000,days=500,seed=7", None, home)
        night = Night(settings, source, TODAY, read_policy(settings), lambda _: None)
        base = sample_rows(night)
        policy = grown(night.policy, count / 1_000)
        for case in ("a third eligible", "all eligible"):
            there = Settings(home=home / case.replace(" ", "-"))
            case_night = replace(night, settings=there, policy=policy)
            rows = base
            if case == "all eligible":
                passed = base["decisions"].query("outcome == 'eligible'")[_KEY]
                rows = {name: base[name].merge(passed, on=_KEY) for name in _TABLES}
            fill(case_night, rows, count)
            last_night(case_night)
            print(f"\n{case}:", end=" ")
            values = copies(rows["quantiles"], count, 9, 0.0)[list(QUANTILE_COLUMNS)]
            measure(case_night, values.to_numpy(np.float64), profiled=profiled)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word.isdigit()]
    main(int(words[0]) if words else 100_000, profiled="--profile" in sys.argv)
