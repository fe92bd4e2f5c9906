"""The sources there are and the one way to open them.

What each needs takes a while to import, which the other sources need not pay.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jobs.errors import AdvancesError
from jobs.sources.protocol import Source, Window
from jobs.sources.sample_parameters import Sample, is_written
from jobs.sources.tables import TABLES


class UnknownSourceError(AdvancesError, ValueError):
    """No such source, or it lacks what it needs; the message says what to give."""

    kind, exit_code = "configuration", 2
    usual_advice = "give --source as `advances nightly --help` says"


@dataclass(frozen=True)
class SampleSource:
    """The built-in marketplace: generated once into ``home``, then read like files."""

    sample: Sample
    home: Path

    @property
    def name(self) -> str:
        """The parameters make the name, so that two samples never mix."""
        sample = self.sample
        end = sample.end_date.strftime("%Y%m%d")
        more = f"-surges{sample.surges}" if sample.surges else ""
        more += f"-discrepancies{sample.discrepancies}" if sample.discrepancies else ""
        more += "-settlements" if sample.settlements else ""
        size = f"{sample.sellers}x{sample.days}"
        return f"sample-{size}-seed{sample.seed}-{end}{more}"

    @property
    def derived(self) -> Mapping[str, tuple[str, ...]]:
        """Nothing: the sample has every column."""
        return {}

    @property
    def tables(self) -> tuple[str, ...]:
        """Every table of the contract."""
        return tuple(TABLES)

    def land(
        self,
        table: str,
        folder: Path,
        window: Window | None = None,
    ) -> list[Path]:
        """Return the table's files; ``folder`` stays empty, the sample is local."""
        from jobs.sources.files import Files

        root = self.home / self.name / "history"
        if not is_written(self.sample, root):
            from jobs.sources.sample import write

            write(self.sample, root)
        return Files(str(root)).land(table, folder, window)


def open_source(
    asked: str,
    path: str | None,
    home: Path,
    database: str = "",
    statement_timeout_seconds: int = 1800,
) -> Source:
    """Return the source called ``sample``, ``files``, ``olist`` or ``postgres``.

    ``sample`` takes parameters: ``sample:sellers=200,days=400,seed=3``. ``database`` is
    the address of postgres. Raises UnknownSourceError for another name, a bad
    parameter, a missing path or a missing address.
    """
    kind, _, parameters = asked.partition(":")
    if kind == "sample":
        return SampleSource(_sample(parameters), home)
    if kind not in {"files", "olist", "postgres"} or parameters:
        message = f"no source {asked!r}"
        advice = "expected sample, files, olist or postgres"
        raise UnknownSourceError(message, advice)
    if kind == "postgres":
        return _postgres(database, statement_timeout_seconds)
    if path is None:
        message = f"source {kind} needs --source-path, the folder with its files"
        raise UnknownSourceError(message, "give --source-path")
    if kind == "files":
        from jobs.sources.files import Files

        return Files(path)
    from jobs.sources.olist import Olist

    return Olist(Path(path))


def _postgres(database: str, statement_timeout_seconds: int) -> Source:
    if not database:
        message = (
            "source postgres needs ADVANCES_SOURCE_DATABASE, its address, for example "
            "postgresql://reader:secret@host:5432/marketplace"
        )
        raise UnknownSourceError(message, "set ADVANCES_SOURCE_DATABASE")
    from jobs.postgres_address import PostgresAddress
    from jobs.sources.postgres import Postgres

    try:
        address = PostgresAddress(
            database, "ADVANCES_SOURCE_DATABASE", statement_timeout_seconds
        )
        return Postgres(address)
    except ValueError as error:
        raise UnknownSourceError(str(error)) from None


def _sample(parameters: str) -> Sample:
    """Read ``sellers=200,days=400``; what is not given keeps its default."""
    readers: dict[str, Callable[[str], Any]] = {
        "sellers": int,
        "days": int,
        "seed": int,
        "end_date": date.fromisoformat,
        "surges": int,
        "settlements": lambda text: bool(int(text)),
        "discrepancies": int,
    }
    values = {}
    for part in filter(None, parameters.split(",")):
        name, _, text = part.partition("=")
        try:
            values[name] = readers[name](text)
        except (KeyError, ValueError) as error:
            message = (
                f"sample parameter {part!r}: expected {', '.join(readers)} as in "
                "sample:sellers=200,days=400,seed=3,end_date=2026-10-31"
            )
            raise UnknownSourceError(message) from error
    try:
        return Sample(**values)
    except ValueError as error:
        raise UnknownSourceError(str(error)) from error
