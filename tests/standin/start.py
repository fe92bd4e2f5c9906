"""Starts the BigQuery stand-in on two free ports of this machine, until it is stopped.

It runs in an environment of its own (requirements.txt) and prints one line once it
listens: a JSON object with ``endpoint`` (REST) and ``storage_endpoint`` (Storage Read).

Run: python start.py FOLDER

Two of its gaps stop dbt-bigquery; each is closed by one function below.

- ``name_created_table``: a CREATE TABLE AS job has no destination table, which dbt asks
  for when a table is done. BigQuery names the table that was created.
- ``set_from_struct``: ``set (a, b) = (select as struct ...)`` is not understood; dbt
  lists with it the partitions that an ``insert_overwrite`` replaces.

Its habits take most of its time: for every job, and for every table in it, it lists all
tables with their sizes, a millisecond each, and all columns of all tables, and DuckDB
searches the disk for a pandas that is not there. Four functions find the same without
that: ``look_up_objects``, ``look_up_columns``, ``list_no_temporary_tables`` and
``miss_pandas_at_once``.
"""

import json
import sys
import threading
from pathlib import Path

import duckdb
import sqlglot
import uvicorn
from duckdb_extensions import import_extension
from local_bigquery import app
from local_bigquery.engine import database
from local_bigquery.grpc import server
from local_bigquery.jobs import query
from local_bigquery.settings import settings
from local_bigquery.sql import script
from local_bigquery.sql.script import BigQueryDialect
from sqlglot import exp

HOST = "127.0.0.1"
#: The tables and views of a dataset, or the one of that name, with their row counts,
#: from where a project keeps them; one that is dropped has its last snapshot.
OBJECTS = """
with named as (
    select schema_id, table_id, table_name as name, 'TABLE' as kind
    from {metadata}.ducklake_table where end_snapshot is null
    union all by name
    select schema_id, view_name as name, 'VIEW' as kind
    from {metadata}.ducklake_view where end_snapshot is null
)
select name, kind, coalesce(record_count, 0)
from named
inner join {metadata}.ducklake_schema using (schema_id)
left join {metadata}.ducklake_table_stats using (table_id)
where end_snapshot is null and schema_name = $1 and name = coalesce($2, name)
order by name
"""
#: The columns of one table, as the list of all columns has them, and none of a view:
#: what is asked for are required and hidden columns, and a view has neither.
COLUMNS = """(
    select
        ? as database_name, ? as schema_name, ? as table_name,
        column_name, nulls_allowed as is_nullable
    from {metadata}.ducklake_column as columns
    inner join {metadata}.ducklake_table as tables using (table_id)
    inner join {metadata}.ducklake_schema as schemas using (schema_id)
    where
        columns.end_snapshot is null
        and columns.parent_column is null
        and tables.end_snapshot is null
        and schemas.end_snapshot is null
        and schema_name = ?
        and table_name = ?
)"""


def name_created_table() -> None:
    """Give a CREATE TABLE AS job the table it made as its destination."""
    original = query.execute

    def execute(*arguments: object, **options: object) -> object:
        statistics, children, destination = original(*arguments, **options)
        kind = (statistics.statementType or "") if statistics else ""
        if destination is None and kind.startswith("CREATE_TABLE_AS"):
            destination = statistics.ddlTargetTable
        return statistics, children, destination

    query.execute = execute


def set_from_struct() -> None:
    """Unpack ``set (a, b) = (select as struct ...)`` into its variables."""
    original = script.Interpreter.set

    def set_variables(self: script.Interpreter, statement: script.Statement) -> object:
        tree = sqlglot.parse_one(statement.text, dialect=BigQueryDialect)
        if len(tree.expressions) != 1:
            return original(self, statement)
        target, value = tree.expressions[0].this.this, tree.expressions[0].this.args
        names = _names(target)
        struct = value["expression"]
        if names and isinstance(struct, exp.Subquery) and struct.this.args.get("kind"):
            plain = struct.this.copy()
            plain.set("kind", None)
            return self.into(plain, names)
        if names and isinstance(target, exp.Paren):
            return self.assign(self.variable(names[0]), struct)
        return original(self, statement)

    script.Interpreter.set = set_variables


def _names(target: exp.Expression) -> list[str]:
    if isinstance(target, exp.Tuple):
        return [column.name for column in target.expressions]
    return [target.this.name] if isinstance(target, exp.Paren) else []


def look_up_objects() -> None:
    """Find the tables and views of a dataset without a look at all the others."""

    def objects(
        project: str, dataset: str, table: str | None = None
    ) -> list[tuple[str, str, int]]:
        if project == "emulator" and table:
            # Its own tables are the results of queries.
            try:
                name = database.quote(project, dataset, table)
                ((count,),) = database.fetch(f"select count(*) from {name}")
            except duckdb.CatalogException:
                return []
            return [(table, "TABLE", count)]
        metadata = database.quote(f"__ducklake_metadata_{project}")
        try:
            return database.fetch(OBJECTS.format(metadata=metadata), [dataset, table])
        except duckdb.CatalogException:
            return []  # no such project

    database.objects = objects


def look_up_columns() -> None:
    """Ask the one table that is meant for its columns."""
    original = database.fetch

    def fetch(sql: str, values: list[str] | None = None) -> list[tuple]:
        if "duckdb_columns()" not in sql:
            return original(sql, values)
        # Every such question starts with database, schema and table.
        project, dataset, table = values[:3]
        metadata = database.quote(f"__ducklake_metadata_{project}")
        one = sql.replace("duckdb_columns()", COLUMNS.format(metadata=metadata))
        try:
            return original(one, [project, dataset, table, dataset, table, *values])
        except duckdb.CatalogException:
            return []  # no such project

    database.fetch = fetch


def list_no_temporary_tables() -> None:
    """Put before DuckDB's list of all tables an empty one.

    Once ``look_up_objects`` is done, the stand-in asks it for temporary tables alone,
    before each job. Only a session has any, and none of ours opens one.
    """
    database.execute(
        "create macro memory.main.duckdb_tables() as table"
        " select '' as table_name, true as temporary where false"
    )


def miss_pandas_at_once() -> None:
    """Say that there is no pandas, before DuckDB asks: twice for each parameter."""
    sys.modules["pandas"] = None


def main(folder: Path) -> None:
    """Serve until the process is told to end; tables live in ``folder``."""
    miss_pandas_at_once()
    for extension in ("icu", "ducklake", "spatial"):
        import_extension(extension)
    name_created_table()
    set_from_struct()
    settings.data_dir = folder
    look_up_objects()
    look_up_columns()
    list_no_temporary_tables()
    storage, storage_port = server.start(HOST, 0)
    rest = uvicorn.Server(uvicorn.Config(app, host=HOST, port=0, log_level="warning"))

    def announce() -> None:
        while not rest.started:
            pause.wait(0.02)
        port = rest.servers[0].sockets[0].getsockname()[1]
        addresses = {
            "endpoint": f"http://{HOST}:{port}",
            "storage_endpoint": f"{HOST}:{storage_port}",
        }
        sys.stdout.write(json.dumps(addresses) + "\n")
        sys.stdout.flush()

    pause = threading.Event()
    threading.Thread(target=announce, daemon=True).start()
    rest.run()
    storage.stop(None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
