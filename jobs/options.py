"""The options that say which night of which marketplace, shared by the commands."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps

import click

from jobs.night import Night, read_policy
from jobs.settings import ConfigurationError, Settings
from jobs.sources.catalogue import SampleSource, open_source
from jobs.terminal import say


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
            message = (
                "--as-of is missing; give the night, for example --as-of 2026-10-31"
            )
            raise ConfigurationError(message)
        as_of = opened.sample.end_date
    return Night(settings, opened, as_of, read_policy(settings), say, command)


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
