"""The options that commands share: which night of which marketplace, what to see."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any

import click

from jobs import telemetry
from jobs.console import arrange, say, track
from jobs.night import Night, read_policy
from jobs.settings import ConfigurationError, Settings, run_id, statsd
from jobs.sources.catalogue import SampleSource, open_source


def as_date(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> date | None:
    """Read an option's date; click's error names the option."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date only
    except ValueError as error:
        message = f"{text!r} is not a date such as 2026-10-31"
        raise click.BadParameter(message) from error


def _night(
    as_of: date | None, source: str, source_path: str | None, command: str
) -> Night:
    settings = Settings()
    opened = open_source(
        source,
        source_path,
        settings.home.resolve(),
        settings.source_database,
        settings.statement_timeout_seconds,
    )
    if as_of is None:
        if not isinstance(opened, SampleSource):
            message = "--as-of is missing"
            advice = "give the night, for example --as-of 2026-10-31"
            raise ConfigurationError(message, advice)
        as_of = opened.sample.end_date
    telemetry.run["as_of_date"] = as_of.isoformat()
    policy = read_policy(settings)
    telemetry.run["policy_version"] = policy.policy_version
    return Night(settings, opened, as_of, policy, say, command, track)


def of_night(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which night of which marketplace, and pass the Night."""

    @wraps(command)
    def with_night(open_night: Callable[[], Night], **options: object) -> None:
        command(open_night(), **options)

    return may_open_night(with_night)


def may_open_night(command: Callable[..., None]) -> Callable[..., None]:
    """Add the same options, and pass what opens the Night where it is needed."""

    @wraps(command)
    def with_night(
        as_of: date | None, source: str, source_path: str | None, **options: object
    ) -> None:
        name = click.get_current_context().info_name or "advances"
        command(lambda: _night(as_of, source, source_path, name), **options)

    for option in (
        click.option(
            "--source-path",
            envvar="ADVANCES_SOURCE_PATH",
            help="Folder (or gs://… address) of the files or olist source.",
        ),
        click.option(
            "--source",
            envvar="ADVANCES_SOURCE",
            default="sample",
            show_default=True,
            help="sample, files, olist or postgres; another sample is"
            " sample:sellers=200,days=400,seed=3.",
        ),
        click.option(
            "--as-of",
            callback=as_date,
            help="The night, YYYY-MM-DD: only what was known by its end counts."
            " The sample's default is its last day.",
        ),
    ):
        with_night = option(with_night)
    return with_night


def _ask(context: click.Context, option: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001 - click's signature
    """Note one of the options below, wherever in the line it stands; arrange for it."""
    telemetry.run.setdefault("run_id", run_id())
    if is_asked:
        context.meta[f"{__name__}.{option.name}"] = True
    names = ("is_json", "is_quiet", "is_verbose")
    wanted = {name: f"{__name__}.{name}" in context.meta for name in names}
    arrange(**wanted, statsd=statsd())


_OUTPUT = {
    "--json": ("is_json", "Print the result as one JSON document, and nothing else."),
    "--quiet": ("is_quiet", "Print the result and failures only."),
    "--verbose": ("is_verbose", "Log more, and print the traceback of a failure."),
}


def with_output_options(command: click.Command, path: str = "") -> None:
    """Let the group and every command under it take --json, --quiet and --verbose.

    A command whose --json is a file keeps it; there the group's prints. Every command
    becomes a step that is logged and measured.
    """
    taken = {name for each in command.params for name in each.opts}
    for name, (parameter, text) in _OUTPUT.items():
        if name not in taken:
            option = click.Option(
                [name, parameter],
                is_flag=True,
                expose_value=False,
                callback=_ask,
                help=text,
            )
            command.params.append(option)
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            with_output_options(each, f"{path} {name}".strip())
    elif command.callback:
        command.callback = _as_step(path, command.callback)


def _as_step(name: str, command: Callable[..., Any]) -> Callable[..., None]:
    @wraps(command)
    def ran(**options: object) -> None:
        telemetry.run.clear()
        telemetry.run.update(run_id=run_id(), command=name)
        with telemetry.step(name):
            command(**options)

    return ran
