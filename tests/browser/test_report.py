"""The nightly report as a person has it: in a browser, from disk, at two widths."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from nights import change, rows_of, value_of
from playwright.sync_api import Page

from jobs.night import Night
from jobs.report import report

SECTIONS = [
    "glance",
    "offers",
    "funnel",
    "reasons",
    "forecasts",
    "calibration",
    "portfolio",
    "risk",
    "reconciliation",
    "quarantine",
    "freshness",
    "changes",
    "sellers",
]
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
