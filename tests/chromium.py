"""A real browser for tests: whatever Chromium the machine has, without a screen.

`.ci/run` installs Debian's. Where there is none, tests that need it are skipped with
the reason; under CI they fail instead.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = f"none of {', '.join(NAMES)} is on the PATH: no page was looked at"
# A page of ours asks for nothing, and neither may the browser on its own account.
SILENT = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; skip, or fail under CI, where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    # Chromium's sandbox refuses to run as root, which a container often is.
    arguments = [*SILENT, *(["--no-sandbox"] if is_root else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
