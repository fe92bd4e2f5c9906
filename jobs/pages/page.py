"""The page: sections in, one self-contained HTML text out.

Every text is escaped by the template. Nothing on the page may reach the network: the
policy in its head allows the page's own scripts, by their hashes, and nothing else.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

import vl_convert
from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from jobs.pages.blocks import Chart, Section
from jobs.pages.charts import CONFIG
from jobs.pages.facts import Facts
from jobs.pages.verdict import Status

#: What of the libraries the page needs; Vega's own interpreter spares it from eval.
_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@dataclass(frozen=True)
class Page:
    """All that is on a page; ``cards`` come last."""

    facts: Facts
    status: Status
    sections: tuple[Section, ...]
    cards: tuple[Section, ...]
    cards_rule: str


def render(page: Page) -> str:
    """Return the page as HTML."""
    sections = [*page.sections, *page.cards]
    scripts = [_library(), _resource("script.js")]
    return _template("page.html.j2").render(
        page=page,
        long_date=format_date(page.facts.as_of_date, "long", locale="en"),
        style=Markup(_resource("style.css")),  # noqa: S704 - our own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - and these
        hashes=[_hash(script) for script in scripts],
        charts={chart.name: chart.spec for chart in _charts(sections)},
        config=CONFIG,
        ids={section.name for section in sections},
    )


def _charts(sections: Iterable[Section]) -> list[Chart]:
    return [
        block
        for section in sections
        for block in section.blocks
        if isinstance(block, Chart)
    ]


@cache
def _library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script."""
    bundle: str = vl_convert.javascript_bundle(_SNIPPET)
    return bundle.replace("</script", "<\\/script")


def _resource(name: str) -> str:
    return (resources.files("jobs.pages") / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("jobs.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return made


def _template(name: str) -> Template:
    return _environment().get_template(name)
