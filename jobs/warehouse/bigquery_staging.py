"""How rows get ready for BigQuery: as one Parquet file, and by one transaction."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.warehouse.protocol import Write


def map_timestamps(schema: pa.Schema, zone: str | None) -> pa.Schema:
    """Return the schema with every timestamp in microseconds of that zone, or none."""
    return pa.schema(
        field.with_type(pa.timestamp("us", zone))
        if pa.types.is_timestamp(field.type)
        else field
        for field in schema
    )


def write_parquet(write: Write, columns: list[str], file: Any) -> int:  # noqa: ANN401 - a file
    """Write the rows as one Parquet file, batch by batch; return how many there are.

    Timestamps are marked as UTC, because BigQuery takes unmarked ones for local times.
    """
    count, writer = 0, None
    for batch in _batches(write, columns):
        if writer is None:
            writer = pq.ParquetWriter(file, map_timestamps(batch.schema, "UTC"))
        writer.write_table(batch.cast(writer.schema))
        count += batch.num_rows
    if writer is not None:
        writer.close()
    return count


def _batches(write: Write, columns: list[str]) -> Iterable[pa.Table]:
    if isinstance(write.rows, pa.Table):
        yield write.rows.select(columns)
        return
    for path in write.rows:
        with pq.ParquetFile(Path(path)) as rows:
            for batch in rows.iter_batches(columns=columns):
                yield pa.Table.from_batches([batch]).select(columns)


def transaction(
    writes: Sequence[Write], sources: Sequence[str]
) -> tuple[str, dict[str, object]]:
    """Return the script that replaces every partition, and its parameters."""
    statements = ["begin transaction"]
    parameters: dict[str, object] = {}
    for index, (write, source) in enumerate(zip(writes, sources, strict=True)):
        named = {f"{name}_{index}": value for name, value in write.partition.items()}
        parameters |= named
        conditions = [
            f"{name} in unnest(@{name}_{index})"
            if isinstance(value, (list, tuple))
            else f"{name} = @{name}_{index}"
            for name, value in write.partition.items()
        ]
        statements.append(
            f"delete from {write.table.address} where {' and '.join(conditions)}"
        )
        if source:
            given = not isinstance(write.rows, pa.Table)
            columns = [
                f"@{name}_{index}" if given and name in write.partition else name
                for name in write.table.columns
            ]
            statements.append(
                f"insert into {write.table.address} ({', '.join(write.table.columns)})"
                f" select {', '.join(columns)} from `{source}`"
            )
    statements.append("commit transaction")
    return ";\n".join(statements), parameters
