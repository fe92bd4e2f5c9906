"""Failures as a person and a log collector get them: what, where, and what to do."""

import traceback
from dataclasses import asdict, dataclass
from typing import NoReturn

import click
from rich.markup import escape

from jobs import telemetry
from jobs.console import asked, errors
from jobs.errors import AdvancesError
from jobs.settings import ROOT

INTERNAL, CONFIGURATION = 1, 2


@dataclass(frozen=True)
class Failure:
    """The three lines, and the exit code."""

    kind: str
    what: str
    where: str
    advice: str
    exit_code: int


def failure_of(error: BaseException) -> Failure:
    """Return what to say of an exception; one that nobody foresaw is internal."""
    if isinstance(error, AdvancesError):
        where, what = error.where, error.what
        return Failure(error.kind, what, _place(where), error.advice, error.exit_code)
    if isinstance(error, click.Abort):
        again = "run it again: nothing is half-written"
        return Failure("stopped", "by you", _place(), again, INTERNAL)
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "advances"
        advice = f"`{path} --help` shows what it takes, with examples"
        what = error.format_message()
        return Failure("configuration", what, path, advice, CONFIGURATION)
    what = f"{type(error).__name__}: {error}"
    advice = "run it with --verbose for the traceback, and report that"
    return Failure("internal", what, _place(_line_of(error)), advice, INTERNAL)


def fail(error: BaseException) -> NoReturn:
    """Print the three lines to standard error, log them, and exit with their code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        raise SystemExit(CONFIGURATION)
    failure = failure_of(error)
    telemetry.log.error(str(error), extra={"fields": asdict(failure)})
    if asked.is_verbose:
        errors.print("".join(traceback.format_exception(error)), markup=False)
    lines = failure.what.strip().splitlines() or [type(error).__name__]
    what = "\n    ".join(escape(line) for line in lines)
    errors.print(f"[bold red]{failure.kind}[/bold red]: {what}")
    errors.print(f"  where: {failure.where}", markup=False)
    errors.print(f"  fix: {failure.advice}", markup=False)
    raise SystemExit(failure.exit_code)


def _place(first: str = "") -> str:
    """Return the place a failure names, then the command, the step and the night."""
    run = telemetry.run
    command, step = run.get("command", ""), run.get("step", "")
    parts = (
        first,
        f"advances {command}".strip(),
        f"step {step}" if step not in {"", command} else "",
        f"night {run['as_of_date']}" if "as_of_date" in run else "",
    )
    return ", ".join(filter(None, parts))


def _line_of(error: BaseException) -> str:
    """Return the innermost line of our own code that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename.startswith(str(ROOT / "jobs")):
            return f"{frame.filename.removeprefix(f'{ROOT}/')}:{frame.lineno}"
    return ""
