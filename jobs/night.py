"""One night: the date, source, policy and workspace that every command shares.

Every command line imports this module, also one that only wants help. What takes long
to import is imported by the functions that need it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.forecasting.versions import MODEL_VERSIONS
from jobs.settings import ConfigurationError, Settings, code_version
from jobs.sources.protocol import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import pandas as pd
    import pyarrow as pa

    from jobs.sources.protocol import Source
    from jobs.underwriting.policy import Policy
    from jobs.warehouse.protocol import Warehouse, Write
    from jobs.warehouse.table import Table


def _track(_done: int, _total: int, _unit: str) -> None:
    """Tell nobody how far a step has come."""


@dataclass(frozen=True)
class Night:
    """What a run is a function of, and where it says what it did.

    ``say`` takes a line for a person, ``track`` how much of a step is done, out of how
    much, and of what.
    """

    settings: Settings
    source: Source
    as_of_date: date
    policy: Policy
    say: Callable[[str], None]
    command: str = "advances"
    track: Callable[[int, int, str], None] = _track

    @property
    def workspace(self) -> Path:
        """The folder with this source's landed files and, by default, its warehouse."""
        return self.settings.workspace(self.source.name)

    @property
    def warehouse_address(self) -> str:
        """The DuckDB file or the BigQuery project, for people and for dbt."""
        if self.settings.is_bigquery:
            return self.settings.bigquery_project
        return str(self.workspace / "warehouse.duckdb")

    def warehouse(self) -> Warehouse:
        """Open the warehouse; close it before another process writes to it."""
        if not self.settings.is_bigquery:
            from jobs.warehouse.duckdb import DuckDBWarehouse

            return DuckDBWarehouse(
                Path(self.warehouse_address), self.settings.duckdb_memory_limit
            )
        from jobs.warehouse.bigquery import BigQueryWarehouse

        labels = {
            "command": self.command,
            "as_of_date": self.as_of_date.isoformat(),
            "policy_version": self.policy.policy_version,
        }
        return BigQueryWarehouse(**self.settings.bigquery, labels=labels)

    def forecast_by(self, model_version: str) -> Night:
        """Return the same night with another forecaster in the champion's place."""
        forecast = self.policy.forecast.model_copy(
            update={"model_version": model_version}
        )
        return replace(
            self, policy=self.policy.model_copy(update={"forecast": forecast})
        )

    @property
    def versions(self) -> dict[str, str]:
        """The columns by which a row names the rules and code that made it."""
        return {
            "policy_version": self.policy.policy_version,
            "model_version": self.policy.forecast.model_version,
            "code_version": code_version(),
        }


def read_policy(settings: Settings) -> Policy:
    """Return the policy in force; ConfigurationError names the file and the key."""
    from jobs.underwriting.policy import PolicyError, parse_policy

    version, text = settings.policy_text()
    try:
        policy = parse_policy(text, f"{version}.toml")
    except PolicyError as error:
        raise ConfigurationError(str(error)) from error
    if policy.policy_version != version:
        message = f"{version}.toml: policy_version is {policy.policy_version!r}"
        advice = f"expected {version!r}, the name of the file"
        raise ConfigurationError(message, advice)
    if policy.forecast.model_version not in MODEL_VERSIONS:
        message = (
            f"{version}.toml: forecast.model_version is "
            f"{policy.forecast.model_version!r}; this code forecasts "
            f"{' and '.join(MODEL_VERSIONS)}"
        )
        raise ConfigurationError(message)
    return policy


def require_marts(night: Night, warehouse: Warehouse) -> None:
    """Raise DataError unless the cash-flow marts were built, and passed, for the night.

    They show what was known on one night only: a step of another night would decide on
    what it cannot know, or on a build that failed half-way.
    """
    if not warehouse.exists("cash_flow", "rpt_built_night"):
        message = "the marts are not built"
        advice = "run `advances build` first"
        raise DataError(message, advice)
    built = warehouse.query("select as_of_date from cash_flow.rpt_built_night")
    nights = built["as_of_date"].to_pylist()
    if nights != [night.as_of_date]:
        found = f"are of {nights[0]}" if nights else "were not built to their end"
        message = f"the marts {found}"
        advice = f"run `advances build --as-of {night.as_of_date}` first"
        raise DataError(message, advice)


def read_health(night: Night, warehouse: Warehouse) -> pd.DataFrame:
    """Return the night's health rows, one a seller and currency, in a fixed order."""
    require_marts(night, warehouse)
    rows = warehouse.query(
        "select * from cash_flow.fct_seller_health_daily"
        " where as_of_date = $as_of_date order by seller_id, currency_code",
        as_of_date=night.as_of_date,
    )
    return as_frame(rows)


def as_frame(rows: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame, dates as timestamps at midnight."""
    frame: pd.DataFrame = rows.to_pandas(date_as_object=False)
    return frame


def write_of(night: Night, table: Table, frame: pd.DataFrame) -> Write:
    """Return the write that replaces the night's partition of ``table``."""
    import pyarrow as pa

    from jobs.warehouse.protocol import Write

    partition = {
        "as_of_date": night.as_of_date,
        "policy_version": night.versions["policy_version"],
    }
    rows = pa.Table.from_pandas(frame[list(table.columns)], preserve_index=False)
    return Write(table, partition, rows)
