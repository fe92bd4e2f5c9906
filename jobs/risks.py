"""The commands that look at the risk of the book: warnings, and audits of the past."""

import click

from jobs.console import show, working
from jobs.night import Night
from jobs.options import of_night
from jobs.underwriting.audit_laws import LAWS, LawName


@click.command("warn")
@of_night
def warn_command(night: Night) -> None:
    """List the open advances whose seller shows signs of trouble, worst first.

    It stops nothing. The whole list is kept in underwriting.early_warnings.

    \b
    Example:
      advances warn --as-of 2026-10-31
    """
    from jobs.terminal import print_warned
    from jobs.warn import warn

    show(warn(night), print_warned)


@click.group("audit")
def audit_group() -> None:
    """Look back on what was told to sellers."""


@audit_group.command("rates")
@of_night
@click.option(
    "--law",
    type=click.Choice(list(LAWS)),
    required=True,
    help="Whose window and tolerance: four months, or twelve.",
)
def rates_command(night: Night, *, law: LawName) -> None:
    """Compare the rates of paid-off advances with those disclosed: PASS or FAIL.

    Every advance is kept with its verdict in underwriting.rate_audits.

    \b
    Example:
      advances audit rates --as-of 2026-10-31 --law california
    """
    from jobs.audit_rates import audit_paid_off
    from jobs.terminal import print_rate_audit

    with working("audit rates"):
        audited = audit_paid_off(night, law)
    show(audited, print_rate_audit)


RISKS: tuple[click.Command, ...] = (audit_group, warn_command)
