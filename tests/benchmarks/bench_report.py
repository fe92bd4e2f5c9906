"""Seconds, memory and size of the report of 100,000 sellers.

Run: python tests/benchmarks/bench_report.py [COPIES] [HOME]

A finished night of the sample (made first, or the default one found under HOME, which
is copied) is multiplied inside its warehouse: each row of each table that the report
reads comes COPIES times, each time with sellers, advances and offers of its own. Raw
tables keep the two columns that the report reads of them, with as many rows.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

#: Read whole or by seller. Marts that are sums of sellers stay as they are.
MULTIPLIED = (
    "book.fct_advance_schedule",
    "book.fct_early_warnings",
    "book.fct_repayment_differences",
    "book.rpt_advances",
    "cash_flow.fct_seller_cash_flows_weekly",
    "cash_flow.fct_seller_health_daily",
    "cash_flow.rpt_payout_reconciliation",
    "offers.fct_eligibility_decisions",
    "offers.fct_eligibility_reasons",
    "offers.fct_offer_changes",
    "underwriting.advance_offers",
    "underwriting.early_warnings",
    "underwriting.eligibility_decisions",
    "underwriting.eligibility_reasons",
    "underwriting.forecast_quantiles",
    "underwriting.guard_findings",
    "underwriting.offer_disclosures",
    "underwriting.offer_evaluations",
    "underwriting.open_offers",
)
NAMED = ("seller_id", "advance_id", "offer_id", "payout_id", "legal_entity_id")


def multiply(path: Path, copies: int) -> int:
    """Multiply the night in this warehouse; return how many accounts it has then."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("set memory_limit = '2GB'; set threads = 2")
        connection.execute("set preserve_insertion_order = false")
        for table in MULTIPLIED:
            columns = [
                row[0] for row in connection.execute(f"describe {table}").fetchall()
            ]
            named = ", ".join(
                f"{name} || '-' || copy as {name}" for name in NAMED if name in columns
            )
            connection.execute(
                f"create or replace table {table} as select night.* replace ({named})"
                f" from {table} as night cross join range({copies}) as copies (copy)"
            )
        raw = connection.execute("select table_name from raw.loads").fetchall()
        for (name,) in raw:
            connection.execute(
                f"create or replace table raw.{name} as select ingest_date, updated_at"
                f" from raw.{name} cross join range({copies})"
            )
        ((count,),) = connection.execute(
            "select count(*) from underwriting.eligibility_decisions"
        ).fetchall()
        return int(count)


def prepared(home: Path, source: Path | None) -> Path:
    """Return the warehouse of a finished night under ``home``, copied or made."""
    if source:
        (found,) = source.glob("sample-2000x730-*/warehouse.duckdb")
        warehouse = home / found.parent.name / found.name
        warehouse.parent.mkdir(parents=True)
        return Path(shutil.copy(found, warehouse))
    _run(home, "nightly")
    (warehouse,) = home.glob("sample-*/warehouse.duckdb")
    return warehouse


def _run(home: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "jobs", *words],
        env=os.environ | {"ADVANCES_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def main(copies: int, source: Path | None) -> None:
    """Print the seconds, the memory and the size of the page."""
    with tempfile.TemporaryDirectory() as folder:
        home, page = Path(folder), Path(folder) / "report.html"
        count = multiply(prepared(home, source), copies)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        # The night's own process may have been larger: measured in one of its own.
        code = (
            "import resource, sys\n"
            "sys.argv = ['jobs', 'report', '--out', sys.argv[1]]\n"
            "from jobs.__main__ import main\nmain()\n"
            "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20\n"
            "print(f'{peak:.2f} GiB')"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(page)],
            env=os.environ | {"ADVANCES_HOME": str(home)},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"{count:,} sellers and currencies: {seconds:.1f} s, the command's start in"
            f" it ({used:.1f} s of processor time), {done.stdout.splitlines()[-1]},"
            f" {page.stat().st_size / 1e6:.2f} MB"
        )


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        int(given[0]) if given else 50,
        Path(given[1]) if len(given) > 1 else None,
    )
