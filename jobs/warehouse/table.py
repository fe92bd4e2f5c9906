"""What a table is: its place, its columns, its grain and what a re-run replaces."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "integer", "rate", "timestamp", "date", "boolean"]


@dataclass(frozen=True)
class Table:
    """One table: where it lives, its columns, its grain and what a re-run replaces.

    The first date of ``partition`` and ``cluster`` are how BigQuery lays it out;
    ``requires_partition_filter`` makes it refuse a query that would read every day.
    """

    schema: str
    name: str
    columns: dict[str, Type]
    key: tuple[str, ...]
    partition: tuple[str, ...]
    cluster: tuple[str, ...] = ("seller_id",)
    requires_partition_filter: bool = False

    @property
    def address(self) -> str:
        """Schema and name, as SQL writes them."""
        return f"{self.schema}.{self.name}"


#: The columns by which a row names the rules, the code and the data behind it.
VERSIONS: dict[str, Type] = {
    "policy_version": "text",
    "model_version": "text",
    "code_version": "text",
    "data_as_of": "timestamp",
}
