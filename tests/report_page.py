"""Read a nightly report back: its figures, its sections, its text."""

from html.parser import HTMLParser

#: The ids of its sections, in their order.
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


class ReportPage(HTMLParser):
    """What a reader of the page finds.

    ``figures`` are raw numbers by name, as text; ``shown`` what people see of them;
    ``sections`` the ids in order, each with its text; ``starts`` every start tag.
    """

    def __init__(self, html: str) -> None:
        """Read the whole page."""
        super().__init__()
        self.figures: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.sections: dict[str, str] = {}
        self.starts: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._figure = ""
        self._section = ""
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and where it begins a figure or a section."""
        found = dict(attrs)
        self.starts.append((tag, found))
        self._in_script = tag == "script"
        if tag == "script":
            self.scripts.append("")
        if tag == "section":
            self._section = found["id"] or ""
            assert self._section not in self.sections
            self.sections[self._section] = ""
        if tag == "data" and found.get("data-figure"):
            self._figure = found["data-figure"] or ""
            self.figures[self._figure] = found["value"] or ""
            self.shown[self._figure] = ""

    def handle_endtag(self, tag: str) -> None:
        """End a figure or a script."""
        if tag == "data":
            self._figure = ""
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        """Add text to where it belongs."""
        if self._in_script:
            self.scripts[-1] += data
            return
        if self._figure:
            self.shown[self._figure] += data
        if self._section:
            self.sections[self._section] += data
