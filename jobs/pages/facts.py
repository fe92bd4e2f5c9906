"""Facts: what the warehouse answered of one night, and sums over it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.pages.blocks import Row, Rows


@dataclass(frozen=True)
class Facts:
    """The night's name and versions, and the rows that each question found.

    ``found`` gives None where a table behind a question is not built.
    """

    as_of_date: dt.date
    source_name: str
    policy_version: str
    model_version: str
    code_version: str
    maximum_data_age_days: int
    found: Mapping[str, Rows | None]

    def rows(self, name: str) -> list[Row]:
        """Return what a question found; nothing where it could not be asked."""
        return list(self.found.get(name) or ())

    def is_built(self, *names: str) -> bool:
        """Whether the tables behind all of these questions are there."""
        return all(self.found.get(name) is not None for name in names)

    def tonight(self, name: str) -> list[Row]:
        """Return the rows of this night where a question covers several."""
        return [row for row in self.rows(name) if row["as_of_date"] == self.as_of_date]

    def total(self, name: str, column: str, **where: object) -> int:
        """Return the sum of a count over the rows that match; never of amounts."""
        return sum(
            int(row[column] or 0)
            for row in self.rows(name)
            if all(row[key] == value for key, value in where.items())
        )

    def night_before(self, name: str) -> dt.date | None:
        """Return the newest earlier night that a question has rows of, if any."""
        nights = {row["as_of_date"] for row in self.rows(name)}
        return max((night for night in nights if night < self.as_of_date), default=None)

    def one(self, name: str, column: str) -> Any:  # noqa: ANN401 - as it was stored
        """Return a value of the only row, None where there is no row."""
        rows = self.rows(name)
        return rows[0][column] if rows else None


def sum_of(rows: Rows, column: str) -> int:
    """Return the sum of a column of counts, or of amounts of one currency."""
    return sum(int(row[column] or 0) for row in rows)


def currencies_of(*groups: Rows) -> list[str]:
    """Return the currencies that any of these rows are in, in order."""
    return sorted({row["currency_code"] for rows in groups for row in rows})
