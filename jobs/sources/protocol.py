"""What every source of history offers, and what goes wrong with the data it brings."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from jobs.errors import AdvancesError


class DataError(AdvancesError, ValueError):
    """The data cannot be used; the message names file, column and what was expected."""

    kind, exit_code = "data", 3
    usual_advice = "mend the data and run the same command again"


class SourceUnavailableError(AdvancesError, RuntimeError):
    """The source cannot be read now; the message says why, and trying again may do."""


@dataclass(frozen=True)
class Window:
    """The versions one night loads: ``start_at <= updated_at < end_at``, both UTC.

    ``start_at`` is None on the first night, which loads all history.
    """

    start_at: datetime | None
    end_at: datetime


def name_of(kind: str, address: str) -> str:
    """Return a source's name: its kind, its folder, and a hash of the whole address.

    Two folders have two names, so that their rows never meet in one warehouse.
    """
    folder = re.sub(r"[^a-z0-9]+", "-", Path(address).name.lower()).strip("-")
    digest = hashlib.sha256(address.encode()).hexdigest()[:8]
    return "-".join(filter(None, (kind, folder, digest)))


class Source(Protocol):
    """Where history comes from.

    ``name`` names the workspace, ``derived`` the columns a table's rule derives
    because the origin lacks them.
    """

    @property
    def name(self) -> str:
        """A short name, safe in a path."""

    @property
    def derived(self) -> Mapping[str, tuple[str, ...]]:
        """Table name to the columns that are derived by rule."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The contract tables this source delivers."""

    def land(
        self, table: str, folder: Path, window: Window | None = None
    ) -> list[Path]:
        """Return Parquet or CSV files with the table's rows of the window, or all rows.

        Files that are not on this machine yet are put into ``folder``. The rows may
        reach beyond the window; validation cuts them.
        """
