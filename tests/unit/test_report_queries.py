"""The questions of the report are SQL that both warehouses take."""

import re

import pytest
import sqlglot

from jobs.report_queries import QUESTIONS
from jobs.report_sellers import RANKED


@pytest.mark.parametrize("dialect", ["bigquery", "duckdb"])
@pytest.mark.parametrize(
    "sql", [*QUESTIONS.values(), RANKED], ids=[*QUESTIONS, "sellers"]
)
def test_a_question_is_sql_of_both_warehouses(sql: str, dialect: str) -> None:
    """Whatever a stand-in forgives, each grammar must take; amounts keep a currency."""
    given = re.sub(r"\$(\w+)", r"@\1", sql) if dialect == "bigquery" else sql
    (statement,) = sqlglot.parse(given.replace(":smallest", "20000"), dialect=dialect)

    assert statement is not None
    names = statement.named_selects
    if any(name.endswith("_minor") for name in names):
        assert "currency_code" in names
