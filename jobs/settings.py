"""Settings: the only module that reads the environment.

Every setting is an environment variable with the prefix ``ADVANCES_``; the command
line may override the ones a person changes often.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from jobs.errors import AdvancesError

ROOT = Path(__file__).resolve().parent.parent
_OWN_RUN_ID = str(uuid4())


class ConfigurationError(AdvancesError, ValueError):
    """A setting is missing or wrong; the message says what to do."""

    kind, exit_code = "configuration", 2
    usual_advice = "give what the command's --help and .env.example say"


def _environment(name: str, default: str) -> str:
    return os.environ.get(f"ADVANCES_{name}") or default


def _number(name: str, default: float, highest: float) -> float:
    text = _environment(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= highest:
        message = f"ADVANCES_{name} is {text!r}"
        advice = f"expected a number from 0 to {highest}"
        raise ConfigurationError(message, advice)
    return number


def _size(name: str, default: str) -> str:
    text = _environment(name, default)
    if not re.fullmatch(r"\d+ ?[KMGT]i?B", text):
        message = f"ADVANCES_{name} is {text!r}"
        advice = "expected a size such as 2GB"
        raise ConfigurationError(message, advice)
    return text


def _choice(name: str, *allowed: str) -> str:
    text = _environment(name, allowed[0])
    if text not in allowed:
        message = f"ADVANCES_{name} is {text!r}"
        advice = f"expected {' or '.join(allowed)}"
        raise ConfigurationError(message, advice)
    return text


@dataclass(frozen=True)
class Settings:
    """Where things are and how much may go wrong before a run stops.

    A table with more than ``quarantine_limit_rate`` of its rows in quarantine stops
    the run, unless they are no more than ``quarantine_limit_count``. Offers that differ
    by more than ``publication_change_limit_rate`` from those on show are not published;
    ``publication_change_limit_count`` of them may come or go, with any amount.
    """

    home: Path = field(default_factory=lambda: Path(_environment("HOME", ".advances")))
    policy_version: str = field(default_factory=lambda: _environment("POLICY", ""))
    dbt_project: Path = field(
        default_factory=lambda: Path(
            _environment("DBT_PROJECT", str(ROOT / "dbt_project"))
        )
    )
    reports: str = field(default_factory=lambda: _environment("REPORTS", ""))
    warehouse: str = field(
        default_factory=lambda: _choice("WAREHOUSE", "duckdb", "bigquery")
    )
    duckdb_memory_limit: str = field(
        default_factory=lambda: _size("DUCKDB_MEMORY_LIMIT", "2GB")
    )
    bigquery_project: str = field(
        default_factory=lambda: _environment("BIGQUERY_PROJECT", "")
    )
    bigquery_location: str = field(
        default_factory=lambda: _environment("BIGQUERY_LOCATION", "EU")
    )
    bigquery_maximum_bytes_billed: int = field(
        default_factory=lambda: int(
            _number("BIGQUERY_MAXIMUM_BYTES_BILLED", 200e9, 1e15)
        )
    )
    bigquery_deadline_seconds: int = field(
        default_factory=lambda: int(_number("BIGQUERY_DEADLINE_SECONDS", 1800, 86400))
    )
    bigquery_endpoint: str = field(
        default_factory=lambda: _environment("BIGQUERY_ENDPOINT", "")
    )
    bigquery_storage_endpoint: str = field(
        default_factory=lambda: _environment("BIGQUERY_STORAGE_ENDPOINT", "")
    )
    # Addresses with passwords: never shown, and never given to dbt.
    source_database: str = field(
        repr=False, default_factory=lambda: _environment("SOURCE_DATABASE", "")
    )
    product_database: str = field(
        repr=False, default_factory=lambda: _environment("PRODUCT_DATABASE", "")
    )
    settlements: str = field(default_factory=lambda: _environment("SETTLEMENTS", ""))
    statement_timeout_seconds: int = field(
        default_factory=lambda: int(_number("STATEMENT_TIMEOUT_SECONDS", 1800, 86400))
    )
    quarantine_limit_rate: float = field(
        default_factory=lambda: _number("QUARANTINE_LIMIT_RATE", 0.01, 1)
    )
    quarantine_limit_count: float = field(
        default_factory=lambda: _number("QUARANTINE_LIMIT_COUNT", 10, 1e9)
    )
    publication_change_limit_rate: float = field(
        default_factory=lambda: _number("PUBLICATION_CHANGE_LIMIT_RATE", 0.5, 1e9)
    )
    publication_change_limit_count: float = field(
        default_factory=lambda: _number("PUBLICATION_CHANGE_LIMIT_COUNT", 20, 1e9)
    )

    def workspace(self, source_name: str) -> Path:
        """Return the folder of one source's warehouse; sources never share one."""
        return (self.home / source_name).resolve()

    @property
    def is_bigquery(self) -> bool:
        """Whether the warehouse is BigQuery rather than the embedded one."""
        return self.warehouse == "bigquery"

    @property
    def bigquery(self) -> dict[str, Any]:
        """What the BigQuery warehouse is opened with.

        Raises ConfigurationError without a project.
        """
        if not self.bigquery_project:
            message = (
                "ADVANCES_WAREHOUSE is bigquery, but ADVANCES_BIGQUERY_PROJECT is"
                " missing"
            )
            advice = "give the project that holds the datasets"
            raise ConfigurationError(message, advice)
        return {
            "project": self.bigquery_project,
            "location": self.bigquery_location,
            "maximum_bytes_billed": self.bigquery_maximum_bytes_billed,
            "deadline_seconds": self.bigquery_deadline_seconds,
            "endpoint": self.bigquery_endpoint,
            "storage_endpoint": self.bigquery_storage_endpoint,
        }

    def dbt_environment(self, duckdb_path: str) -> dict[str, str]:
        """Return what a dbt process sees: ours less the secrets, no telemetry."""
        secrets = {"ADVANCES_SOURCE_DATABASE", "ADVANCES_PRODUCT_DATABASE"}
        inherited = {
            name: text for name, text in os.environ.items() if name not in secrets
        }
        return inherited | {
            "ADVANCES_WAREHOUSE": self.warehouse,
            "ADVANCES_DUCKDB_PATH": duckdb_path,
            "ADVANCES_DUCKDB_MEMORY_LIMIT": self.duckdb_memory_limit,
            "ADVANCES_BIGQUERY_PROJECT": self.bigquery_project,
            "ADVANCES_BIGQUERY_LOCATION": self.bigquery_location,
            "ADVANCES_BIGQUERY_MAXIMUM_BYTES_BILLED": str(
                self.bigquery_maximum_bytes_billed
            ),
            "ADVANCES_BIGQUERY_DEADLINE_SECONDS": str(self.bigquery_deadline_seconds),
            "ADVANCES_BIGQUERY_ENDPOINT": self.bigquery_endpoint,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONWARNINGS": "ignore",
        }

    def policy_text(self) -> tuple[str, str]:
        """Return the version and the text of the policy in force, newest by default.

        Raises ConfigurationError where the asked version does not exist.
        """
        folder = resources.files("jobs.policies")
        versions = sorted(
            entry.name.removesuffix(".toml")
            for entry in folder.iterdir()
            if entry.name.endswith(".toml")
        )
        version = self.policy_version or versions[-1]
        if version not in versions:
            message = f"no policy {version!r}; there are {', '.join(versions)}"
            raise ConfigurationError(message)
        return version, (folder / f"{version}.toml").read_text(encoding="utf-8")


def run_id() -> str:
    """Return the name of this run in logs: the scheduler's, or one of its own."""
    return _environment("RUN_ID", _OWN_RUN_ID)


def statsd() -> tuple[str, int] | None:
    """Return host and port of the daemon that takes metrics; None for no metrics."""
    text = _environment("STATSD", "")
    host, _, port = text.rpartition(":")
    if text and not (host and port.isdigit()):
        message = f"ADVANCES_STATSD is {text!r}"
        advice = "expected an address such as host:8125"
        raise ConfigurationError(message, advice)
    return (host, int(port)) if text else None


@cache
def code_version() -> str:
    """Return a hash of our Python and SQL, so that a row names what made it."""
    return _hash_of(
        ROOT,
        "jobs/**/*.py",
        "dbt_project/macros/**/*.sql",
        "dbt_project/models/**/*.sql",
        "dbt_project/tests/**/*.sql",
    )


def project_version(dbt_project: Path) -> str:
    """Return a hash of the dbt project and of what runs it, for marts to name."""
    files = _hash_of(
        dbt_project,
        "dbt_project.yml",
        "macros/**/*.sql",
        "models/**/*.sql",
        "models/**/*.yml",
        "seeds/**/*.csv",
        "seeds/**/*.yml",
        "tests/**/*.sql",
    )
    packages = ("dbt-core", "dbt-duckdb", "dbt-bigquery", "duckdb")
    words = [files, *(version(package) for package in packages)]
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:12]


def _hash_of(folder: Path, *patterns: str) -> str:
    """Return a hash of the files that the patterns find, and of their names."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
