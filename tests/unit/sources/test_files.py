"""Files come from any folder that fsspec can open, in one file a table or several."""

from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest
from marketplace import marketplace, write_csv, write_parquet

from jobs.sources.files import Files
from jobs.sources.protocol import DataError


@pytest.fixture
def remote(tmp_path: Path) -> str:
    """Return an address that is no local path, with the tiny marketplace."""
    folder = write_parquet(tmp_path / "local", marketplace())
    memory = fsspec.filesystem("memory")
    memory.put(f"{folder}/", "/remote-history/", recursive=True)
    return "memory://remote-history"


def test_a_remote_folder_is_fetched(remote: str, tmp_path: Path) -> None:
    """Files of another file system are fetched before they are read."""
    source = Files(remote)

    (landed,) = source.land("order_items", tmp_path / "landing")

    assert tmp_path / "landing" == landed.parent
    assert len(marketplace()["order_items"]) == pq.read_table(landed).num_rows
    assert {"sellers", "order_items", "payouts"} <= set(source.tables)


def test_a_table_may_be_a_folder_of_files(tmp_path: Path) -> None:
    """Every file below a table's folder belongs to the table, however deep."""
    tables = marketplace()
    folder = write_parquet(tmp_path / "history", tables)
    (folder / "order_items").mkdir()
    (folder / "order_items.parquet").rename(folder / "order_items" / "a.parquet")
    deeper = folder / "order_items" / "2026"
    write_csv(deeper, {"order_items": tables["order_items"]})

    landed = Files(str(folder)).land("order_items", tmp_path / "landing")

    assert [path.relative_to(folder / "order_items").as_posix() for path in landed] == [
        "2026/order_items.csv",
        "a.parquet",
    ]


def test_an_address_nobody_can_open_is_named(tmp_path: Path) -> None:
    """An unknown protocol or a missing folder is a data error with the address."""
    for address in ("nowhere://history", str(tmp_path / "missing")):
        with pytest.raises(DataError, match=address.split("/")[-1]):
            _ = Files(address).tables
