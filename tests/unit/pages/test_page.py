"""The page as text: escaped, complete, and closed to the network."""

import base64
import hashlib
import json
import re
from typing import Any

import altair as alt
import pytest
from night_facts import facts_of
from report_page import SECTIONS, ReportPage

from jobs.pages import charts
from jobs.pages.contents import contents
from jobs.pages.page import render
from jobs.pages.seller_facts import locale_of
from jobs.pages.seller_table import Chosen

HOSTILE = "<script>alert(1)</script>\u2028\"'&=cmd|' /C calc'!A0"


def html_of(rows: list[dict[str, Any]] | None = None, **changed: Any) -> str:  # noqa: ANN401
    """Return the page of a good night, but for these answers and sellers."""
    chosen = Chosen(rows or [], 9, "A rule.")
    return render(contents(facts_of(**changed), chosen, (), "Nobody."))


def seller_row(seller_id: str, code: str = "EUR") -> dict[str, Any]:
    """Return one row of the table of sellers."""
    return {
        "seller_id": seller_id,
        "country_code": "FR",
        "currency_code": code,
        "why": "largest offers",
        "outcome": "eligible",
        "advance_minor": 120_050,
        "fee_rate": 0.05,
        "repayable_91_days_minor": 1_000_000,
        "owed_minor": 0,
        "at_risk_minor": None,
        "main_reason_code": None,
    }


def test_every_section_is_there_in_order_and_says_what_is_missing() -> None:
    """Without an answer to any question, no section vanishes and none is silent."""
    nothing = dict.fromkeys(facts_of().found)
    page = ReportPage(html_of(**nothing))

    assert list(page.sections) == SECTIONS
    assert page.figures["glance.status"] == "red"
    for name in SECTIONS[1:]:
        said = page.sections[name]
        assert re.search(r"not|No|never|Nobody|Nothing", said), (name, said)


def test_figures_are_raw_and_shown_in_their_currency() -> None:
    """Minor units behind, a person's amount in front; yen have no decimals."""
    page = ReportPage(html_of([seller_row("s1")]))

    assert page.figures["offers.EUR.largest_advance_minor"] == "150000"
    assert page.shown["offers.EUR.largest_advance_minor"] == "€1,500.00"
    assert page.figures["offers.JPY.largest_advance_minor"] == "90000"
    assert page.shown["offers.JPY.largest_advance_minor"] == "¥90,000"
    assert page.figures["offers.EUR.median_fee_rate"] == "0.055"
    assert page.shown["offers.JPY.median_fee_rate"] == "6%"
    assert page.figures["offers.FR.EUR.evaluated"] == "5"
    assert page.figures["sellers.s1.EUR.largest_advance_minor"] == "120050"
    assert page.figures["quarantine.count"] == "0"
    assert page.figures["glance.status"] == "green"


def test_what_failed_by_a_cent_does_not_read_as_passed() -> None:
    """A rate of money quality is rounded down."""
    (euro, yen) = facts_of().rows("quality")
    almost = {**euro, "failed_count": 1, "failed_minor": 1, "passed_rate": 0.9999999}
    page = ReportPage(html_of(quality=[almost, yen]))

    assert page.shown["reconciliation.clearing.EUR.passed_rate"] == "99.99%"
    assert page.shown["reconciliation.clearing.JPY.passed_rate"] == "100%"
    assert page.figures["glance.money"] == "amber"


def test_every_text_from_data_is_text() -> None:
    """A hostile seller, reason, country or sentence is shown, and never run."""
    found = {
        "table_name": "sellers",
        "reason": HOSTILE,
        "origin": HOSTILE,
        "seller_id": HOSTILE,
        "content": HOSTILE,
        "row_count": 1,
    }
    country = {**facts_of().rows("offers_by_country")[0], "country_code": HOSTILE}
    html = html_of(
        [seller_row(HOSTILE)],
        quarantine=[found],
        quarantined=[found],
        quarantine_count=[{"row_count": 1}],
        offers_by_country=[country],
        watched=[
            {
                "check_name": "impact",
                "group_name": HOSTILE,
                "verdict": "amber",
                "sentence": HOSTILE,
            }
        ],
    )
    page = ReportPage(html)

    assert [tag for tag, _ in page.starts].count("script") == 4
    assert "<script>alert" not in html
    for name in ("glance", "offers", "quarantine", "freshness", "sellers"):
        assert HOSTILE in page.sections[name]
    points = json.loads(page.scripts[1])["countries"]["datasets"].values()
    assert [row["label"] for rows in points for row in rows] == [HOSTILE]
    assert "\u2028" not in page.scripts[1]


def test_only_the_pages_own_scripts_may_run_and_nothing_is_fetched() -> None:
    """The policy names the hash of each script; no tag has an address to load."""
    page = ReportPage(html_of())
    (policy,) = [
        attributes["content"] or ""
        for tag, attributes in page.starts
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    hashes = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in page.scripts[2:]
    ]

    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert re.findall(r"sha256-([^']+)", policy) == hashes
    for tag, attributes in page.starts:
        assert not attributes.get("src"), tag
        assert (attributes.get("href") or "#").startswith(("#", "data:,"))


def test_tables_charts_and_inputs_can_be_read_without_eyes() -> None:
    """Headers have a scope, tables a caption, figures one too, the search its label."""
    page = ReportPage(html_of([seller_row("s1"), seller_row("s2", "JPY")]))
    tags = [tag for tag, _ in page.starts]

    assert tags.count("table") == tags.count("caption")
    assert tags.count("figure") == tags.count("figcaption")
    assert all(found.get("scope") for tag, found in page.starts if tag == "th")
    sortable = [found for tag, found in page.starts if "aria-sort" in found]
    assert len(sortable) == tags.count("button") == 11
    labels = {found["for"] for tag, found in page.starts if tag == "label"}
    assert labels == {found["id"] for tag, found in page.starts if tag == "input"}
    ids = [found["id"] for _, found in page.starts if found.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {
        found["aria-labelledby"]
        for _, found in page.starts
        if "aria-labelledby" in found
    }
    assert labelled <= set(ids)


@pytest.mark.parametrize(
    "spec",
    [
        charts.bars([{"a": "x", "b": 1}], "a", "b", "sellers"),
        charts.stacked_bars([{"a": "x", "p": 1, "q": 2}], "a", ("p", "q"), "sellers"),
        charts.share_bars([{"a": "x", "p": 0, "q": 0}], "a", ("p", "q")),
        charts.columns([{"x": 0, "part": "p", "value": 1}], ("p",), ("days", "offers")),
        charts.lines([{"x": 1, "part": "p", "value": 0.5}], ("p",), ("months", "paid")),
        charts.reliability([{"part": "p", "of": 60, "x": 0.5, "y": 0.4}], ("p",)),
        charts.history([{"date": "2026-10-26", "value": 1.5}], "EUR"),
        charts.fan([{"days": 0, "p025": 0, "p50": 0}], "JPY"),
        charts.repayment_days([{"from": 0, "to": 10, "value": 0.1}], 90),
    ],
)
def test_charts_are_of_the_grammar(spec: dict[str, Any]) -> None:
    """Each specification is valid Vega-Lite, with its data in it."""
    kind = alt.LayerChart if "layer" in spec else alt.Chart

    assert kind.from_dict(spec).to_dict(validate=True)
    assert all("url" not in each for each in (spec, spec.get("data", {})))


def test_a_seller_is_written_to_in_the_language_of_its_country() -> None:
    """Where we write none of a country's languages, and for no country, in English."""
    found = [locale_of(code) for code in ("FR", "MX", "JP", "GB", "DE", "unknown", "")]

    assert found == ["fr", "es", "ja", "en", "en", "en", "en"]
