"""Planted surges: only where asked for, and as their labels say."""

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs.sources.catalogue import open_source
from jobs.sources.sample import Sample, write

PLANTED = Sample(sellers=240, days=260, seed=5, surges=12)
FIRST_DAY = PLANTED.end_date - timedelta(days=27)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the planted sample once."""
    path = tmp_path_factory.mktemp("planted") / "history"
    write(PLANTED, path)
    return path


def rows_of(folder: Path, table: str) -> list[Row]:
    """Return the rows of a table, every version."""
    rows: list[Row] = pq.read_table(folder / table).to_pylist()
    return rows


def sellers_of(folder: Path) -> dict[str, list[str]]:
    """Return the planted sellers by kind."""
    found = defaultdict(list)
    for row in rows_of(folder, "surge_labels"):
        found[row["kind"]].append(row["seller_id"])
    return found


def captured_items(folder: Path) -> dict[str, tuple[list[Row], list[Row]]]:
    """Return each seller's captured items before the surges, and during them."""
    newest = {}
    by_change = sorted(
        rows_of(folder, "order_items"), key=lambda row: row["updated_at"]
    )
    for row in by_change:
        newest[row["order_item_id"]] = row
    items: dict[str, tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for row in newest.values():
        if row["captured_at"]:
            is_during = row["ordered_at"].date() >= FIRST_DAY
            items[row["seller_id"]][is_during].append(row)
    return items


def test_none_are_planted_unless_asked_for(tmp_path: Path) -> None:
    """The sample of before, to the last unit, and no table of labels."""
    rows = write(Sample(sellers=40, days=150, seed=5), tmp_path / "history")
    items = pq.read_table(tmp_path / "history" / "order_items")

    assert "surge_labels" not in rows
    assert (rows["order_items"], sum(items["gross_minor"].to_pylist())) == (
        4101,
        75_867_889,
    )


def test_as_many_of_each_are_planted_as_asked_for(folder: Path) -> None:
    """Twelve bust-outs and twelve honest surges, on sellers of their own."""
    labels = rows_of(folder, "surge_labels")

    assert len({row["seller_id"] for row in labels}) == 24
    assert sum(row["is_bust_out"] for row in labels) == 12
    assert {FIRST_DAY} == {row["start_date"] for row in labels}


def test_surges_are_what_their_labels_say(folder: Path) -> None:
    """Dear items are dear, the unsent are not delivered, a ring has one owner."""
    sellers, items = sellers_of(folder), captured_items(folder)
    for seller_id in sellers["dear_items"]:
        before, during = items[seller_id]
        prices = [mean(row["gross_minor"] for row in rows) for rows in (during, before)]
        assert prices[0] > 2 * prices[1]
    for seller_id in sellers["undelivered"]:
        before, during = items[seller_id]
        assert len(during) > 10
        assert mean(row["delivered_at"] is not None for row in before) > 0.9
        assert mean(row["delivered_at"] is not None for row in during) < 0.3
    for seller_id in sellers["few_days"]:
        _, during = items[seller_id]
        days: dict[date, int] = defaultdict(int)
        for row in during:
            days[row["ordered_at"].date()] += 1
        assert sum(sorted(days.values())[-2:]) > len(during) / 2
    owners = {
        row["seller_id"]: row["legal_entity_id"] for row in rows_of(folder, "sellers")
    }
    ring = [owners[seller_id] for seller_id in sellers["ring"]]
    assert len(ring) == 4
    assert ring[::2] == ring[1::2]


def test_planted_samples_have_their_own_name(tmp_path: Path) -> None:
    """A sample with surges never shares a warehouse with one without."""
    names = [
        open_source(f"sample:sellers=60{more}", None, tmp_path).name
        for more in ("", ",surges=0", ",surges=3")
    ]

    assert names[0] == names[1]
    assert names[2] == f"{names[0]}-surges3"
    with pytest.raises(ValueError, match="surges is 61; expected 0 to 60"):
        open_source("sample:sellers=60,surges=61", None, tmp_path)
