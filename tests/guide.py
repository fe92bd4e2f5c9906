"""The queries of the analyst's guide, read from the page."""

import re
from pathlib import Path

GUIDE = (
    Path(__file__).resolve().parent.parent / "dbt_project" / "models" / "ANALYSTS.md"
)


def guide_queries() -> dict[int, str]:
    """Return the SQL under each numbered question, by its number."""
    found = re.findall(
        r"^### (\d+)\. .+?\?$.*?^```sql\n(.*?)^```$",
        GUIDE.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return {int(number): sql for number, sql in found}
