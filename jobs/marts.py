"""The marts, by the settings alone, for whoever only reads them: the notebooks."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from jobs.night import as_frame
from jobs.settings import ROOT, ConfigurationError, Settings
from jobs.warehouse.duckdb import DuckDBWarehouse
from jobs.warehouse.protocol import Warehouse


def read_marts(sql: str, **parameters: object) -> pd.DataFrame:
    """Return what ``sql`` finds, whose ``$name`` stand for ``parameters``.

    Dates and times are timestamps without a zone, UTC; sums of whole numbers are whole.
    The warehouse is open only meanwhile, so that a night may run beside a notebook.
    Raises ConfigurationError where there is none.
    """
    with _open(Settings()) as warehouse:
        rows = warehouse.query(sql, **parameters)
    # DuckDB adds up in 128 bits; what a mart holds fits in 64, and so do its sums.
    schema = pa.schema(
        field.with_type(pa.int64())
        if pa.types.is_decimal(field.type) and not field.type.scale
        else field
        for field in rows.schema
    )
    return as_frame(rows.cast(schema))


def marts_name() -> str:
    """Return which marts are read, for people: a marketplace or a BigQuery project."""
    settings = Settings()
    return settings.bigquery_project if settings.is_bigquery else _newest(settings).name


def _open(settings: Settings) -> Warehouse:
    if not settings.is_bigquery:
        path = _newest(settings) / "warehouse.duckdb"
        return DuckDBWarehouse(path, settings.duckdb_memory_limit, is_read_only=True)
    # The Google client takes a second to import, which the default need not pay.
    from jobs.warehouse.bigquery import BigQueryWarehouse  # noqa: PLC0415

    return BigQueryWarehouse(**settings.bigquery, labels={"command": "read_marts"})


def _newest(settings: Settings) -> Path:
    """Return the workspace whose warehouse was written last."""
    home = ROOT / settings.home  # A notebook runs in a folder of its own.
    found = sorted(
        home.glob("*/warehouse.duckdb"), key=lambda path: path.stat().st_mtime
    )
    if not found:
        message = (
            f"no warehouse in {home}: run `advances nightly` first, or set"
            " ADVANCES_HOME or ADVANCES_WAREHOUSE to where one is"
        )
        raise ConfigurationError(message)
    return found[-1].parent
