"""Starts the BigQuery stand-in on two free ports of this machine, until it is stopped.

It runs in an environment of its own (requirements.txt) and prints one line once it
listens: a JSON object with ``endpoint`` (REST) and ``storage_endpoint`` (Storage Read).

Run: python start.py FOLDER

Two of its gaps stop dbt-bigquery; each is closed by one function below.

- ``name_created_table``: a CREATE TABLE AS job has no destination table, which dbt asks
  for when a table is done. BigQuery names the table that was created.
- ``set_from_struct``: ``set (a, b) = (select as struct ...)`` is not understood; dbt
  lists with it the partitions that an ``insert_overwrite`` replaces.
"""

import json
import sys
import threading
from pathlib import Path

import sqlglot
import uvicorn
from duckdb_extensions import import_extension
from local_bigquery import app
from local_bigquery.grpc import server
from local_bigquery.jobs import query
from local_bigquery.settings import settings
from local_bigquery.sql import script
from local_bigquery.sql.script import BigQueryDialect
from sqlglot import exp

HOST = "127.0.0.1"


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


def main(folder: Path) -> None:
    """Serve until the process is told to end; tables live in ``folder``."""
    for extension in ("icu", "ducklake", "spatial"):
        import_extension(extension)
    name_created_table()
    set_from_struct()
    settings.data_dir = folder
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
