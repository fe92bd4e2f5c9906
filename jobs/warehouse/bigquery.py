"""The production warehouse: the datasets of one BigQuery project.

Rows go in by load jobs and come out by the Storage Read API, as Arrow both ways. A
replacement is staged in scratch tables and put in place by one transaction.
"""

import random
import re
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import grpc
import pyarrow as pa
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from google.cloud.bigquery_storage import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)

from jobs.warehouse.bigquery_errors import explained, is_conflict
from jobs.warehouse.bigquery_reading import CALL_SECONDS, read_rows
from jobs.warehouse.bigquery_staging import map_timestamps, transaction, write_parquet
from jobs.warehouse.protocol import WarehouseError, Write
from jobs.warehouse.table import Table, Type

#: Staged rows live here until their transaction is done, and never longer than a day.
SCRATCH = "advances_scratch"
_DAY_MS = 24 * 60 * 60 * 1000
_TRIES = 8
#: All retries of a call together.
_RETRY_SECONDS = 180.0
_TYPES: dict[Type, str] = {
    "text": "STRING",
    "integer": "INTEGER",
    "rate": "FLOAT",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
_PARAMETER_TYPES: dict[type, str] = {
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    str: "STRING",
    datetime: "TIMESTAMP",
    date: "DATE",
    type(None): "STRING",
}


class BigQueryWarehouse:
    """Reads and writes the datasets of one project; use it as a context manager."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        *,
        project: str,
        location: str,
        maximum_bytes_billed: int,
        deadline_seconds: int,
        labels: Mapping[str, str],
        endpoint: str = "",
        storage_endpoint: str = "",
    ) -> None:
        """Connect as the machine's service account.

        ``labels`` name the jobs in the bill. The two endpoints are those of a stand-in,
        which asks for no credentials.
        """
        self._project, self._location = project, location
        self._limits = {
            "labels": {name: _label(text) for name, text in labels.items()},
            "job_timeout_ms": deadline_seconds * 1000,
        }
        self._maximum_bytes_billed = maximum_bytes_billed
        self._deadline_seconds = deadline_seconds
        self._retry = DEFAULT_RETRY.with_timeout(_RETRY_SECONDS)
        with explained("connecting"):
            self._client, self._reader = (
                _standin(project, location, endpoint, storage_endpoint)
                if endpoint
                else (bigquery.Client(project, location=location), BigQueryReadClient())
            )

    def __enter__(self) -> Self:
        """Return the open warehouse."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._client.close()
        self._reader.transport.close()

    def ensure(self, tables: Iterable[Table]) -> None:
        """Create the tables that are missing; WarehouseError on other columns."""
        tables = list(tables)
        for schema in sorted({table.schema for table in tables} | {SCRATCH}):
            self._ensure_dataset(schema)
        for table in tables:
            with explained(f"creating table {table.address}"):
                found = self._client.create_table(
                    self._definition(table), exists_ok=True, retry=self._retry
                )
            _check_columns(table, found)

    def _ensure_dataset(self, name: str) -> None:
        dataset = bigquery.Dataset(f"{self._project}.{name}")
        dataset.location = self._location
        if name == SCRATCH:
            dataset.default_table_expiration_ms = _DAY_MS
        # Asked for first: to create one takes a role that a nightly run need not have,
        # even where it is there already.
        with explained(f"looking for dataset {name}"):
            try:
                found = self._client.get_dataset(dataset.reference, retry=self._retry)
            except NotFound:
                found = self._client.create_dataset(
                    dataset, exists_ok=True, retry=self._retry
                )
        if found.location.upper() != self._location.upper():
            message = f"dataset {name} is in {found.location}, not {self._location}"
            advice = (
                f"set ADVANCES_BIGQUERY_LOCATION={found.location} or move the dataset"
            )
            raise WarehouseError(message, advice)

    def _definition(self, table: Table) -> bigquery.Table:
        """Return a table partitioned by its date and clustered as it says."""
        made = bigquery.Table(f"{self._project}.{table.address}", _schema(table))
        made.time_partitioning = bigquery.TimePartitioning(
            field=next(name for name in table.partition if _is_date(table, name))
        )
        made.clustering_fields = list(table.cluster)[:4]
        made.require_partition_filter = table.requires_partition_filter
        return made

    def query(self, sql: str, **parameters: object) -> pa.Table:
        """Return the answer to ``sql``, whose ``$name`` stand for ``parameters``."""
        with explained("asking"):
            job = self._run(re.sub(r"\$(\w+)", r"@\1", sql), parameters)
            found = read_rows(self._reader, job, self._deadline_seconds)
        return _without_zones(found)

    def _run(self, sql: str, parameters: Mapping[str, object]) -> bigquery.QueryJob:
        config = bigquery.QueryJobConfig(
            query_parameters=[
                _parameter(name, value) for name, value in parameters.items()
            ],
            maximum_bytes_billed=self._maximum_bytes_billed,
            **self._limits,
        )
        job = self._client.query(
            sql, job_config=config, retry=self._retry, timeout=CALL_SECONDS
        )
        job.result(retry=self._retry, timeout=self._deadline_seconds)
        return job

    def exists(self, schema: str, name: str) -> bool:
        """Tell whether a table or view of that name is there."""
        with explained(f"looking for {schema}.{name}"):
            try:
                self._client.get_table(
                    f"{self._project}.{schema}.{name}", retry=self._retry
                )
            except NotFound:
                return False
        return True

    def replace(self, writes: Sequence[Write]) -> None:
        """Replace every given partition, all in one transaction or none."""
        staged: list[str] = []
        try:
            sources = [self._stage(write, staged) for write in writes]
            sql, parameters = transaction(writes, sources)
            self._commit(sql, parameters)
        finally:
            # What cannot be cleaned up goes by itself after a day, and says nothing of
            # the rows that are in place.
            with suppress(WarehouseError), explained("cleaning up"):
                for name in staged:
                    self._client.delete_table(
                        name, not_found_ok=True, retry=self._retry
                    )

    def _commit(self, sql: str, parameters: Mapping[str, object]) -> None:
        """Run a transaction, again where another one changed the same table first."""
        doing = "replacing partitions"
        for attempt in range(1, _TRIES + 1):
            try:
                with explained(doing):
                    self._run(sql, parameters)
            except WarehouseError as error:
                if attempt == _TRIES or not is_conflict(error):
                    raise
                # Spread the losers out, or they would meet again.
                time.sleep(random.uniform(0.2, 0.5) * 2**attempt)  # noqa: S311
            else:
                return

    def _stage(self, write: Write, staged: list[str]) -> str:
        """Load a write's rows into a scratch table; return its name, "" for no rows."""
        columns = [
            name
            for name in write.table.columns
            if isinstance(write.rows, pa.Table) or name not in write.partition
        ]
        name = f"{self._project}.{SCRATCH}.{write.table.name}_{uuid4().hex}"
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=_schema(write.table, columns),
            write_disposition=bigquery.WriteDisposition.WRITE_EMPTY,
            **self._limits,
        )
        with tempfile.TemporaryFile() as file:
            if not write_parquet(write, columns, file):
                return ""
            file.seek(0)
            staged.append(name)
            with explained(f"loading rows for {write.table.address}"):
                job = self._client.load_table_from_file(
                    file, name, job_config=config, timeout=CALL_SECONDS
                )
                job.result(retry=self._retry, timeout=self._deadline_seconds)
        return name


def _standin(
    project: str, location: str, endpoint: str, storage_endpoint: str
) -> tuple[bigquery.Client, BigQueryReadClient]:
    # Batches of rows are larger than a message may be by default; Google's own channel
    # has no limit either.
    channel = grpc.insecure_channel(
        storage_endpoint, options=[("grpc.max_receive_message_length", -1)]
    )
    client = bigquery.Client(
        project,
        location=location,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoint},
    )
    return client, BigQueryReadClient(
        transport=BigQueryReadGrpcTransport(channel=channel)
    )


def _label(text: str) -> str:
    """Return ``text`` as a label may be: lower case, and at most 63 characters."""
    return re.sub(r"[^a-z0-9_-]", "_", text.lower())[:63]


def _is_date(table: Table, name: str) -> bool:
    return table.columns[name] == "date"


def _schema(
    table: Table, names: Iterable[str] | None = None
) -> list[bigquery.SchemaField]:
    return [
        bigquery.SchemaField(name, _TYPES[table.columns[name]])
        for name in (table.columns if names is None else names)
    ]


def _check_columns(table: Table, found: bigquery.Table) -> None:
    expected = {name: _TYPES[kind] for name, kind in table.columns.items()}
    there = {field.name: field.field_type for field in found.schema}
    if there != expected:
        differing = [
            f"{name} is {there.get(name, 'missing')}, expected "
            f"{expected.get(name, 'no such column')}"
            for name in [*expected, *(name for name in there if name not in expected)]
            if there.get(name) != expected.get(name)
        ]
        message = f"table {table.address} has other columns: {'; '.join(differing)}"
        advice = "start a new project or migrate this one"
        raise WarehouseError(message, advice)


def _parameter(name: str, value: object) -> Any:  # noqa: ANN401 - Google's, untyped
    if isinstance(value, (list, tuple)):
        kind = _PARAMETER_TYPES[type(value[0])] if value else "STRING"
        return bigquery.ArrayQueryParameter(name, kind, [_utc(one) for one in value])
    return bigquery.ScalarQueryParameter(
        name, _PARAMETER_TYPES[type(value)], _utc(value)
    )


def _utc(value: object) -> Any:  # noqa: ANN401 - whatever came in
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _without_zones(rows: pa.Table) -> pa.Table:
    """Return the rows with timestamps as the other warehouse gives them."""
    return rows.cast(map_timestamps(rows.schema, None))
