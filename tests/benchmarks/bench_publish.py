"""Seconds to publish a night of offers into PostgreSQL in the place of another.

Run: python tests/benchmarks/bench_publish.py [OFFERS]

The second night replaces every offer of the first, the most that a night can change:
as many rows are ended as opened, and each has its message.
"""

import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from postgres_server import postgres_server

from jobs.postgres_address import PostgresAddress
from jobs.product.contract import COLUMNS, example
from jobs.product.postgres import Product


def offers(count: int, night: date, number: int, **values: object) -> pa.Table:
    """Return so many offers of one night, in two currencies, three a seller."""
    given = {**example().model_dump(), "as_of_date": night, **values}
    given |= {"supersedes_offer_id": None, "data_as_of": given["data_as_of"]}
    columns = {
        name: pa.repeat(pa.scalar(_plain(given[name])), count) for name in COLUMNS
    }
    columns["offer_id"] = pa.array(
        [str(UUID(int=number * 2**64 + index)) for index in range(count)]
    )
    columns["seller_id"] = pa.array([f"seller-{index // 3}" for index in range(count)])
    columns["target_term_days"] = pa.array(np.arange(count) % 3 * 90 + 90)
    codes = np.where(np.arange(count) % 6 < 3, "EUR", "JPY")
    columns["currency_code"] = pa.array(codes)
    return pa.table(columns)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


def main(count: int) -> None:
    """Print the seconds of a first night, of a second, and of the second again."""
    first, second = date(2026, 10, 30), date(2026, 10, 31)
    opening, opened = offers(count, first, 1), offers(count, second, 2)
    ended = offers(count, first, 1, state="withdrawn", ended_date=second)
    nights = {
        "first night": (first, opening),
        "every offer replaced": (
            second,
            pa.concat_tables([ended, opened], promote_options="permissive"),
        ),
        "the same night again": (second, opened),
    }
    with (
        tempfile.TemporaryDirectory(prefix="advances-") as folder,
        postgres_server(Path(folder) / "server") as server,
    ):
        address = PostgresAddress(server.create_database(), "PRODUCT", 600)
        for name, (night, rows) in nights.items():
            started = time.perf_counter()
            published = Product(address).publish(night, rows)
            seconds = time.perf_counter() - started
            assert published is not None
            print(
                f"{name}: {seconds:.1f} s, {published.opened_count:,} opened,"
                f" {published.ended_count:,} ended"
            )
    assert second - first == timedelta(days=1)
    print("goal: 30 s for 100,000 offers")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
