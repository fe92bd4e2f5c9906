"""Reconcile: hold the settlement files of a folder against the ledger of the night."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import fsspec
import pandas as pd

from jobs.night import Night, as_frame, require_marts, write_of
from jobs.settlements.lines import SettlementError, SettlementLine
from jobs.settlements.match import (
    EXPECTED,
    SETTLED_KINDS,
    match_lines,
    without_known_pairs,
)
from jobs.settlements.parse import parse_settlement
from jobs.sources.protocol import DataError
from jobs.warehouse.book_tables import RECONCILIATION_FINDINGS
from jobs.warehouse.protocol import Warehouse

#: Of a settlement file's name, in whatever case it is written.
_ENDINGS = (".csv", ".txt")


@dataclass(frozen=True)
class Reconciled:
    """How many files were read, how many are of later nights, and what was found."""

    file_count: int
    later_file_count: int
    counts: dict[str, int]
    residuals: tuple[str, ...]


def reconcile(night: Night, folder: str) -> Reconciled:
    """Match every file in ``folder`` with the ledger; replace the night's findings.

    The folder, a path or any address fsspec knows, holds every file there ever was: one
    that has gone is missing again. A
    file with a row settled after the night is not known yet. Raises DataError naming
    every file that is refused, or where no file has a line of the night or before;
    nothing is written then.
    """
    files = _read_files(folder)
    end = datetime.combine(night.as_of_date + timedelta(days=1), time())
    known = [lines for lines in files if all(line.settled_at < end for line in lines)]
    if not any(known):
        message = (
            f"{len(files)} settlement files, none with a line settled by"
            f" {night.as_of_date}; {len(files) - len(known)} go on after it and"
            f" {len(known)} have a header alone"
        )
        advice = "expected a file that ends by then"
        raise DataError(message, advice, folder)
    with night.warehouse() as warehouse:
        require_marts(night, warehouse)
        found = match_lines(
            [line for lines in known for line in lines], _read_ledger(warehouse)
        )
        rows = without_known_pairs(found, _read_pairs(night, warehouse)).assign(
            as_of_date=pd.Timestamp(night.as_of_date), **night.versions
        )
        warehouse.replace([write_of(night, RECONCILIATION_FINDINGS, rows)])
    differs = found[~found["finding"].isin(EXPECTED)]
    return Reconciled(
        len(known),
        len(files) - len(known),
        {str(name): int(n) for name, n in found["finding"].value_counts().items()},
        tuple(_sentence(row) for row in differs.itertuples(index=False)),
    )


def _read_files(folder: str) -> list[list[SettlementLine]]:
    try:
        filesystem, root = fsspec.core.url_to_fs(folder)
        paths = sorted(
            path for path in filesystem.find(root) if path.lower().endswith(_ENDINGS)
        )
    except (ImportError, ValueError) as error:
        message = f"{folder}: {error}"
        raise DataError(message) from error
    if not paths:
        message = "no settlement file"
        advice = "expected at least one *.csv or *.txt"
        raise DataError(message, advice, folder)
    files, refused = [], []
    for path in paths:
        name = path.removeprefix(root).lstrip("/")
        try:
            with filesystem.open(path, "rt", encoding="utf-8-sig") as file:
                files.append(parse_settlement(name, file.read()))
        except UnicodeDecodeError as error:
            refused.append(f"{name}: {error}; expected text in UTF-8")
        except SettlementError as error:
            refused.append(str(error))
    if refused:
        raise DataError("\n".join(refused), "have these files delivered again", folder)
    return files


def _read_ledger(warehouse: Warehouse) -> pd.DataFrame:
    kinds = ", ".join(f"'{kind}'" for kind in SETTLED_KINDS)
    rows = warehouse.query(
        "select balance_transaction_id, source_id, seller_id, kind, currency_code,"
        " amount_minor, occurred_at from staging.stg_balance_transactions"
        f" where kind in ({kinds}) order by occurred_at, balance_transaction_id"
    )
    return as_frame(rows)


def _read_pairs(night: Night, warehouse: Warehouse) -> pd.DataFrame:
    """Return what earlier nights have paired, or found to be the processor's own."""
    rows = warehouse.query(
        "select distinct finding_id, balance_transaction_id, finding"
        " from underwriting.reconciliation_findings"
        " where finding in ('matched', 'outside_ledger') and as_of_date < $as_of_date",
        as_of_date=night.as_of_date,
    )
    return as_frame(rows)


def _sentence(row: Any) -> str:  # noqa: ANN401 - a row of the findings
    is_pair = row.finding == "amount_differs"  # Its id is the ledger line's.
    place = f" in {row.file_name}:{row.row_number}" if is_pair else ""
    return (
        f"{row.finding}: {row.finding_id}{place}, {row.line_kind} {row.reference},"
        f" {row.currency_code} {row.difference_minor:+,} minor units"
    )
