"""What the nightly report reads: each question is one aggregate in the warehouse.

Whatever the number of sellers, a question comes back in some hundred rows at most. The
SQL is of the kind that DuckDB and BigQuery both understand.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from jobs.night import Night
from jobs.pages.blocks import Row, Rows
from jobs.report_queries import QUESTIONS
from jobs.sources.tables import TABLES
from jobs.warehouse.protocol import Warehouse

_HISTORY_DAYS = 28
_VINTAGE_DAYS = 550

_LOADS = """
    with placed as (
        select table_name, ingest_date, window_end_at, loaded_count, quarantined_count,
            row_number() over (
                partition by table_name order by ingest_date desc
            ) as place
        from raw.loads where ingest_date <= $as_of_date
    )
    select * from placed where place = 1"""


@dataclass(frozen=True)
class Answers:
    """What the questions found; None where a table behind one is not built."""

    night: Night
    warehouse: Warehouse
    known: dict[str, bool]

    def exists(self, address: str) -> bool:
        """Tell whether a table is there; each is looked for once."""
        if address not in self.known:
            self.known[address] = self.warehouse.exists(*address.split("."))
        return self.known[address]

    def ask(self, sql: str, **parameters: object) -> list[Row] | None:
        """Return what ``sql`` finds, or None where a table it names is not there."""
        tables = re.findall(r"(?:from|join) ((?:\w+)\.(?:\w+))", sql)
        if not all(self.exists(table) for table in tables):
            return None
        night = self.night
        sql = sql.replace(":smallest", _smallest(night))
        given = {
            "as_of_date": night.as_of_date,
            "policy_version": night.versions["policy_version"],
            "model_version": night.versions["model_version"],
            "history_date": night.as_of_date - timedelta(days=_HISTORY_DAYS),
            "vintage_date": night.as_of_date - timedelta(days=_VINTAGE_DAYS),
            **parameters,
        }
        named = set(re.findall(r"\$(\w+)", sql))
        used = {name: value for name, value in given.items() if name in named}
        found: list[Row] = self.warehouse.query(sql, **used).to_pylist()
        return found


def _smallest(night: Night) -> str:
    """Return the policy's smallest advance of each currency, as SQL."""
    amounts = (
        f"when '{code}' then {currency.minimum_advance_minor}"
        for code, currency in sorted(night.policy.currencies.items())
    )
    return f"case currency_code {' '.join(amounts)} end"


def read_facts(answers: Answers) -> dict[str, Rows | None]:
    """Return what every question of the page found, by its name."""
    facts: dict[str, Rows | None] = {
        name: answers.ask(sql) for name, sql in QUESTIONS.items()
    }
    facts["tables"] = _tables(answers)
    return facts


def _tables(answers: Answers) -> Rows:
    """Return each raw table's newest load, and the newest of its rows of tonight."""
    there = [name for name in TABLES if answers.exists(f"raw.{name}")]
    newest = " union all ".join(
        f"select '{name}' as table_name, max(updated_at) as newest_at"
        f" from raw.{name} where ingest_date = $as_of_date"
        for name in there
    )
    loads = _by_table(answers.ask(_LOADS))
    rows = _by_table(answers.ask(newest) if there else None)
    return [
        {
            "table_name": name,
            "load": loads.get(name),
            "newest_at": rows.get(name, {}).get("newest_at"),
        }
        for name in TABLES
    ]


def _by_table(rows: list[Row] | None) -> dict[str, Row]:
    return {row["table_name"]: row for row in rows or []}
