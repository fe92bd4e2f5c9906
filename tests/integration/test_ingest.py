"""Ingest loads a night's window once, replaces it on a re-run, and fails closed."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from marketplace import FIRST_DAY, Row, marketplace, write_csv, write_parquet
from nights import night_of, rows_of, value_of

from jobs.ingest import ingest
from jobs.settings import ConfigurationError, Settings
from jobs.sources.catalogue import SampleSource
from jobs.sources.protocol import DataError
from jobs.sources.sample import Sample

DAY_5 = (FIRST_DAY + timedelta(days=5)).date()
DAY_9 = (FIRST_DAY + timedelta(days=9)).date()


def deliver(tmp_path: Path, tables: dict[str, list[Row]] | None = None) -> Path:
    """Write the tiny marketplace as Parquet files."""
    return write_parquet(tmp_path / "history", tables or marketplace())


def partition_counts(tmp_path: Path, history: Path) -> list[tuple[date, int]]:
    """Return how many order items each night loaded."""
    night = night_of(tmp_path / "home", history, DAY_9)
    rows = rows_of(
        night,
        "select ingest_date, count(*) as row_count from raw.order_items"
        " group by ingest_date order by ingest_date",
    )
    return [(row["ingest_date"], row["row_count"]) for row in rows]


def test_the_first_night_loads_history_and_the_next_what_changed(
    tmp_path: Path,
) -> None:
    """Six days come with the first night; the next night fills the gap of four."""
    history = deliver(tmp_path)

    ingest(night_of(tmp_path / "home", history, DAY_5))
    ingest(night_of(tmp_path / "home", history, DAY_9))

    assert partition_counts(tmp_path, history) == [(DAY_5, 2 * 6), (DAY_9, 2 * 4)]


def test_the_same_night_again_replaces_its_rows(tmp_path: Path) -> None:
    """A re-run of either night changes no count."""
    history = deliver(tmp_path)

    for as_of_date in (DAY_5, DAY_9, DAY_9, DAY_5):
        ingest(night_of(tmp_path / "home", history, as_of_date))

    assert partition_counts(tmp_path, history) == [(DAY_5, 2 * 6), (DAY_9, 2 * 4)]


def test_nothing_later_than_the_night_is_loaded(tmp_path: Path) -> None:
    """No row of any raw table was updated after the night's end."""
    night = night_of(tmp_path / "home", deliver(tmp_path), DAY_5)

    ingest(night)

    for table in ("sellers", "order_items", "balance_transactions"):
        newest = value_of(night, f"select max(updated_at) as newest from raw.{table}")
        assert newest.date() <= DAY_5
    assert value_of(night, "select count(*) as row_count from raw.payouts") == 0


def test_broken_rows_are_kept_with_their_origin(tmp_path: Path) -> None:
    """A broken row is in quarantine, the load log counts it, the rest is loaded."""
    tables = marketplace()
    tables["order_items"][3]["currency_code"] = "EURO"
    night = night_of(tmp_path / "home", deliver(tmp_path, tables), DAY_9)

    ingested = ingest(night)

    assert ingested.quarantined_count == 1
    assert rows_of(
        night, "select table_name, seller_id, reason, origin from raw.quarantine"
    ) == [
        {
            "table_name": "order_items",
            "seller_id": "seller-eur",
            "reason": "currency_code EURO is not an ISO 4217 code",
            "origin": "order_items.parquet row 4",
        }
    ]
    assert tuple(
        rows_of(
            night,
            "select loaded_count, quarantined_count from raw.loads"
            " where table_name = 'order_items'",
        )[0].values()
    ) == (19, 1)


def test_too_many_broken_rows_stop_the_run_and_leave_raw_alone(
    tmp_path: Path,
) -> None:
    """Over the threshold nothing is loaded; the quarantine says what was wrong."""
    history = deliver(tmp_path)
    ingest(night_of(tmp_path / "home", history, DAY_5))
    tables = marketplace(days=30)
    for row in tables["order_items"][:60:2]:
        row["gross_minor"] = -1
    later = night_of(
        tmp_path / "home", deliver(tmp_path, tables), DAY_9 + timedelta(days=20)
    )

    with pytest.raises(DataError, match="too many broken rows, nothing was loaded"):
        ingest(later)

    assert partition_counts(tmp_path, history) == [(DAY_5, 2 * 6)]
    assert {"gross_minor -1 is below 0"} == {
        row["reason"] for row in rows_of(later, "select reason from raw.quarantine")
    }


@pytest.mark.parametrize("write", [write_parquet, write_csv])
def test_an_empty_required_table_stops_the_first_night(
    tmp_path: Path, write: object
) -> None:
    """A first night without a single sale says so instead of offering nothing."""
    tables = marketplace() | {"order_items": []}
    history = write(tmp_path / "history", tables)  # type: ignore[operator]

    with pytest.raises(DataError, match="table order_items has no row up to"):
        ingest(night_of(tmp_path / "home", history, DAY_9))


def test_one_table_at_a_time_loads_the_same(tmp_path: Path) -> None:
    """A scheduler that ingests table by table ends with the same raw rows."""
    history = deliver(tmp_path)
    whole = night_of(tmp_path / "whole", history, DAY_9)
    parts = night_of(tmp_path / "parts", history, DAY_9)

    ingest(whole)
    for name in marketplace():
        ingest(parts, [name])

    for name in marketplace():
        query = f"select * from raw.{name} order by all"
        assert rows_of(whole, query) == rows_of(parts, query)


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    """A misspelt table name is a configuration error that lists the right ones."""
    night = night_of(tmp_path / "home", deliver(tmp_path), DAY_9)

    with pytest.raises(ConfigurationError, match="no table 'orders'; expected one of"):
        ingest(night, ["orders"])


def test_the_landing_folder_is_left_empty(tmp_path: Path) -> None:
    """Nothing half-done stays behind, neither after success nor after failure."""
    tables = marketplace()
    del tables["payouts"][0]["currency_code"]
    night = night_of(tmp_path / "home", deliver(tmp_path, tables), DAY_9)

    ingest(night)

    assert list((night.workspace / "landing").rglob("*.parquet")) == []


def test_a_sample_of_another_size_has_its_own_warehouse(tmp_path: Path) -> None:
    """Two samples never mix, because their parameters name their workspace."""
    names = {
        SampleSource(Sample(sellers, 200, 3), tmp_path).name for sellers in (50, 60)
    }

    assert len(names) == 2


def test_two_folders_have_two_warehouses(tmp_path: Path) -> None:
    """The same kind of source from another folder never meets the first one's rows."""
    first = deliver(tmp_path / "first")
    second = deliver(tmp_path / "second")

    paths = {
        night_of(tmp_path / "home", folder, DAY_9).warehouse_address
        for folder in (first, second)
    }

    assert len(paths) == 2


def test_rows_of_no_window_are_set_aside_once(tmp_path: Path) -> None:
    """Rows whose version cannot be read do not stop every night after the first."""
    tables = marketplace(days=60)
    for row in tables["order_items"][:11]:
        row["updated_at"] = "unknown"
    history = write_csv(tmp_path / "history", tables)
    first = night_of(tmp_path / "home", history, (FIRST_DAY + timedelta(55)).date())
    second = night_of(tmp_path / "home", history, (FIRST_DAY + timedelta(56)).date())
    lenient = Settings(home=first.settings.home, quarantine_limit_count=20)

    counts = [
        ingest(replace(night, settings=lenient)).quarantined_count
        for night in (first, second, second)
    ]

    assert counts == [11, 0, 0]
    assert value_of(second, "select count(*) as n from raw.quarantine") == 11


def test_a_refused_night_does_not_hide_its_rows_from_the_next(tmp_path: Path) -> None:
    """Rows that stopped a night stop the next one too, though they are known."""
    tables = marketplace(days=60)
    history = write_csv(tmp_path / "history", tables)
    ingest(night_of(tmp_path / "home", history, DAY_9))
    for row in tables["order_items"][:30]:
        row["updated_at"] = "unknown"
    write_csv(history, tables)

    for days in (10, 11):
        as_of_date = (FIRST_DAY + timedelta(days)).date()
        with pytest.raises(DataError, match="too many broken rows"):
            ingest(night_of(tmp_path / "home", history, as_of_date))


def test_a_table_that_disappears_is_missed(tmp_path: Path) -> None:
    """A table that an earlier night delivered must come again, even if empty."""
    tables = marketplace() | {"refunds": []}
    history = deliver(tmp_path, tables)
    ingest(night_of(tmp_path / "home", history, DAY_5))
    (history / "refunds.parquet").unlink()

    with pytest.raises(DataError, match="table refunds was delivered on an earlier"):
        ingest(night_of(tmp_path / "home", history, DAY_9))


def test_the_age_of_a_broken_row_is_its_own(tmp_path: Path) -> None:
    """A broken row keeps the time of its version, whichever night sets it aside."""
    tables = marketplace()
    tables["order_items"][0]["gross_minor"] = -1
    night = night_of(tmp_path / "home", deliver(tmp_path, tables), DAY_9)

    ingest(night)

    assert tables["order_items"][0]["updated_at"] == value_of(
        night, "select row_updated_at from raw.quarantine"
    )
