"""The table of chosen sellers, to search and to sort."""

from dataclasses import dataclass

from jobs.pages.blocks import (
    Note,
    Row,
    Rows,
    Section,
    Table,
    Value,
    money,
    plural,
    share,
    text,
)


@dataclass(frozen=True)
class Chosen:
    """The sellers of the table, how many there are in all, and the rule of choice."""

    rows: Rows
    of_count: int
    rule: str


def sellers(chosen: Chosen) -> Section:
    """Return the table of chosen sellers."""
    table = Table(
        "Chosen sellers",
        (
            "Seller",
            "Country",
            "Currency",
            "Chosen for",
            "Outcome",
            "Largest offer",
            "Fee",
            "Sales, 91 days",
            "Owed",
            "At risk",
            "Main reason",
        ),
        tuple(_seller(row) for row in chosen.rows),
        name="seller-table",
    )
    lead = (
        f"A choice: {plural(len(chosen.rows), 'row')} of {chosen.of_count:,} (one a"
        f" seller and currency). {chosen.rule}"
    )
    if not chosen.rows:
        nobody = Note("Nobody was evaluated on this night.", is_missing=True)
        return Section("sellers", "Sellers", "", (nobody,))
    return Section("sellers", "Sellers", lead, (table,))


def _seller(row: Row) -> tuple[Value, ...]:
    code = row["currency_code"]
    name = f"sellers.{row['seller_id']}.{code}"
    return (
        text(row["seller_id"], target=f"seller-{row['seller_id']}"),
        text(row["country_code"]),
        text(code),
        text(row["why"]),
        text(row["outcome"].replace("_", " ")),
        money(row["advance_minor"], code, f"{name}.largest_advance_minor"),
        share(row["fee_rate"]),
        money(row["repayable_91_days_minor"], code),
        money(row["owed_minor"], code, f"{name}.owed_minor"),
        money(row["at_risk_minor"], code, f"{name}.at_risk_minor"),
        text(row["main_reason_code"]),
    )
