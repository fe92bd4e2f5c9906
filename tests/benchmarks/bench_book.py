"""What a night of the book costs after months of it, with the same movements tonight.

Run: python tests/benchmarks/bench_book.py [ADVANCES [DAYS_BETWEEN_SALES [MONTHS ...]]]

A book is written straight into raw: every seller has one advance after another, a new
one every 88 days, and sells and repays every few days, in two currencies. At 24 months
it has ADVANCES of them, with a row of the schedule for each night that each was open;
at 3 months only the newest ones. The night before is built in full, then tonight, on
which the same sellers sell and repay whatever the age. Printed are the seconds of each
step of tonight, for each age, and the last over the first.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb
from nights import night_of, value_of

from jobs.book import book
from jobs.build import build
from jobs.check_repayments import check
from jobs.ingest import RAW_TABLES
from jobs.night import Night
from jobs.warehouse.tables import QUANTILE_COLUMNS, TABLES
from jobs.warn import warn

TONIGHT = date(2026, 10, 31)
#: Days from one advance of a seller to the next, and in which it is repaid.
SLOT, REPAID_IN = 88, 80
SLOTS = 8
STEPS: dict[str, Callable[[Night], object]] = {
    "build cash_flow": lambda night: build(night, "cash_flow"),
    "check": check,
    "book": book,
    "warn": warn,
    "build book": lambda night: build(night, "book"),
}

#: Rows of raw that came in from one day to another, by their key and what they say.
#: A seller's number decides on which day of 88 its first advance begins.
WORLD = """
    create or replace temp view known_sellers as
    select i, format('s{{:06d}}', i) as seller_id, (i * 37) % {slot} as first_day,
        case when i % 3 = 0 then 'JPY' else 'EUR' end as currency_code,
        1000 + (i * 7919) % 90000 as due_minor
    from range({sellers}) as numbers (i);
    create or replace temp view sales as
    select *, date '{start}' + day::int as sold_date,
        (day - first_day) // {slot} as slot, (day - first_day) % {slot} as age,
        format('{{}}-{{:04d}}', seller_id, day) as sale_id
    from known_sellers, range({days}) as days (day)
    where day >= first_day and (day - first_day) % {every} = 0;
    create or replace temp view loans as
    select *, first_day + {slot} * slot as day, format('{{}}-{{}}', seller_id, slot)
        as advance_id, due_minor * {payments} as owed_minor
    from known_sellers, range({slots} + 1) as slots (slot)
"""
ROWS = {
    "order_items": """
        select sale_id as order_item_id, sale_id as order_id, seller_id,
            sold_date + time '10:00' as ordered_at, ordered_at as captured_at,
            'captured' as status, currency_code, due_minor * 10 as gross_minor,
            0 as commission_minor, ordered_at as updated_at
        from sales where sold_date between $first and $last
    """,
    "balance_transactions": """
        select 'b' || sale_id as balance_transaction_id, seller_id, currency_code,
            'sale' as kind, due_minor * 10 as amount_minor, sale_id as source_id,
            sold_date + time '10:00' as occurred_at, occurred_at as available_at,
            occurred_at as updated_at
        from sales where sold_date between $first and $last
        union all by name
        select 'r' || sale_id as balance_transaction_id, seller_id, currency_code,
            'advance_repayment' as kind, -due_minor as amount_minor,
            sold_date + time '23:00' as occurred_at, occurred_at as available_at,
            occurred_at as updated_at
        from sales
        where age between 1 and {repaid_in} and sold_date between $first and $last
        union all by name
        select 'd' || advance_id as balance_transaction_id, seller_id, currency_code,
            'advance' as kind, owed_minor * 9 // 10 as amount_minor,
            advance_id as source_id,
            date '{start}' + day::int + time '12:00' as occurred_at,
            occurred_at as available_at, occurred_at as updated_at
        from loans where date '{start}' + day::int between $first and $last
    """,
    "advance_repayments": """
        select 'p' || sale_id as advance_repayment_id,
            format('{{}}-{{}}', seller_id, slot) as advance_id,
            'r' || sale_id as balance_transaction_id, due_minor as amount_minor,
            currency_code, 'holdback' as kind, sold_date + time '23:00' as repaid_at,
            repaid_at as updated_at
        from sales
        where age between 1 and {repaid_in} and sold_date between $first and $last
    """,
    "advances": """
        select advance_id, seller_id, currency_code,
            owed_minor * 9 // 10 as advance_minor,
            owed_minor - owed_minor * 9 // 10 as fee_minor, 0.1 as holdback_rate,
            60 as minimum_interval_days, due_minor as minimum_minor,
            date '{start}' + day::int + time '11:00' as accepted_at,
            accepted_at + interval 1 hour as disbursed_at,
            case when date '{start}' + day::int + {repaid_in} <= $last
                then date '{start}' + day::int + {repaid_in} + time '23:00' end
                as closed_at,
            case when closed_at is null then 'disbursed' else 'repaid' end as status,
            coalesce(closed_at, disbursed_at) as updated_at
        from loans
        where date '{start}' + day::int between $first and $last
            or (date '{start}' + day::int + {repaid_in} between $first and $last)
    """,
    "sellers": """
        select seller_id, seller_id as legal_entity_id, 'DE' as country_code,
            currency_code, 'active' as status,
            timestamp '{start} 00:00:00' as onboarded_at, onboarded_at as updated_at
        from known_sellers where $first < date '{tonight}' and $first < $last
    """,
}
#: What was booked at once as if it had been booked nightly: whole on the first night of
#: each advance, and unchanged on the later ones.
NIGHTS = """
    create temp table booked as select * from underwriting.advance_days;
    delete from underwriting.advance_days;
    insert into underwriting.advance_days
    select * replace (disbursed_date as as_of_date, null as before_date) from booked;
    insert into underwriting.advance_days
    select * exclude (day) replace (
        day::date as as_of_date, day::date - 1 as before_date,
        balance_minor as opening_balance_minor,
        carrying_minor as opening_carrying_minor,
        allowance_minor as opening_allowance_minor,
        {unmoved})
    from booked, unnest(generate_series(
        disbursed_date + 1, least(disbursed_date + {repaid_in}, as_of_date),
        interval 1 day)) as nights (day);
    update underwriting.journal_entries as lines set as_of_date = disbursed_date
    from booked where booked.advance_id = lines.advance_id;
"""
UNMOVED = (
    *("disbursed_change", "fee_change", "repaid_change", "recovered_change"),
    *("written_off_change", "forgone_fee_change", "income", "catch_up"),
    *("allowance_charge", "allowance_use"),
)


def deliver(night: Night, sellers: int, every: int, days: int, first: date) -> None:
    """Load what happened from ``first`` to the night, as of a book of so many days."""
    facts = {
        "slot": SLOT,
        "slots": days // SLOT,
        "repaid_in": REPAID_IN,
        "payments": REPAID_IN // every,
        "sellers": sellers,
        "every": every,
        "days": days,
        "start": TONIGHT - timedelta(days=days - 1),
        "tonight": TONIGHT,
    }
    with night.warehouse() as warehouse:
        warehouse.ensure([*RAW_TABLES.values(), *TABLES])
    window = {"first": first, "last": night.as_of_date}
    with duckdb.connect(night.warehouse_address) as connection:
        connection.execute(WORLD.format(**facts))
        for name, rows in ROWS.items():
            used = {key: day for key, day in window.items() if f"${key}" in rows}
            connection.execute(
                f"insert into raw.{name} by name select *,"
                f" date '{night.as_of_date}' as ingest_date"
                f" from ({rows.format(**facts)})",
                used,
            )
        columns = f"date '{night.as_of_date}' as as_of_date, currency_code"
        sold = "900000 * (h + 1)"
        quantiles = ", ".join(f"{sold} as {name}" for name in QUANTILE_COLUMNS)
        connection.execute(
            "insert into underwriting.forecast_quantiles by name"
            f" select seller_id, {columns},"
            f" 0 as seller_bucket, 7 * (h + 1) as horizon_days, {quantiles},"
            " false as is_extrapolated,"
            f" '{night.versions['model_version']}' as model_version"
            " from known_sellers, range(9) as horizons (h)"
        )


def spread_over_nights(night: Night) -> None:
    """Give every advance a row of the book for each night it was open."""
    unmoved = ", ".join(f"0 as {name}_minor" for name in UNMOVED)
    with duckdb.connect(night.warehouse_address) as connection:
        connection.execute(NIGHTS.format(unmoved=unmoved, repaid_in=REPAID_IN))


def measured(
    home: Path, sellers: int, every: int, days: int
) -> tuple[dict[str, float], str]:
    """Return the seconds of each step of tonight, and how large the book is."""
    night = night_of(home, home, TONIGHT)
    before = replace(night, as_of_date=TONIGHT - timedelta(days=1))
    deliver(before, sellers, every, days, date.min)
    build(before, "cash_flow")
    book(before)
    spread_over_nights(before)
    for step in (check, warn):
        step(before)
    build(before, "book")
    deliver(night, sellers, every, days, TONIGHT)
    seconds = {}
    for name, step in STEPS.items():
        started = time.perf_counter()
        step(night)
        seconds[name] = time.perf_counter() - started
    counts = [
        value_of(night, f"select count(*) from {table}")
        for table in (
            "cash_flow.fct_advances",
            "cash_flow.fct_advances where is_open",
            "cash_flow.fct_advance_repayments",
            "book.fct_advance_schedule",
            f"raw.advance_repayments where ingest_date = date '{TONIGHT}'",
            "book.fct_repayment_differences",
        )
    ]
    return seconds, (
        "{:,} advances, {:,} of them open, {:,} repayments, {:,} rows of the schedule;"
        " {:,} repayments tonight, {:,} differences".format(*counts)
    )


def main(advances: int, every: int, *months: int) -> None:
    """Measure each age and print them side by side."""
    found = []
    for age in months:
        with tempfile.TemporaryDirectory() as folder:
            days = SLOT * round(age * 365 / 12 / SLOT)
            seconds, size = measured(Path(folder), advances // SLOTS, every, days)
        print(f"{age} months: {size}")
        found.append(seconds)
    print(f"{'seconds of tonight':<18}", *(f"{f'{age} months':>10}" for age in months))
    for name in STEPS:
        row = [seconds[name] for seconds in found]
        print(f"{name:<18}", *(f"{one:>10.1f}" for one in row), end="")
        print(f"  x {row[-1] / row[0]:.1f}")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [32_000, 4, 3, 24][len(given) :]))
