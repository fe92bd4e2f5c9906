"""The product's PostgreSQL: one transaction takes it from one set of offers to another.

Readers see the set before or the set after, never a mix; a crash leaves the one before.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from jobs.errors import AdvancesError
from jobs.postgres_address import PostgresAddress
from jobs.product.contract import COLUMNS, CONTRACT_VERSION, column_definitions
from jobs.product.statements import COUNTS, CREATE, HASH, STEPS, TOTALS

#: Offers and their amounts by currency: ``{"EUR": {"open_count": 2, ...}}``.
Totals = Mapping[str, Mapping[str, int]]


class ProductUnavailableError(AdvancesError, RuntimeError):
    """The product's database cannot be used now; the message says why."""


@dataclass(frozen=True)
class Publication:
    """What one publication changed and what has been on offer since."""

    as_of_date: date
    opened_count: int
    ended_count: int
    held_back_count: int
    open_count: int
    totals: Totals
    offers_hash: str

    @property
    def is_change(self) -> bool:
        """Whether anything on offer became other than it was."""
        return bool(self.opened_count or self.ended_count)


@dataclass(frozen=True)
class Product:
    """The offers in the schema ``seller_advances`` of the database at ``address``."""

    address: PostgresAddress

    def newest(self) -> Publication | None:
        """Return the newest publication, None where there was none yet."""
        with self._transaction("looking up what is published") as cursor:
            found = cursor.execute(
                "select to_regclass('seller_advances.publications') as there"
            ).fetchone()
            return _newest(cursor) if found and found["there"] else None

    def unsettled_since(self) -> date | None:
        """Return the day of the oldest acceptance that the offers do not show yet."""
        with self._transaction("looking up acceptances") as cursor:
            found = cursor.execute(
                "select min(accepted_at)::date as since from seller_advances.offers"
                " where state = 'open'"
            ).fetchone()
            return found["since"] if found else None

    def publish(self, as_of_date: date, offers: pa.Table) -> Publication | None:
        """Put the night's set in the place of what is on offer; return what changed.

        ``offers`` has the contract's columns: every offer that is open at the end of
        the night, and the ended ones among those on offer now. One on offer now that
        is not in it is withdrawn. What was published before keeps its terms. Returns
        None, and changes nothing, where a later night is out already.
        """
        with self._transaction(f"publishing {as_of_date}") as cursor:
            _prepare(cursor)
            before = _newest(cursor)
            if before and before.as_of_date > as_of_date:
                return None
            _stage(cursor, offers)
            for sql in STEPS.values():
                self._step(cursor, sql, as_of_date)
            published = _measure(cursor, as_of_date)
            if published.is_change or not before or before.as_of_date != as_of_date:
                _record(cursor, published)
        return published

    def _step(self, cursor: psycopg.Cursor[Any], sql: str, as_of_date: date) -> None:
        cursor.execute(sql.encode(), {"as_of_date": as_of_date})

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        """Yield a cursor; commit at the end, and leave nothing behind on an error."""
        try:
            with (
                psycopg.connect(
                    self.address.connection_string(), row_factory=dict_row
                ) as connection,
                connection.cursor() as cursor,
            ):
                yield cursor
        except psycopg.Error as error:
            text = self.address.without_password(error)
            message = f"product database, {doing}: {text}"
            raise ProductUnavailableError(message) from None


def _prepare(cursor: psycopg.Cursor[Any]) -> None:
    """Take turns with other publishers, and make acceptances wait for the commit."""
    # Acceptances queue behind a lock that is waited for, so it is not waited for long.
    cursor.execute("set local lock_timeout = '30s'")
    cursor.execute("select pg_advisory_xact_lock(hashtext('seller_advances.publish'))")
    for sql in CREATE:
        cursor.execute(sql.encode())
    cursor.execute("lock table seller_advances.offers in share row exclusive mode")


def _stage(cursor: psycopg.Cursor[Any], offers: pa.Table) -> None:
    columns = ", ".join(column_definitions())
    cursor.execute(f"create temp table staged ({columns}) on commit drop".encode())
    cursor.execute("create temp table changes (offer_id uuid) on commit drop")
    text = io.BytesIO()
    pa_csv.write_csv(
        offers.select(COLUMNS), text, pa_csv.WriteOptions(include_header=False)
    )
    with cursor.copy("copy staged from stdin (format csv)") as copy:
        copy.write(text.getbuffer())
    cursor.execute("create unique index on staged (offer_id)")
    cursor.execute("analyze staged")


def _newest(cursor: psycopg.Cursor[Any]) -> Publication | None:
    row = cursor.execute(
        "select as_of_date, opened_count, ended_count, held_back_count, open_count,"
        " totals, offers_hash"
        " from seller_advances.publications order by publication_number desc limit 1"
    ).fetchone()
    return Publication(**row) if row else None


def _measure(cursor: psycopg.Cursor[Any], as_of_date: date) -> Publication:
    totals = {
        row.pop("currency_code"): row for row in cursor.execute(TOTALS).fetchall()
    }
    (counts,) = cursor.execute(COUNTS).fetchall()
    (digest,) = cursor.execute(HASH).fetchall()
    return Publication(as_of_date, totals=totals, **counts, **digest)


def _record(cursor: psycopg.Cursor[Any], published: Publication) -> None:
    cursor.execute(
        "insert into seller_advances.publications (as_of_date, contract_version,"
        " opened_count, ended_count, held_back_count, open_count, totals, offers_hash)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            published.as_of_date,
            CONTRACT_VERSION,
            published.opened_count,
            published.ended_count,
            published.held_back_count,
            published.open_count,
            Jsonb(published.totals),
            published.offers_hash,
        ),
    )
