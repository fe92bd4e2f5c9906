"""The PostgreSQL source, against a server of our own."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from marketplace import marketplace, write_parquet
from nights import night_of, rows_of, value_of
from postgres_marketplace import create_tables, end_of, move_forward
from postgres_server import Postgres as Server

from jobs.ingest import ingest
from jobs.postgres_address import PostgresAddress
from jobs.sources.postgres import Postgres, _require_complete
from jobs.sources.protocol import DataError, SourceUnavailableError, Window
from jobs.sources.tables import TABLES

FIRST, SECOND = date(2026, 1, 12), date(2026, 1, 13)
PASSWORD = "planted-secret"  # noqa: S105 - what must never be shown
NEW_OUTCOME = (
    "insert into chargebacks values ('c', 'i', 's', '2026-01-13', null,"
    " 'settled', 100, 'JPY', '2026-01-13')"
)
EVERYTHING = Window(None, end_of(FIRST))


@pytest.fixture
def address(postgres: Server, tmp_path: Path) -> str:
    """Return a marketplace of two sellers as it stood at the end of FIRST."""
    history = write_parquet(
        tmp_path / "history", {name: [] for name in TABLES} | marketplace()
    )
    for name in TABLES:
        (history / name).mkdir()
        (history / f"{name}.parquet").rename(history / name / "part.parquet")
    address = postgres.create_database()
    create_tables(address)
    move_forward(address, history, FIRST)
    return address


@pytest.fixture
def reader(address: str) -> Iterator[str]:
    """Return the address of an account that may only read."""
    role = f"reader_{os.urandom(4).hex()}"
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in (
            f"create role {role} login password '{PASSWORD}'",
            f"grant pg_read_all_stats to {role}",
            f"grant select on all tables in schema public to {role}",
        ):
            connection.execute(statement.encode())
    yield psycopg.conninfo.make_conninfo(address, user=role, password=PASSWORD)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"drop owned by {role}".encode())
        connection.execute(f"drop role {role}".encode())


def opened(address: str, statement_timeout_seconds: int = 1800) -> Postgres:
    """Return the source at an address."""
    return Postgres(
        PostgresAddress(address, "ADVANCES_SOURCE_DATABASE", statement_timeout_seconds)
    )


def change(address: str, *statements: str) -> None:
    """Run statements as the marketplace's own software would."""
    with psycopg.connect(address) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def landed(address: str, table: str, folder: Path, window: Window = EVERYTHING) -> list:
    """Return the rows that the source lands."""
    paths = opened(address).land(table, folder, window)
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def test_a_reading_account_lands_every_row_as_delivered(
    reader: str, tmp_path: Path
) -> None:
    """Rows, types and times are the marketplace's own; the account cannot write."""
    days = (FIRST - date(2026, 1, 5)).days + 1
    rows = landed(reader, "order_items", tmp_path)
    first = min(rows, key=lambda row: row["order_item_id"])
    expected = {
        key: value
        for key, value in marketplace()["order_items"][0].items()
        if key != "status"
    }

    assert len(rows) == 2 * days
    assert expected == {key: first[key] for key in expected}
    assert opened(reader).tables == tuple(TABLES)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        change(reader, "delete from sellers")


def test_first_load_goes_month_by_month_and_loses_nothing(
    address: str, tmp_path: Path
) -> None:
    """Each month is a file of its own; rows without a usable time come along."""
    change(
        address,
        "update order_items set updated_at = '2025-11-30 23:59:59.999999+00'"
        " where order_item_id = 'seller-eur-item-0'",
        "update order_items set updated_at = null"
        " where order_item_id = 'seller-jpy-item-0'",
        "update order_items set updated_at = '1999-01-01'"
        " where order_item_id = 'seller-jpy-item-1'",
        "update order_items set updated_at = '2100-01-01'"
        " where order_item_id = 'seller-jpy-item-2'",
    )
    paths = opened(address).land("order_items", tmp_path, EVERYTHING)
    names = [
        name
        for path in paths
        for name in pq.read_table(path)["order_item_id"].to_pylist()
    ]

    assert len(names) == len(set(names)) == 16
    assert len(paths) > 1
    assert paths[-1].name == "order_items-2026-01.parquet"


def test_a_late_change_is_a_new_version_and_a_rerun_replaces_it(
    address: str, tmp_path: Path
) -> None:
    """The second night brings the changed row only, however often it is run."""
    source = opened(address)
    first = night_of(tmp_path, source, FIRST)
    second = night_of(tmp_path, source, SECOND)
    ingest(first)
    change(
        address,
        "update order_items set status = 'cancelled',"
        " updated_at = '2026-01-13 09:00+00' where order_item_id = 'seller-eur-item-0'",
    )
    for _ in range(2):
        ingest(second)
    versions = rows_of(
        second,
        "select ingest_date, status from raw.order_items"
        " where order_item_id = 'seller-eur-item-0' order by ingest_date",
    )

    assert versions == [
        {"ingest_date": FIRST, "status": "captured"},
        {"ingest_date": SECOND, "status": "cancelled"},
    ]
    assert value_of(second, "select count(*) from raw.order_items") == 17


def test_a_database_older_than_a_column_delivers_nulls(
    address: str, tmp_path: Path
) -> None:
    """A marketplace whose reversals do not name their original yet is no drift."""
    change(address, "alter table advance_repayments drop column reversed_repayment_id")
    night = night_of(tmp_path, opened(address), FIRST)

    ingest(night, ["advance_repayments"])

    count = "select count(reversed_repayment_id) from raw.advance_repayments"
    assert value_of(night, count) == 0


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "alter table refunds drop column reason",
            "table refunds lacks column reason",
        ),
        (
            "alter table refunds alter amount_minor type numeric(12, 2)",
            "column amount_minor of table refunds is numeric; expected bigint",
        ),
        (
            NEW_OUTCOME,
            "column outcome of table chargebacks has the new value settled",
        ),
    ],
)
def test_drift_fails_its_table_and_leaves_the_others_whole(
    address: str, tmp_path: Path, statement: str, says: str
) -> None:
    """One table's drift is named; the others load, and yesterday's rows stay."""
    drifted = statement.split()[2]
    source = opened(address)
    ingest(night_of(tmp_path, source, FIRST))
    change(address, statement)
    second = night_of(tmp_path, source, SECOND)
    before = value_of(second, "select count(*) from raw.order_items")

    with pytest.raises(DataError, match=says):
        ingest(second, [drifted])
    ingest(second, [name for name in TABLES if name != drifted])

    loads = rows_of(
        second, f"select table_name from raw.loads where ingest_date = '{SECOND}'"
    )
    assert {row["table_name"] for row in loads} == {*TABLES} - {drifted}
    assert value_of(second, "select count(*) from raw.order_items") == before


def test_an_enumeration_type_is_read_as_text(address: str, tmp_path: Path) -> None:
    """A column of an enum type passes, and its new label is named once it is used."""
    change(
        address,
        "create type seller_status as enum ('active', 'suspended', 'paused')",
        "alter table sellers alter status type seller_status"
        " using status::seller_status",
    )
    rows = landed(address, "sellers", tmp_path)
    assert {row["status"] for row in rows} == {"active"}
    change(address, "update sellers set status = 'paused' where currency_code = 'JPY'")
    with pytest.raises(DataError, match="new value paused"):
        landed(address, "sellers", tmp_path)


def test_a_window_that_may_grow_is_refused(address: str, tmp_path: Path) -> None:
    """A transaction open since before the night's end must end, a night be over."""
    with psycopg.connect(address) as late:
        late.execute("update sellers set updated_at = now()")
        end_at = late.execute(
            "select (clock_timestamp() at time zone 'UTC')"
        ).fetchone()[0]
        time.sleep(0.01)
        with pytest.raises(SourceUnavailableError, match="1 transactions that write"):
            landed(address, "sellers", tmp_path, Window(end_of(FIRST), end_at))
    rows = landed(address, "sellers", tmp_path, Window(end_of(FIRST), end_at))
    assert len(rows) == 2
    ahead = Window(end_at, end_at + timedelta(days=2))
    with pytest.raises(SourceUnavailableError, match="run it again later"):
        landed(address, "sellers", tmp_path, ahead)


def test_a_replica_is_refused() -> None:
    """It does not see what is open on its primary, so late rows would be lost."""
    row = {
        "known_until": end_of(SECOND).replace(tzinfo=UTC),
        "is_replica": True,
        "sees_all": True,
        "open_count": 0,
    }
    answer = pa.Table.from_pylist([row])

    with pytest.raises(DataError, match="is a replica"):
        _require_complete(lambda _sql: answer.to_reader(), EVERYTHING)


def test_all_parts_of_a_table_show_one_moment(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What commits while a table is read is not in its later parts either."""
    change(
        address,
        "update sellers set updated_at = '2025-12-05' where country_code = 'FR'",
    )
    write = Postgres._write  # noqa: SLF001 - no other door between two parts

    def write_and_disturb(self: Postgres, *arguments: object) -> Path:
        path = write(self, *arguments)
        change(address, "update sellers set legal_entity_id = 'changed'")
        return path

    monkeypatch.setattr(Postgres, "_write", write_and_disturb)
    rows = landed(address, "sellers", tmp_path)
    assert len(rows) == 2
    assert "changed" not in {row["legal_entity_id"] for row in rows}


def test_errors_name_the_database_but_never_the_password(
    address: str, reader: str, postgres: Server, tmp_path: Path
) -> None:
    """A refused login, a missing grant, a slow statement and an empty database."""
    role = psycopg.conninfo.conninfo_to_dict(reader)["user"]
    change(address, f"revoke select on sellers from {role}")
    elsewhere = psycopg.conninfo.make_conninfo(reader, dbname="nowhere")
    failing = {
        "nowhere": lambda: opened(elsewhere).tables,
        "no table or view sellers": lambda: opened(postgres.create_database()).tables,
        "grant select": lambda: landed(reader, "sellers", tmp_path),
        "cannot be read": lambda: opened(f"nonsense://x:{PASSWORD}@host"),
    }
    for says, fail in failing.items():
        with pytest.raises((DataError, SourceUnavailableError, ValueError)) as raised:
            fail()
        assert says in str(raised.value)
        assert PASSWORD not in str(raised.value)


def test_a_read_that_breaks_off_names_its_table(address: str, tmp_path: Path) -> None:
    """What fails after the first rows is said as ours, without the password."""
    change(
        address,
        "alter table sellers rename to all_sellers",
        "create view sellers as select seller_id, legal_entity_id, country_code,"
        " currency_code, status, onboarded_at, updated_at from all_sellers"
        " union all select repeat('x', 40000000 / (5 - n)), 'x', 'FR', 'EUR', 'active',"
        " now(), '2025-01-01' from generate_series(1, 5) as n",
    )
    with pytest.raises(SourceUnavailableError, match="reading sellers: ") as raised:
        landed(address, "sellers", tmp_path)
    assert "division by zero" in str(raised.value)
    assert PASSWORD not in str(raised.value)


def test_a_statement_ends_at_its_timeout(address: str, tmp_path: Path) -> None:
    """A read that hangs behind a lock ends with a message instead of waiting on."""
    with psycopg.connect(address) as blocking:
        blocking.execute("lock table refunds in access exclusive mode")
        with pytest.raises(SourceUnavailableError, match="statement timeout"):
            opened(address, statement_timeout_seconds=1).land(
                "refunds", tmp_path, EVERYTHING
            )
