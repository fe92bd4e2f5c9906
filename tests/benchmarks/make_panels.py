"""Write the panels of the forecast benchmark from the shared data sets.

Run: python tests/benchmarks/make_panels.py FOLDER

Each is a Parquet file with series_id, date and value, as `advances backtest forecasts
--panel` takes it; the sample marketplace also has country_code and currency_code.
"""

import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb

from jobs.sources.sample import Sample, write

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

#: The rows without a date keep their order; the last of each series lies on one Friday.
LAST_FRIDAY = date(2016, 12, 30)
M4_FIRST = LAST_FRIDAY - timedelta(weeks=8 * 52)

PANELS = {
    "olist": """
        select seller_id as series_id, cast(shipping_limit_date as date) as date,
            sum(price) as value
        from '{shared}/olist/olist_order_items_dataset.parquet'
        where shipping_limit_date between '2017-01-01' and '2018-08-31 23:59:59'
        group by all
    """,
    "rossmann": """
        select series_id, date, sales as value
        from '{shared}/benchmarks/rossmann_daily.parquet'
    """,
    "rossmann_open": """
        select series_id, date, sales as value
        from '{shared}/benchmarks/rossmann_daily.parquet'
        where series_id in (
            select series_id from '{shared}/benchmarks/rossmann_daily.parquet'
            where date between '2014-07-10' and '2014-12-20'
        )
    """,
    "walmart": """
        select series_id, week_end_date as date, sales as value
        from '{shared}/benchmarks/walmart_store_weekly.parquet'
    """,
    "m4_weekly": """
        with numbered as (
            select series_id, value, row_number() over (
                partition by series_id order by split = 'test', position) as n,
                count(*) over (partition by series_id) as count
            from '{shared}/benchmarks/m4_weekly.parquet'
        )
        select series_id, date '{last}' - 7 * (count - n)::int as date, value
        from numbered where date '{last}' - 7 * (count - n)::int > '{first}'
    """,
}

#: Repayable sales of a day: captured less refunded, 0 at least.
SAMPLE = """
    with items as (
        select distinct on (order_item_id) *
        from '{sample}/order_items/*.parquet' order by order_item_id, updated_at desc
    ),
    sellers as (
        select distinct on (seller_id) *
        from '{sample}/sellers/*.parquet' order by seller_id, updated_at desc
    ),
    flows as (
        select seller_id, currency_code, cast(captured_at as date) as date,
            gross_minor as minor
        from items where captured_at is not null
        union all
        select items.seller_id, items.currency_code, cast(refunded_at as date),
            -amount_minor
        from '{sample}/refunds/*.parquet' as refunds
        inner join items on items.order_item_id = refunds.order_item_id
    )
    select seller_id || ' ' || flows.currency_code as series_id, date,
        greatest(sum(minor), 0) as value, flows.currency_code, country_code
    from flows inner join sellers using (seller_id)
    group by all
"""


def main(folder: Path) -> None:
    """Write one file a panel."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, query in PANELS.items():
        text = query.format(shared=SHARED, last=LAST_FRIDAY, first=M4_FIRST)
        _write(text, folder / f"{name}.parquet")
    with tempfile.TemporaryDirectory(prefix="advances-") as place:
        sample = Path(place) / "sample"
        write(Sample(sellers=1_500, days=730, seed=11), sample, lambda _done: None)
        _write(SAMPLE.format(sample=sample), folder / "sample.parquet")


def _write(query: str, path: Path) -> None:
    count = duckdb.sql(f"copy ({query}) to '{path}' (format parquet)").fetchall()
    print(f"{path}: {count[0][0]:,} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
