"""The Olist marketplace: real order lines; what they lack is derived by rule.

Two files of the Kaggle export are read, Parquet or CSV under their original names:
``olist_order_items_dataset`` and ``olist_sellers_dataset``. Nothing else is used; above
all not the orders: where only part of them is at hand (5 % of all), a rule that read
them would treat sellers unequally.

The rules, each an assumption and marked in ``derived``:

- A line is sold, ordered and captured at its ``shipping_limit_date``, the only date
  that every line has. Its gross is the price; freight is not the seller's sale.
- Commission is 10 % of the price, rounded down. Currency is BRL, country is BR.
- A seller is one legal entity, active, and onboarded at the first sale.
- Every Monday at 06:00 UTC the marketplace pays the sales less commission of the seven
  days up to the Sunday before. The money arrives at once, as no transit is known.
- The export was taken at ``EXPORTED_AT``. Lines dated later (four, in 2020) are
  delivered as they are, known since the export, so that validation quarantines them;
  no ledger line, payout or onboarding follows from them, nor any payout later than it.

There are no refunds, chargebacks, checks, restrictions, advances or offers: those
tables are not delivered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from jobs.sources.protocol import DataError, Window, name_of
from jobs.sources.tables import TABLES

#: The last order time in the full data, and so the earliest the export can have been.
EXPORTED_AT = datetime(2018, 10, 17, 17, 30, 18)  # noqa: DTZ001 - naive UTC, as stored
COMMISSION_PERCENT = 10

_ITEMS = "olist_order_items_dataset"
_SELLERS = "olist_sellers_dataset"
_COLUMNS = {
    _ITEMS: ("order_id", "order_item_id", "seller_id", "shipping_limit_date", "price"),
    _SELLERS: ("seller_id",),
}

_DELIVERED = ("sellers", "order_items", "payouts", "balance_transactions")
_GIVEN = {
    "sellers": ("seller_id",),
    "order_items": ("order_id", "seller_id", "gross_minor"),
    "payouts": (),
    "balance_transactions": (),
}

#: Lines as delivered, with every cast that fails left null for the checks to find.
_LINES = f"""
    select
        order_id,
        order_id || '-' || order_item_id as order_item_id,
        seller_id,
        try_cast(price as double) * 100 as exact_minor,
        try_cast(round(exact_minor) as bigint) as gross_minor,
        gross_minor * {COMMISSION_PERCENT} // 100 as commission_minor,
        try_cast(shipping_limit_date as timestamp) as sold_at,
        least(sold_at, timestamp '{EXPORTED_AT}') as updated_at,
        date_trunc('week', sold_at) + interval '7 days 6 hours' as paid_at,
        (date_trunc('week', sold_at) + interval '6 days')::date as period_end_date,
        'derived-' || seller_id || '-' || period_end_date as payout_id,
        count(*) over (partition by order_id, raw_items.order_item_id) as copy_count
    from raw_items
"""

#: Reason and condition of every breach that would spoil the rules.
_BREACHES = {
    "has no order_id, order_item_id or seller_id": (
        "order_item_id is null or seller_id is null"
    ),
    "has no readable shipping_limit_date": "sold_at is null",
    "has no price in whole centavos": (
        "gross_minor is null or gross_minor < 0"
        " or abs(exact_minor - gross_minor) > 1e-6"
    ),
    "is there twice": "copy_count > 1",
    f"names a seller that {_SELLERS} lacks": (
        "not exists (select 1 from raw_sellers"
        " where raw_sellers.seller_id = lines.seller_id)"
    ),
}

_ROWS = {
    "sellers": f"""
        select
            seller_id,
            seller_id as legal_entity_id,
            'BR' as country_code,
            'BRL' as currency_code,
            'active' as status,
            coalesce(min(sold_at), timestamp '{EXPORTED_AT}') as onboarded_at,
            onboarded_at as updated_at
        from raw_sellers
        left join known_lines using (seller_id)
        group by seller_id
    """,
    "order_items": """
        select
            order_item_id,
            order_id,
            seller_id,
            sold_at as ordered_at,
            sold_at as captured_at,
            null::timestamp as delivered_at,
            'captured' as status,
            'BRL' as currency_code,
            gross_minor,
            commission_minor,
            updated_at
        from lines
    """,
    "payouts": """
        select
            payout_id,
            seller_id,
            'BRL' as currency_code,
            period_end_date - 6 as period_start_date,
            period_end_date,
            paid_at as initiated_at,
            paid_at,
            'paid' as status,
            sum(gross_minor - commission_minor)::bigint as amount_minor,
            paid_at as updated_at
        from paid_lines
        group by payout_id, seller_id, period_end_date, paid_at
    """,
    "balance_transactions": """
        with entries as (
            select *, 'sale' as kind, gross_minor as amount_minor from known_lines
            union all
            select *, 'commission' as kind, -commission_minor as amount_minor
            from known_lines
        ),

        versions as (
            select *, null as batch_id, sold_at as version_at from entries
            union all
            select *, payout_id as batch_id, paid_at as version_at
            from entries
            where is_paid
        )

        select
            'derived-' || kind || '-' || order_item_id as balance_transaction_id,
            seller_id,
            batch_id as payout_id,
            'BRL' as currency_code,
            kind,
            amount_minor,
            order_item_id as source_id,
            sold_at as occurred_at,
            sold_at as available_at,
            version_at as updated_at
        from versions
        union all
        select
            payout_id as balance_transaction_id,
            seller_id,
            payout_id,
            'BRL' as currency_code,
            'payout' as kind,
            -sum(gross_minor - commission_minor)::bigint as amount_minor,
            payout_id as source_id,
            paid_at as occurred_at,
            paid_at as available_at,
            paid_at as updated_at
        from paid_lines
        group by payout_id, seller_id, paid_at
    """,
}


@dataclass(frozen=True)
class Olist:
    """The folder ``path`` with the two files of the export."""

    path: Path

    @property
    def name(self) -> str:
        """A name of its own for every folder."""
        return name_of("olist", str(self.path.resolve()))

    @property
    def derived(self) -> Mapping[str, tuple[str, ...]]:
        """Table name to the columns that a rule of this module fills."""
        return {
            table: tuple(
                column.name
                for column in TABLES[table].columns
                if column.name not in given
            )
            for table, given in _GIVEN.items()
        }

    @property
    def tables(self) -> tuple[str, ...]:
        """The contract tables delivered; DataError where a file is missing."""
        for stem in _COLUMNS:
            self._file(stem)
        return _DELIVERED

    def land(
        self,
        table: str,
        folder: Path,
        window: Window | None = None,  # noqa: ARG002 - validation cuts
    ) -> list[Path]:
        """Write all versions of all rows of ``table`` as one Parquet file.

        Raises DataError naming the file, and the column or the line, that is at fault.
        """
        folder.mkdir(parents=True, exist_ok=True)
        landed = folder / f"{table}.parquet"
        with duckdb.connect() as connection:
            self._read(connection, _SELLERS, "raw_sellers")
            self._read(connection, _ITEMS, "raw_items")
            connection.execute(f"create table lines as {_LINES}")
            self._check_lines(connection)
            connection.execute(
                "create view known_lines as"
                f" select *, paid_at <= timestamp '{EXPORTED_AT}' as is_paid"
                f" from lines where sold_at <= timestamp '{EXPORTED_AT}';"
                " create view paid_lines as select * from known_lines where is_paid"
            )
            order = f"updated_at, {TABLES[table].key}"
            rows = connection.sql(f"select * from ({_ROWS[table]}) order by {order}")
            rows.write_parquet(str(landed))
        return [landed]

    def _file(self, stem: str) -> Path:
        for ending in (".parquet", ".csv"):
            file = self.path / f"{stem}{ending}"
            if file.is_file():
                return file
        message = f"no {stem}.parquet and no {stem}.csv; Olist needs one"
        raise DataError(message, where=self.path)

    def _read(
        self, connection: duckdb.DuckDBPyConnection, stem: str, table: str
    ) -> None:
        """Load the needed columns as text or as they are typed; DataError if not."""
        file = self._file(stem)
        try:
            if file.suffix == ".csv":
                rows = connection.read_csv(str(file), all_varchar=True, header=True)
            else:
                rows = connection.read_parquet(str(file))
            missing = [name for name in _COLUMNS[stem] if name not in rows.columns]
            if missing:
                message = f"no column {', '.join(missing)}"
                raise DataError(message, where=file)
            rows.select(*_COLUMNS[stem]).create(table)
        except duckdb.Error as error:
            message = f"cannot be read: {error}"
            raise DataError(message, where=file) from error

    def _check_lines(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Raise DataError for lines from which nothing can be derived."""
        for reason, condition in _BREACHES.items():
            broken = connection.execute(
                "select coalesce(min(order_item_id), 'without a name'), count(*)"
                f" from lines where {condition}"
            ).fetchone()
            if broken and broken[1]:
                name, count = broken
                message = f"line {name} {reason} ({count} in all)"
                raise DataError(message, where=self._file(_ITEMS))
