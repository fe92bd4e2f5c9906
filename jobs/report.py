"""Report: the night as one HTML page, for finance, for on-call, for a seller's case."""

from collections.abc import Sequence
from pathlib import Path

from altair.utils.schemapi import debug_mode

from jobs.night import Night
from jobs.pages.contents import contents
from jobs.pages.facts import Facts
from jobs.pages.page import Page, render
from jobs.report_reads import Answers, read_facts
from jobs.report_sellers import CARDS_RULE, choose, choose_cards, read_sellers
from jobs.sources.protocol import DataError


def report(
    night: Night, seller_ids: Sequence[str] = (), out: Path | None = None
) -> str:
    """Write the page of a night; return where it is.

    The cards are of ``seller_ids``, or of a few sellers chosen by rule. Raises
    DataError where the night decided nothing, or nothing about one of the sellers.
    """
    # Altair checks each chart against its whole grammar, which tests do once for all.
    with night.warehouse() as warehouse, debug_mode(arg=False):
        page = render(_page(Answers(night, warehouse, {}), seller_ids))
    return _write(page, str(out or address(night)))


def address(night: Night) -> str:
    """Return where the page of a night is written."""
    folder = night.settings.reports or str(night.workspace)
    return f"{folder.rstrip('/')}/report-{night.as_of_date}.html"


def _page(answers: Answers, seller_ids: Sequence[str]) -> Page:
    facts = _facts(answers)
    chosen = choose(answers)
    asked = dict.fromkeys(seller_ids, "Asked for.")
    known = read_sellers(answers, asked or choose_cards(chosen))
    rule = "The sellers that were asked for." if asked else CARDS_RULE
    return contents(facts, chosen, known, rule)


def _facts(answers: Answers) -> Facts:
    night = answers.night
    facts = Facts(
        night.as_of_date,
        night.source.name,
        night.policy.policy_version,
        night.policy.forecast.model_version,
        night.versions["code_version"],
        night.policy.eligibility.maximum_data_age_days,
        read_facts(answers),
    )
    if facts.rows("outcomes"):
        return facts
    message = (
        f"no seller was decided on for {night.as_of_date} by policy"
        f" {night.policy.policy_version}"
    )
    advice = f"run `advances nightly --as-of {night.as_of_date}` first"
    raise DataError(message, advice)


def _write(page: str, path: str) -> str:
    """Write the page all at once: nobody reads half of one."""
    if "://" in path:
        return _write_remote(page, path)
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.partial")
    part.write_text(page, encoding="utf-8")
    part.replace(place)
    return str(place)


def _write_remote(page: str, path: str) -> str:
    """Write to another file system, whose own writes show when they are closed."""
    import fsspec  # noqa: PLC0415 - most nights write to their own disk

    with fsspec.open(path, "w", encoding="utf-8") as file:
        file.write(page)
    return path
