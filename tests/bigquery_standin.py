"""The BigQuery stand-in for tests: a server of our own, stopped when we are done.

It needs Python 3.13 and ``.venv-bigquery``, which ``make test`` sets up. Where that is
missing, tests that need it are skipped with the reason; under CI they fail instead.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-bigquery" / "bin" / "python"
START = ROOT / "tests" / "standin" / "start.py"
MISSING = (
    f"{PYTHON.parent.parent.name} is missing: the BigQuery stand-in needs Python 3.13, "
    "which `make test` looks for"
)


@dataclass(frozen=True)
class Standin:
    """A running stand-in; a project of its own keeps one test out of another's way."""

    endpoint: str
    storage_endpoint: str

    def environment(self, project: str = "") -> dict[str, str]:
        """Return the settings that lead every command to a new, empty project."""
        return {
            "ADVANCES_WAREHOUSE": "bigquery",
            "ADVANCES_BIGQUERY_PROJECT": project or f"test-{uuid4().hex[:12]}",
            "ADVANCES_BIGQUERY_ENDPOINT": self.endpoint,
            "ADVANCES_BIGQUERY_STORAGE_ENDPOINT": self.storage_endpoint,
        }


@contextmanager
def standin() -> Iterator[Standin]:
    """Start the server; skip, or fail under CI, where its environment is missing."""
    if not PYTHON.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    with tempfile.TemporaryDirectory(prefix="advances-bigquery-") as folder:
        server = subprocess.Popen(
            [PYTHON, START, folder], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line, "the stand-in ended before it listened; its output is above"
            yield Standin(**json.loads(line))
        finally:
            server.terminate()
            server.wait(timeout=30)
