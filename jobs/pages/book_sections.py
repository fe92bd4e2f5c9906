"""How advances do: the portfolio, and money at risk."""

from jobs.pages import charts
from jobs.pages.blocks import (
    Block,
    Chart,
    Headline,
    Headlines,
    Note,
    Row,
    Section,
    Table,
    Value,
    money,
    month,
    number,
    plural,
    share,
    text,
    words,
)
from jobs.pages.facts import Facts, currencies_of, sum_of

_BUCKETS = {
    "past_plan_0_29_minor": "0–29 days",
    "past_plan_30_59_minor": "30–59 days",
    "past_plan_60_89_minor": "60–89 days",
    "past_plan_90_179_minor": "90–179 days",
    "past_plan_180_minor": "180 days or more",
}
_VINTAGE_CHARTS = 6


def portfolio(facts: Facts) -> Section:
    """Return what is outstanding, how it does, and how each month's advances did."""
    title = "Portfolio"
    rows = facts.tonight("portfolio")
    if not rows:
        said = (
            "The book has no page for this night: nothing is owed and nothing moved,"
            " or it is still to be built."
        )
        return Section(
            "portfolio", title, "", (Note(said, is_missing=True), *_vintages(facts))
        )
    count = sum_of(rows, "open_count")
    lead = (
        f"{plural(count, 'advance is', 'advances are')} outstanding. Pace is repaid"
        " over planned; days count from the planned payoff."
    )
    return Section(
        "portfolio",
        title,
        lead,
        (_outstanding(rows, facts), _arrears(rows), *_vintages(facts)),
    )


def _outstanding(rows: list[Row], facts: Facts) -> Table:
    pace = {row["currency_code"]: row for row in facts.rows("pace")}

    def line(row: Row) -> tuple[Value, ...]:
        code = row["currency_code"]
        of_pace = pace.get(code, {})

        def amount(name: str) -> Value:
            return money(row[name], code, f"portfolio.{code}.{name}")

        return (
            text(code),
            number(row["open_count"], f"portfolio.{code}.open_count"),
            amount("outstanding_minor"),
            share(of_pace.get("pace_rate"), f"portfolio.{code}.pace_rate"),
            number(of_pace.get("slow_count", 0), f"portfolio.{code}.slow_count"),
            number(
                of_pace.get("impaired_count", 0), f"portfolio.{code}.impaired_count"
            ),
            amount("allowance_minor"),
            amount("deferred_fee_minor"),
            amount("repaid_change_minor"),
        )

    return Table(
        "The book by currency",
        (
            "Currency",
            "Advances",
            "Outstanding",
            "Pace",
            "Slow",
            "Impaired",
            "Allowance",
            "Fee not yet earned",
            "Repaid since the night before",
        ),
        tuple(line(row) for row in rows),
    )


def _arrears(rows: list[Row]) -> Chart:
    labels = tuple(_BUCKETS.values())
    points = [
        {
            "currency": row["currency_code"],
            **{label: int(row[name]) for name, label in _BUCKETS.items()},
        }
        for row in rows
        if row["outstanding_minor"]
    ]
    return Chart(
        "arrears",
        "Outstanding by days past the plan",
        "The share of each currency's balance, by how long after its planned payoff.",
        charts.share_bars(points, "currency", labels),
        Table(
            "Outstanding by days past the plan",
            ("Currency", *labels),
            tuple(
                (
                    text(code := row["currency_code"]),
                    *(
                        money(row[name], code, f"portfolio.{code}.{name}")
                        for name in _BUCKETS
                    ),
                )
                for row in rows
            ),
        ),
    )


def _vintages(facts: Facts) -> list[Block]:
    rows = facts.rows("vintages")
    if not rows:
        return [
            Note(
                "No vintages: no advance has been disbursed, or no mart built.",
                is_missing=True,
            )
        ]
    by_size = sorted(
        currencies_of(rows),
        key=lambda code: (
            -sum(
                int(row["advance_count"])
                for row in rows
                if row["currency_code"] == code and row["age_months"] == 1
            )
        ),
    )
    return [
        _vintage_chart(code, [row for row in rows if row["currency_code"] == code])
        for code in by_size[:_VINTAGE_CHARTS]
    ]


def _vintage_chart(code: str, rows: list[Row]) -> Chart:
    cohorts = sorted({row["cohort_month"] for row in rows})
    points = [
        {
            "part": month(row["cohort_month"]),
            "x": row["age_months"],
            "value": round(row["repaid_rate"] or 0, 4),
        }
        for row in rows
    ]
    return Chart(
        f"vintages-{code}",
        f"Repaid by age, months of disbursement, {code}",
        "Each line is the advances of one month; the darker, the newer.",
        charts.lines(
            points,
            [month(cohort) for cohort in cohorts],
            ("months since disbursement", "repaid"),
        ),
        _vintage_table(code, rows),
        is_half=True,
    )


def _vintage_table(code: str, rows: list[Row]) -> Table:
    newest = {row["cohort_month"]: row for row in rows}
    return Table(
        f"Months of disbursement in {code}, as of their newest age",
        ("Month", "Advances", "Age, months", "Owed", "Repaid", "Written off", "Rate"),
        tuple(
            (
                text(month(cohort)),
                number(row["advance_count"]),
                number(row["age_months"]),
                money(row["owed_minor"], code),
                money(row["repaid_minor"], code),
                money(row["written_off_minor"], code),
                share(row["repaid_rate"]),
            )
            for cohort, row in sorted(newest.items())
        ),
    )


def risk(facts: Facts) -> Section:
    """Return money at risk: by currency and sign, then the advances with most."""
    title = "Money at risk"
    if not facts.is_built("warnings"):
        missing = Note("The mart of early warnings is not built.", is_missing=True)
        return Section("risk", title, "", (missing,))
    rows = facts.rows("warnings")
    if not rows:
        nobody = Note("No open advance has a seller with a sign of trouble.")
        return Section("risk", title, "", (nobody,))
    return Section(
        "risk",
        title,
        "Open advances whose seller shows a sign of trouble. After a restriction, a"
        " failed payout or a sibling's trouble all of the balance is at risk, else what"
        " the forecast leaves unpaid.",
        (Headlines(_at_risk(rows)), _signs(rows), _top(facts)),
    )


def _at_risk(rows: list[Row]) -> tuple[Headline, ...]:
    found = []
    for code in currencies_of(rows):
        of_currency = [row for row in rows if row["currency_code"] == code]
        count = sum_of(of_currency, "advance_count")
        left = money(sum_of(of_currency, "balance_minor"), code).text
        found.append(
            Headline(
                f"At risk, {code}",
                money(
                    sum_of(of_currency, "at_risk_minor"),
                    code,
                    f"risk.{code}.at_risk_minor",
                ),
                f"of {left} on {plural(count, 'advance')}",
            )
        )
    return tuple(found)


def _signs(rows: list[Row]) -> Table:
    return Table(
        "By main sign",
        ("Currency", "Sign", "Advances", "At risk", "Balance"),
        tuple(
            (
                text(code := row["currency_code"]),
                text(words(row["main_sign"])),
                number(row["advance_count"], f"risk.{code}.{row['main_sign']}.count"),
                money(row["at_risk_minor"], code),
                money(row["balance_minor"], code),
            )
            for row in rows
        ),
    )


def _top(facts: Facts) -> Table:
    return Table(
        "Most at risk, up to ten in each currency",
        ("Advance", "Seller", "Currency", "Rank", "At risk", "Balance", "Signs"),
        tuple(
            (
                text(row["advance_id"]),
                text(row["seller_id"], target=f"seller-{row['seller_id']}"),
                text(code := row["currency_code"]),
                number(row["risk_rank"]),
                money(row["at_risk_minor"], code),
                money(row["balance_minor"], code),
                text(words(row["signs"]).replace(",", ", ")),
            )
            for row in facts.rows("top_warnings")
        ),
    )
