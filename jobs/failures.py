"""Failures as a person or a log collector gets them: what, where, and what to do.

A person at a terminal reads three lines. Where standard error is no terminal it is the
log, so a failure is one more record of it, with the same three parts.
"""

import traceback
from dataclasses import dataclass, replace
from typing import NoReturn

import click
from rich.markup import escape

from jobs import telemetry
from jobs.console import asked, errors, is_read
from jobs.errors import AdvancesError
from jobs.settings import ROOT

INTERNAL, CONFIGURATION = 1, 2


@dataclass(frozen=True)
class Failure:
    """The three parts, and the exit code."""

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
    """Say the three parts on standard error, once, and exit with their code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        raise SystemExit(CONFIGURATION)
    failure = failure_of(error)
    what = failure.what.strip() or type(error).__name__
    shown = error if asked.is_verbose else None
    if is_read():
        _print(replace(failure, what=what), shown)
    else:
        parts = {"where": failure.where, "fix": failure.advice}
        telemetry.log.error(
            "%s: %s",
            failure.kind,
            what,
            extra={"fields": parts | {"exit_code": failure.exit_code}},
            exc_info=shown,
        )
    raise SystemExit(failure.exit_code)


def _print(failure: Failure, shown: BaseException | None) -> None:
    """Print the three lines, under the traceback of an error that is to be shown."""
    if shown:
        errors.print("".join(traceback.format_exception(shown)), markup=False)
    what = escape(failure.what).replace("\n", "\n    ")
    errors.print(f"[bold red]{failure.kind}[/bold red]: {what}")
    errors.print(f"  where: {failure.where}", markup=False)
    errors.print(f"  fix: {failure.advice}", markup=False)


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
