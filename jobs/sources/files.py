"""Files in the contract's names: Parquet or CSV in a folder, local or remote.

A table is either one file, ``order_items.parquet``, or a folder of files,
``order_items/*.parquet``; both endings may be ``.csv`` instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import fsspec

from jobs.sources.protocol import DataError, Window, name_of
from jobs.sources.tables import TABLES

_ENDINGS = (".parquet", ".csv", ".csv.gz")


@dataclass(frozen=True)
class Files:
    """A folder at ``address``: a path, or any address fsspec knows, such as gs://…."""

    address: str

    @property
    def name(self) -> str:
        """A name of its own for every folder."""
        is_local = "://" not in self.address
        return name_of(
            "files", str(Path(self.address).resolve()) if is_local else self.address
        )

    @property
    def derived(self) -> Mapping[str, tuple[str, ...]]:
        """Nothing: files are taken as they are."""
        return {}

    @property
    def tables(self) -> tuple[str, ...]:
        """The contract tables that the folder holds.

        Raises DataError where the folder does not exist or lacks a required table.
        """
        found = tuple(name for name in TABLES if self._entries(name))
        missing = [
            table.name
            for table in TABLES.values()
            if table.is_required and table.name not in found
        ]
        if missing:
            message = f"no file for table {', '.join(missing)}"
            advice = f"expected for example {missing[0]}.parquet or {missing[0]}.csv"
            raise DataError(message, advice, self.address)
        return found

    def land(
        self,
        table: str,
        folder: Path,
        window: Window | None = None,  # noqa: ARG002 - validation cuts
    ) -> list[Path]:
        """Return the table's files in order of name, fetched first where remote."""
        filesystem, _ = self._open()
        entries = self._entries(table)
        if "file" in _protocols(filesystem):
            return [Path(entry) for entry in entries]
        folder.mkdir(parents=True, exist_ok=True)
        landed: list[Path] = []
        for entry in entries:
            target = folder / f"{len(landed):05d}-{entry.rsplit('/', 1)[-1]}"
            filesystem.get_file(entry, str(target))
            landed.append(target)
        return landed

    def _open(self) -> tuple[fsspec.AbstractFileSystem, str]:
        try:
            filesystem, root = fsspec.core.url_to_fs(self.address)
        except (ImportError, ValueError) as error:
            raise DataError(str(error), where=self.address) from error
        if not filesystem.isdir(root):
            message, advice = "no such folder", "give one with --source-path"
            raise DataError(message, advice, self.address)
        return filesystem, root

    def _entries(self, table: str) -> list[str]:
        filesystem, root = self._open()
        inside = filesystem.glob(f"{root}/{table}/**")
        beside = [f"{root}/{table}{ending}" for ending in _ENDINGS]
        return sorted(
            entry
            for entry in [*beside, *inside]
            if entry.endswith(_ENDINGS) and filesystem.isfile(entry)
        )


def _protocols(filesystem: fsspec.AbstractFileSystem) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
