"""Draw the two pictures of README from a report: run it after `make demo`.

``python tests/browser/draw_readme.py REPORT.html``
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chromium import chromium

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "images"


def main(report: Path) -> None:
    """Draw the top of the page, and the first seller's card."""
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1120, "height": 900})
        page.goto(report.resolve().as_uri())
        page.wait_for_function("document.documentElement.dataset.charts === 'drawn'")
        page.screenshot(path=FOLDER / "report-night.png")
        page.locator("section.card").first.screenshot(path=FOLDER / "report-seller.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
