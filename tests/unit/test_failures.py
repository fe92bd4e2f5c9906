"""A failure is three lines on a terminal and one record in a log, whatever it is."""

import json
from datetime import date
from pathlib import Path

import click
import pytest

from jobs import telemetry
from jobs.__main__ import main
from jobs.console import arrange
from jobs.errors import AdvancesError
from jobs.failures import fail
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError
from jobs.warehouse.protocol import WarehouseError


@pytest.fixture(autouse=True)
def _pricing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in the middle of a night's step, at a terminal."""
    monkeypatch.setattr("jobs.failures.is_read", lambda: True)
    arrange()
    run = {"command": "nightly", "step": "price", "as_of_date": "2026-10-31"}
    monkeypatch.setattr(telemetry, "run", run)


def told(error: Exception, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Return the exit code of a failure and the lines it prints."""
    with pytest.raises(SystemExit) as left:
        fail(error)
    return int(str(left.value.code)), capsys.readouterr().err.splitlines()


PLACE = "advances nightly, step price, night 2026-10-31"


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (
            DataError("no rows", "expected at least one series", Path("sales.parquet")),
            3,
            (
                "data: no rows",
                f"  where: sales.parquet, {PLACE}",
                "  fix: expected at least one series",
            ),
        ),
        (
            ConfigurationError("ADVANCES_HOME is [bold]", "set it"),
            2,
            (
                "configuration: ADVANCES_HOME is [bold]",
                f"  where: {PLACE}",
                "  fix: set it",
            ),
        ),
        (
            WarehouseError("it is away"),
            1,
            (
                "internal: it is away",
                f"  where: {PLACE}",
                f"  fix: {AdvancesError.usual_advice}",
            ),
        ),
        (
            click.Abort(),
            1,
            (
                "stopped: by you",
                f"  where: {PLACE}",
                "  fix: run it again: nothing is half-written",
            ),
        ),
    ],
)
def test_says_what_where_and_what_to_do(
    error: Exception,
    code: int,
    lines: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each kind has its exit code; text is shown as it is, brackets and all."""
    assert (code, list(lines)) == told(error, capsys)


def test_in_one_line_it_is_all_three() -> None:
    """Where a failure is logged or raised again, its text has everything."""
    error = DataError("no rows", "deliver some", "payouts.csv")

    assert str(error) == "payouts.csv: no rows; deliver some"


def test_a_mistyped_command_line_is_told_the_same_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The where is the command that was meant."""
    monkeypatch.setattr("sys.argv", ["advances", "price", "--as-of", "soon"])
    with pytest.raises(SystemExit, match="2"):
        main()
    what, where, fix = capsys.readouterr().err.splitlines()

    assert what.endswith("'soon' is not a date such as 2026-10-31")
    assert where == "  where: advances price"
    assert fix == "  fix: `advances price --help` shows what it takes, with examples"


@pytest.mark.parametrize("words", ["--nope", "price --as-of soon", "nightly --nope"])
def test_where_nobody_looks_it_is_one_record(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log has every part once, however early the command line failed."""
    monkeypatch.setattr("jobs.failures.is_read", lambda: False)
    monkeypatch.setattr("sys.argv", ["advances", *words.split()])
    with pytest.raises(SystemExit, match="2"):
        main()
    record = json.loads(capsys.readouterr().err)

    assert (record["level"], record["exit_code"]) == ("error", 2)
    assert record["message"].startswith("configuration: ")
    assert record["where"] == f"advances {words.split('-', maxsplit=1)[0]}".strip()
    assert record["fix"].endswith("--help` shows what it takes, with examples")


def test_verbose_puts_the_traceback_into_the_record(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log of lines that are JSON stays one."""
    monkeypatch.setattr("jobs.failures.is_read", lambda: False)
    arrange(is_verbose=True)
    with pytest.raises(SystemExit, match="1"):
        fail(WarehouseError("it is away\nfor good"))
    record = json.loads(capsys.readouterr().err)

    assert record["message"] == "internal: it is away\nfor good"
    assert record["where"] == PLACE
    assert record["traceback"].endswith("WarehouseError: it is away\nfor good")


def test_verbose_adds_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An internal failure says our own line; its traceback comes when asked for."""

    def broken(*_: object, **__: object) -> date:
        return date(2026, 2, 30)

    monkeypatch.setattr("jobs.apr.apr", broken)
    words = "apr --advance 9 --on 2026-01-01 --payment 2026-02-01:9 --verbose"
    monkeypatch.setattr("sys.argv", ["advances", *words.split()])
    with pytest.raises(SystemExit, match="1"):
        main()
    lines = capsys.readouterr().err.splitlines()

    assert "Traceback (most recent call last):" in lines
    assert lines[-3] == "internal: ValueError: day is out of range for month"
    assert lines[-2].startswith("  where: jobs/questions.py:")
    assert lines[-2].endswith(", advances apr")
