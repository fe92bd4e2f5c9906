"""The nightly report as a person has it: in a browser, from disk, at two widths."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from nights import change, rows_of, value_of
from playwright.sync_api import Page
from report_page import SECTIONS

from jobs.night import Night
from jobs.report import report

HOSTILE = ("<script>alert(1)</script>", "=cmd|' /C calc'!A0")

Opened = Callable[..., Page]


@pytest.fixture(scope="session")
def page_path(finished_night: Night) -> Path:
    """Return the report of the finished night."""
    (path,) = finished_night.workspace.glob("report-*.html")
    return path


def figures_of(page: Page) -> dict[str, str]:
    """Return every figure of the page by its name, as the page has it."""
    found: dict[str, str] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('data[data-figure]')]"
        ".map(each => [each.dataset.figure, each.value]))"
    )
    return found


def column_of(page: Page, number: int) -> list[str]:
    """Return the raw values of a column of the visible sellers, from the top."""
    found: list[str] = page.evaluate(
        """number => [...document.querySelectorAll('#sellers tbody tr')]
            .filter(row => row.offsetParent !== null)
            .map(row => row.children[number])
            .map(cell => cell.querySelector('data')?.value ?? cell.innerText.trim())
        """,
        number,
    )
    return found


def test_the_page_opens_from_disk_on_its_own(page_path: Path, opened: Opened) -> None:
    """Without an error, a warning or a request, every section stands in its order."""
    page = opened(page_path)

    shown: list[str] = page.evaluate(
        "[...document.querySelectorAll('main > section:not(.card)')].map(s => s.id)"
    )
    assert shown == SECTIONS
    named = page.locator("main section h2, main section h3")
    assert all(text.strip() for text in named.all_inner_texts())


def test_figures_read_back_are_those_of_the_marts(
    page_path: Path, finished_night: Night, opened: Opened
) -> None:
    """What the page shows of each currency is what SQL over the marts gives."""
    figures = figures_of(opened(page_path))

    offers = """
        with open_offers as (
            select seller_id, currency_code, advance_minor
            from offers.fct_advance_offers where state = 'open'
        ), sellers as (
            select seller_id, currency_code, count(*) as offer_count,
                max(advance_minor) as advance_minor
            from open_offers group by all
        )
        select currency_code, count(*) as sellers, sum(offer_count)::int as count,
            sum(advance_minor)::int64 as largest_advance_minor
        from sellers group by all"""
    book = """
        select currency_code, sum(outstanding_minor)::int64 as outstanding_minor,
            sum(allowance_minor)::int64 as allowance_minor
        from book.rpt_portfolio_daily group by all"""
    risk = """
        select currency_code, sum(at_risk_minor)::int64 as at_risk_minor
        from book.fct_early_warnings group by all"""
    expected = {
        f"{room}.{row['currency_code']}.{name}": str(value)
        for room, sql in (("offers", offers), ("portfolio", book), ("risk", risk))
        for row in rows_of(finished_night, sql)
        for name, value in row.items()
        if name != "currency_code"
    }
    expected["funnel.evaluated"] = str(
        value_of(
            finished_night,
            "select count(*) from offers.fct_eligibility_decisions",
        )
    )
    assert {name.split(".")[1] for name in expected} >= {"EUR", "JPY"}
    assert expected == {name: figures.get(name) for name in expected}


def test_every_chart_is_drawn(page_path: Path, opened: Opened) -> None:
    """Each figure holds marks that take up room, and its data as a table."""
    charts: list[dict[str, Any]] = opened(page_path).evaluate(
        """[...document.querySelectorAll('figure.chart')].map(figure => {
            const marks = [...figure.querySelectorAll(
                'svg .role-mark path, svg .role-mark line, svg .role-mark rect')];
            const boxes = marks.map(mark => mark.getBoundingClientRect());
            return {
                id: figure.id,
                drawn: boxes.some(box => box.width * box.height > 20),
                rows: figure.querySelectorAll('details tbody tr').length,
            };
        })"""
    )

    assert len(charts) >= 20
    assert [each["id"] for each in charts if not each["drawn"]] == []
    assert [each["id"] for each in charts if not each["rows"]] == []


def test_sellers_are_found_and_put_in_order(page_path: Path, opened: Opened) -> None:
    """The search leaves the rows with all its words; a head sorts, both ways."""
    page = opened(page_path)
    everyone = column_of(page, 0)
    assert len(everyone) > 50

    page.get_by_label("Search sellers").fill("jp jpy")
    found = column_of(page, 0)
    assert 0 < len(found) < len(everyone)
    assert (
        f"{len(found)} of {len(everyone)}" in page.locator("#seller-count").inner_text()
    )

    page.get_by_label("Search sellers").fill("")
    for head in page.locator("#seller-table thead th.number").all():
        number = head.evaluate("cell => cell.cellIndex")
        head.get_by_role("button").click()
        down = [float(value) for value in column_of(page, number) if value != "–"]
        head.get_by_role("button").click()
        up = [float(value) for value in column_of(page, number) if value != "–"]
        assert head.get_attribute("aria-sort") == "ascending"
        assert down == sorted(down, reverse=True)
        assert up == sorted(up)


def test_the_keyboard_reaches_the_night_and_the_sellers(
    page_path: Path, opened: Opened
) -> None:
    """The first stop skips to the night; heads of the sellers are sorted by Enter."""
    page = opened(page_path)

    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("class") == "skip"
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("id") == "content"

    head = page.locator("#seller-table thead th").first
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert column_of(page, 0) == sorted(column_of(page, 0))


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")]
)
def test_anybody_can_use_the_page(
    page_path: Path, opened: Opened, width: int, scheme: str
) -> None:
    """Axe finds nothing to complain of, and no line is wider than the screen."""
    page = opened(page_path, width=width, scheme=scheme)

    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_print_shows_every_section(page_path: Path, opened: Opened) -> None:
    """On paper nothing scrolls and no section is left out."""
    page = opened(page_path)
    page.emulate_media(media="print")

    heights: list[int] = page.evaluate(
        "[...document.querySelectorAll('main > section')].map(s => s.offsetHeight)"
    )
    assert all(heights)
    assert not page.locator("nav").is_visible()
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".every(each => getComputedStyle(each).overflowY === 'visible')"
    )


def test_text_from_data_stays_text(night: Night, opened: Opened) -> None:
    """Sellers named like markup and like a formula are shown by those names."""
    first, second = (
        row["seller_id"]
        for row in rows_of(
            night,
            "select seller_id from offers.fct_advance_offers where state = 'open'"
            " group by seller_id order by max(advance_minor) desc, seller_id limit 2",
        )
    )
    tables = rows_of(
        night,
        "select table_schema || '.' || table_name as address"
        " from information_schema.columns join information_schema.tables"
        " using (table_schema, table_name)"
        " where column_name = 'seller_id' and table_type = 'BASE TABLE'",
    )
    change(
        night,
        *(
            f"update {row['address']} set seller_id = $${name}$$"
            f" where seller_id = '{seller_id}'"
            for row in tables
            for seller_id, name in zip((first, second), HOSTILE, strict=True)
        ),
    )

    page = opened(Path(report(night, HOSTILE)))

    cards = page.locator("section.card h3").all_inner_texts()
    assert set(HOSTILE) == {card.strip() for card in cards}
    assert page.locator("main script").count() == 0
