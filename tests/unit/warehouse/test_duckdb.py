"""What is DuckDB's alone; what it shares is in contracts/test_warehouses.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from jobs.warehouse.duckdb import DuckDBWarehouse
from jobs.warehouse.protocol import WarehouseError


def test_a_warehouse_in_use_says_what_to_do(tmp_path: Path) -> None:
    """A second process that opens the file is told to wait for the first."""
    path = tmp_path / "warehouse.duckdb"
    script = (
        "import sys, duckdb; connection = duckdb.connect(sys.argv[1]);"
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"

        with pytest.raises(WarehouseError, match="one process at a time"):
            DuckDBWarehouse(path)

        other.communicate("")
