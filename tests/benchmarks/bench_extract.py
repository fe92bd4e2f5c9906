"""Rows a second from a live PostgreSQL into the warehouse, and the memory it takes.

Run: python tests/benchmarks/bench_extract.py [ORDER_LINES]

Fills ``order_items`` of a marketplace of its own with two years of history, which a
first load reads month by month, then times ``advances ingest --table order_items`` end
to end: extract, Parquet, validation, load, commit. A table without a row, loaded into
another empty warehouse, tells what is so for any number. Copying the same table to CSV
by the server itself, in the same run, is the floor beside it.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from postgres_marketplace import create_tables
from postgres_server import postgres_server

FILL = """
    insert into order_items (
        order_item_id, order_id, seller_id, ordered_at, captured_at, delivered_at,
        status, currency_code, gross_minor, commission_minor, updated_at
    )
    select
        'item-' || n, 'order-' || n, 'seller-' || n %% 20000, at, at, null, 'captured',
        case n %% 2 when 0 then 'EUR' else 'JPY' end, n %% 20000, n %% 2000, at
    from (
        select n, timestamptz '2024-10-31 00:00+00' + n * interval '63 seconds' as at
        from generate_series(1, %(count)s) as n
    ) as numbered
"""


def run(*words: str, **variables: str) -> None:
    """Run a command to its end in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "jobs", *words],
        env=os.environ | variables,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def main(count: int) -> None:
    """Print rows a second, the server's own copy beside it, and the peak of memory."""
    with (
        tempfile.TemporaryDirectory(prefix="advances-") as folder,
        postgres_server(Path(folder) / "server") as server,
    ):
        address = server.create_database()
        create_tables(address)
        with psycopg.connect(address) as connection:
            connection.execute(FILL.encode(), {"count": count})
            started = time.perf_counter()
            with connection.cursor().copy(
                "copy order_items to stdout (format csv)"
            ) as it:
                size = sum(len(block) for block in it)
            copied = time.perf_counter() - started
        environment = {
            "ADVANCES_SOURCE_DATABASE": address,
            "ADVANCES_HOME": str(Path(folder) / "home"),
        }
        night = ("--source", "postgres", "--as-of", "2026-11-15")
        started = time.perf_counter()
        elsewhere = {"ADVANCES_HOME": str(Path(folder) / "elsewhere")}
        run("ingest", *night, "--table", "chargebacks", **environment | elsewhere)
        start_up = time.perf_counter() - started
        started = time.perf_counter()
        run("ingest", *night, "--table", "order_items", **environment)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{count:,} order lines in {seconds:.1f} s, {count / seconds:,.0f} a second")
    rate = count / (seconds - start_up)
    print(
        f"{start_up:.1f} s of it are the same for no line: a command starts and makes"
        f" the warehouse; without them {rate:,.0f} a second"
    )
    print(f"largest process {peak:.2f} GiB (goals: 400,000 a second, 1 GiB)")
    print(f"the server's own copy of {size / 2**20:,.0f} MiB took {copied:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
