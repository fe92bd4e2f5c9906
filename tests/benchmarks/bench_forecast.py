"""Seconds and memory from warehouse rows to stored quantiles, at growing sizes.

Run: python tests/benchmarks/bench_forecast.py [SELLERS ...]

The marts that the forecast reads are made up inside DuckDB, 730 days and half of the
sellers in yen; then `advances forecast fit` and `predict` run as they would at night,
each in a process of its own, as the last line of each says with its own start.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from jobs.warehouse.duckdb import DuckDBWarehouse
from jobs.warehouse.tables import TABLES

AS_OF = "2026-10-31"
DAYS = 730
COMMAND = [sys.executable, "-m", "jobs", "forecast"]
NIGHT = ["--source", "files", "--as-of", AS_OF]

MARTS = """
create schema cash_flow;
create table cash_flow.rpt_built_night as select date '{as_of}' as as_of_date;
create temporary table sellers as
select
    i,
    printf('seller-%07d', i) as seller_id,
    case when i % 2 = 0 then 'EUR' else 'JPY' end as currency_code,
    case when i % 2 = 0 then 'FR' else 'JP' end as country_code,
    hash(i) % 64 as seller_bucket,
    (hash(i, 1) % 500)::int as born,
    -- How many days in a hundred it sells on, from hardly any to all.
    (hash(i, 2) % 100)::int as activity,
    exp(6 + (hash(i, 3) % 4000) / 1000.0) as typical
from range({sellers}) as numbers (i);
create table cash_flow.fct_seller_health_daily as
select
    date '{as_of}' as as_of_date, seller_id, currency_code, country_code,
    seller_bucket::bigint as seller_bucket,
    date '{as_of}' - {days} + 1 + born as first_sale_date,
    timestamp '{as_of}' as data_as_of
from sellers;
create table cash_flow.fct_seller_cash_flows_daily as
select
    seller_id, currency_code,
    (date '{as_of}' - {days} + 1 + d::int) as flow_date,
    (typical * (1 + hash(i, d, 5) % 1000 / 500.0))::bigint as repayable_minor
from sellers, range({days}) as days (d)
where d = born or (d > born and hash(i, d) % 100 < activity);
"""


def make_marts(home: Path, sellers: int) -> tuple[list[str], int]:
    """Fill a warehouse; return the options that name it and the rows of daily flows."""
    files = home / "history"
    files.mkdir()
    options = [*NIGHT, "--source-path", str(files)]
    # A first try says where the warehouse lies.
    run(home, "fit", options, check=False)
    (warehouse,) = home.rglob("warehouse.duckdb")
    with DuckDBWarehouse(warehouse) as ours:
        ours.ensure(TABLES)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(MARTS.format(as_of=AS_OF, days=DAYS, sellers=sellers))
        counted = connection.sql(
            "select count(*) from cash_flow.fct_seller_cash_flows_daily"
        )
        return options, int(counted.fetchall()[0][0])


def run(
    home: Path, command: str, options: list[str], *, check: bool = True
) -> tuple[float, str]:
    """Run one command in its own process; return its seconds and what it printed."""
    environment = {**os.environ, "ADVANCES_HOME": str(home)}
    started = time.perf_counter()
    done = subprocess.run(
        [*COMMAND, command, *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise RuntimeError(done.stderr)
    return time.perf_counter() - started, done.stdout.strip()


def main(sizes: list[int]) -> None:
    """Print one line a size."""
    for sellers in sizes:
        with tempfile.TemporaryDirectory(prefix="advances-") as folder:
            options, rows = make_marts(Path(folder), sellers)
            os.sync()  # Writing the made-up marts to disk is not the forecast's time.
            fit, _ = run(Path(folder), "fit", options)
            predict, _ = run(Path(folder), "predict", options)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        total = fit + predict
        print(
            f"{sellers:>9,} sellers, {rows:>11,} rows: fit {fit:5.1f} s + predict"
            f" {predict:5.1f} s = {total:5.1f} s, {sellers / total:,.0f} sellers/s,"
            f" at most {peak:.2f} GiB so far",
            flush=True,
        )


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1_000, 10_000, 100_000])
