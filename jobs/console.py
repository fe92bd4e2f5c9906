"""What goes to the terminal or the pipe: results, notes on the way, bars, failures.

Results go to standard output. So do notes, unless the result is wanted as JSON; then
they are log records. Bars are drawn on a terminal only.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from jobs import telemetry
from jobs.plain import document, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task, TaskID


Result = TypeVar("Result")


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    # Without colours nothing else is styled either: no escape byte at all.
    no_color = Console(stderr=stderr).no_color
    return Console(
        highlight=False,
        soft_wrap=True,
        stderr=stderr,
        width=width,
        color_system=None if no_color else "auto",
    )


#: For results, for notes on the way to them, and for failures.
console, notes, errors = _console(), _console(), _console(stderr=True)


@dataclass
class _Asked:
    is_json: bool = False
    is_quiet: bool = False
    is_verbose: bool = False


asked = _Asked()


def is_read() -> bool:
    """Whether a person reads standard error along, on a terminal."""
    return errors.file.isatty()


def arrange(
    *,
    is_json: bool = False,
    is_quiet: bool = False,
    is_verbose: bool = False,
    statsd: tuple[str, int] | None = None,
) -> None:
    """Take what a person or a machine asked to see of the command to come."""
    asked.is_json, asked.is_quiet, asked.is_verbose = is_json, is_quiet, is_verbose
    notes.quiet = is_quiet or is_json
    is_text = is_read()
    usual = logging.WARNING if is_text or is_quiet else logging.INFO
    level = logging.DEBUG if is_verbose else usual
    telemetry.configure(is_text=is_text, level=level, statsd=statsd)


def at_least(columns: int) -> Console:
    """Return a console for results that are not cut to a narrower terminal."""
    return _console(width=max(console.width, columns))


def say(line: str) -> None:
    """Tell one line under the step it belongs to."""
    if asked.is_json:
        telemetry.log.info(line)
    else:
        notes.print(f"  {line}", markup=False)


def show(result: Result, print_lines: Callable[[Result], object]) -> None:
    """Print a command's result: as one JSON document if that is asked, else its lines.

    Its numbers are counted for the log and the metrics.
    """
    telemetry.count(numbers(result))
    if asked.is_json:
        names = ("as_of_date", "policy_version")
        night = {name: telemetry.run[name] for name in names if name in telemetry.run}
        told = {**night, **document(result)}
        click.echo(json.dumps(told, allow_nan=False, ensure_ascii=False))
    else:
        print_lines(result)


class _Pace(ProgressColumn):
    """How much is done, and how fast."""

    def render(self, task: Task) -> Text:
        if not task.total:
            return Text("")
        speed = task.finished_speed or task.speed
        rate = f", {speed:,.1f} a second" if speed else ""
        done = f"{task.completed:,.0f} of {task.total:,.0f} {task.fields['unit']}"
        return Text(done + rate)


@dataclass
class _Bars:
    """The bars that are drawn now: one of the whole, one of the part going on."""

    progress: Progress
    whole: TaskID
    part: TaskID


_drawn: list[_Bars] = []


def track(done: int, total: int, unit: str) -> None:
    """Move the bar of the part going on; nothing where none is drawn."""
    for bars in _drawn:
        bars.progress.update(
            bars.part, completed=done, total=total, unit=unit, visible=True
        )


@contextmanager
def working(name: str, step_count: int = 0) -> Iterator[Callable[[str], None]]:
    """Draw bars on a terminal while the work of a name, or of steps, goes on.

    What is yielded begins a step, and says so in a line anywhere else.
    """
    screen = _screen()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        _Pace(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=screen is None,
    ) as progress:
        total = step_count or None
        whole = progress.add_task(name, total=total, completed=-1, unit="steps")
        part = progress.add_task("", total=None, visible=False, unit="")
        _drawn.append(_Bars(progress, whole, part))

        def begin(step: str) -> None:
            progress.update(whole, advance=1, description=step)
            if step_count:
                progress.reset(part, visible=False)
                notes.print(f"[bold]{step}[/bold]")

        try:
            yield begin
        finally:
            _drawn.pop()


def _screen() -> Console | None:
    """Return the console of a terminal on which bars may be drawn, if there is one.

    Not the other stream's where notes go into a pipe: its end may be the same screen.
    """
    screen = errors if asked.is_json else notes
    can_draw = screen.file.isatty() and screen.color_system and not asked.is_quiet
    return screen if can_draw else None
