"""Journal: the night's entries as a file that finance can load."""

import hashlib
from datetime import date
from pathlib import Path

import pandas as pd

from jobs.csv_file import inert_texts, write_csv
from jobs.night import Night, as_frame
from jobs.sources.protocol import DataError
from jobs.underwriting.money import to_decimal

#: What a line says, beside the hash of all that its night says.
_COLUMNS = (
    "journal_line_id",
    "journal_entry_id",
    "as_of_date",
    "currency_code",
    "account",
    "debit",
    "credit",
    "debit_minor",
    "credit_minor",
    "kind",
    "advance_id",
    "seller_id",
)


def export_journal(night: Night, path: Path) -> dict[str, int]:
    """Write the night's lines as CSV, all or nothing; return debits by currency, minor.

    The same night gives the same bytes. Each line carries the night's hash: a night
    loaded with another one was booked again since, and is to be replaced whole. A
    booked night without movement is a header alone. Raises DataError, and leaves the
    file as it was, where the night is not booked or debits are not credits.
    """
    with night.warehouse() as warehouse:
        if not warehouse.exists("underwriting", "journal_entries"):
            message = f"{night.warehouse_address} has no journal"
            advice = "run `advances ingest`"
            raise DataError(message, advice)
        lines = as_frame(
            warehouse.query(
                "select * from underwriting.journal_entries"
                " where as_of_date = $as_of_date"
                " order by advance_id, kind, journal_line_id",
                as_of_date=night.as_of_date,
            )
        )
        (newest,) = warehouse.query(
            "select max(as_of_date) as booked_date from underwriting.advance_days"
        ).to_pylist()
    # Nights up to the newest are booked, or never will be: it took in what they moved.
    if (newest["booked_date"] or date.min) < night.as_of_date:
        message = f"no journal for {night.as_of_date}"
        advice = f"run `advances book --as-of {night.as_of_date}` first"
        raise DataError(message, advice)
    sums = lines.groupby("currency_code")[["debit_minor", "credit_minor"]].sum()
    for row in sums[sums["debit_minor"] != sums["credit_minor"]].itertuples():
        message = (
            f"the journal of {night.as_of_date} does not balance in {row.Index}:"
            f" debits {row.debit_minor}, credits {row.credit_minor}"
        )
        raise DataError(message)
    _write(lines, path)
    return {str(code): int(total) for code, total in sums["debit_minor"].items()}


def _write(lines: pd.DataFrame, path: Path) -> None:
    told = lines.assign(as_of_date=lines["as_of_date"].dt.strftime("%Y-%m-%d"))
    for side in ("debit", "credit"):
        told[side] = [
            str(to_decimal(amount, code))
            for amount, code in zip(
                lines[f"{side}_minor"], lines["currency_code"], strict=True
            )
        ]
    told = inert_texts(told[list(_COLUMNS)], numbers=("debit", "credit"))
    said = told.to_csv(index=False, lineterminator="\n").encode()
    write_csv(told.assign(night_hash=hashlib.sha256(said).hexdigest()[:16]), path)
