"""A tiny marketplace for tests: two sellers, two currencies, every balance ties."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.sources.tables import TABLES, Kind

Row = dict[str, Any]
SELLERS = (("seller-eur", "FR", "EUR", 10_000), ("seller-jpy", "JP", "JPY", 5_000))
FIRST_DAY = datetime(2026, 1, 5)  # noqa: DTZ001 - the contract's times are naive UTC


def marketplace(days: int = 14) -> dict[str, list[Row]]:
    """Return one sale a day and seller, with its ledger lines and one paid payout."""
    tables: dict[str, list[Row]] = {
        name: [] for name, table in TABLES.items() if table.is_required
    }
    for seller_id, country_code, currency_code, gross_minor in SELLERS:
        tables["sellers"].append(
            {
                "seller_id": seller_id,
                "legal_entity_id": f"entity-{seller_id}",
                "country_code": country_code,
                "currency_code": currency_code,
                "status": "active",
                "onboarded_at": FIRST_DAY,
                "updated_at": FIRST_DAY,
            }
        )
        for day in range(days):
            _add_sale(tables, seller_id, currency_code, gross_minor, day)
        _add_payout(tables, seller_id, currency_code, gross_minor)
    return tables


def _line(seller_id: str, currency_code: str, at: datetime, **values: object) -> Row:
    return {
        "seller_id": seller_id,
        "payout_id": None,
        "currency_code": currency_code,
        "occurred_at": at,
        "available_at": at,
        "updated_at": at,
        **values,
    }


def _add_sale(
    tables: dict[str, list[Row]],
    seller_id: str,
    currency_code: str,
    gross_minor: int,
    day: int,
) -> None:
    at = FIRST_DAY + timedelta(days=day, hours=12)
    item = f"{seller_id}-item-{day}"
    payout_id = f"{seller_id}-payout" if day < 7 else None
    tables["order_items"].append(
        {
            "order_item_id": item,
            "order_id": f"{seller_id}-order-{day}",
            "seller_id": seller_id,
            "ordered_at": at,
            "captured_at": at,
            "delivered_at": None,
            "status": "captured",
            "currency_code": currency_code,
            "gross_minor": gross_minor,
            "commission_minor": gross_minor // 10,
            "updated_at": at,
        }
    )
    for kind, amount in (("sale", gross_minor), ("commission", -(gross_minor // 10))):
        tables["balance_transactions"].append(
            _line(
                seller_id,
                currency_code,
                at,
                balance_transaction_id=f"{item}-{kind}",
                payout_id=payout_id,
                kind=kind,
                amount_minor=amount,
                source_id=item,
            )
        )


def _add_payout(
    tables: dict[str, list[Row]], seller_id: str, currency_code: str, gross_minor: int
) -> None:
    at = FIRST_DAY + timedelta(days=7, hours=6)
    amount = 7 * (gross_minor - gross_minor // 10)
    payout_id = f"{seller_id}-payout"
    tables["payouts"].append(
        {
            "payout_id": payout_id,
            "seller_id": seller_id,
            "currency_code": currency_code,
            "period_start_date": FIRST_DAY.date(),
            "period_end_date": (FIRST_DAY + timedelta(days=6)).date(),
            "initiated_at": at,
            "paid_at": at,
            "status": "paid",
            "amount_minor": amount,
            "updated_at": at,
        }
    )
    tables["balance_transactions"].append(
        _line(
            seller_id,
            currency_code,
            at,
            balance_transaction_id=f"{payout_id}-line",
            payout_id=payout_id,
            kind="payout",
            amount_minor=-amount,
            source_id=payout_id,
        )
    )


_ARROW = {
    Kind.MINOR: pa.int64(),
    Kind.DAYS: pa.int64(),
    Kind.RATE: pa.float64(),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.DATE: pa.date32(),
}


def write_parquet(folder: Path, tables: dict[str, list[Row]]) -> Path:
    """Write each table as ``<name>.parquet`` in the contract's types."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        schema = pa.schema(
            [
                (column.name, _ARROW.get(column.kind, pa.string()))
                for column in TABLES[name].columns
            ]
        )
        pq.write_table(pa.Table.from_pylist(rows, schema), folder / f"{name}.parquet")
    return folder


def csv_text(name: str, rows: list[Row]) -> str:
    """Return one table as CSV text, times in ISO 8601 with their zone."""
    columns = [column.name for column in TABLES[name].columns]
    lines = [",".join(columns)]
    lines += [",".join(_cell(row[column]) for column in columns) for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat()
    return "" if value is None else str(value)


def write_csv(folder: Path, tables: dict[str, list[Row]]) -> Path:
    """Write each table as ``<name>.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(csv_text(name, rows), encoding="utf-8")
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
