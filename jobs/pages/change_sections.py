"""What is other than after the night before."""

import datetime as dt

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
    money,
    number,
    text,
)
from jobs.pages.facts import Facts, currencies_of, sum_of
from jobs.underwriting.offer_changes import DRIVERS

_STEPS = {
    "evaluated": "Evaluated",
    "eligible": "Eligible",
    "offered": "With an open offer",
    "opened": "With an offer opened that night",
    "kept": "With an offer kept that night",
    "review": "In review",
}


def changes(facts: Facts) -> Section:
    """Return what is other than after the night before."""
    before = facts.night_before("funnel")
    blocks: list[Block] = [_fates(facts), *_counts(facts, before)]
    rows = facts.rows("changes")
    if not facts.is_built("changes"):
        blocks.append(Note("The mart of changes is not built.", is_missing=True))
    elif before is None:
        said = "There is no night before by this policy in the last 28 days."
        blocks.append(Note(said, is_missing=True))
    elif not rows:
        blocks.append(Note("Every seller's largest offer is as it was."))
    else:
        blocks += [_kinds(rows), _driver_chart(rows), _drivers(facts)]
    compared = max((row["before_date"] for row in rows), default=before)
    lead = f"Compared with the night of {compared}." if compared else ""
    return Section("changes", "What changed", lead, tuple(blocks))


def _counts(facts: Facts, before: dt.date | None) -> list[Block]:
    """Return the counts of both nights beside each other."""
    if before is None:
        return []
    tonight = facts.tonight("funnel")
    earlier = [row for row in facts.rows("funnel") if row["as_of_date"] == before]
    table = Table(
        "Sellers, against the night before",
        ("Step", "Tonight", "Night before", "Difference"),
        tuple(
            (
                text(label),
                number(now := sum_of(tonight, step), f"changes.{step}.tonight"),
                number(then := sum_of(earlier, step), f"changes.{step}.before"),
                number(now - then),
            )
            for step, label in _STEPS.items()
        ),
    )
    return [table]


def _fates(facts: Facts) -> Headlines:
    opened = sum_of(facts.tonight("funnel"), "opened")
    found = [Headline("Sellers with new offers", number(opened, "changes.opened"))]
    fates = {row["outcome"]: row["offer_count"] for row in facts.rows("fates")}
    for fate in ("kept", "accepted", "expired", "replaced", "withdrawn"):
        value = number(fates.get(fate, 0), f"changes.{fate}")
        found.append(Headline(f"Offers {fate}", value))
    return Headlines(tuple(found))


def _kinds(rows: list[Row]) -> Table:
    kinds = ("appeared", "grew", "changed", "shrank", "vanished")
    return Table(
        "Sellers whose largest offer is another",
        ("Currency", *(kind.capitalize() for kind in kinds), "Change"),
        tuple(
            (
                text(code),
                *(
                    number(
                        sum(
                            int(row["seller_count"])
                            for row in rows
                            if (row["currency_code"], row["kind"]) == (code, kind)
                        ),
                        f"changes.{code}.{kind}",
                    )
                    for kind in kinds
                ),
                money(
                    sum_of(
                        [row for row in rows if row["currency_code"] == code],
                        "change_minor",
                    ),
                    code,
                    f"changes.{code}.change_minor",
                ),
            )
            for code in currencies_of(rows)
        ),
    )


def _driver_chart(rows: list[Row]) -> Chart:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["driver"]] = totals.get(row["driver"], 0) + int(row["seller_count"])
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    points = [{"driver": driver, "sellers": count} for driver, count in ranked]
    return Chart(
        "drivers",
        "What moved them, by sellers",
        f"Most moved by {ranked[0][0]}.",
        charts.bars(points, "driver", "sellers", "sellers"),
        Table(
            "Sellers by what moved their offer most",
            ("Driver", "Sellers"),
            tuple(
                (text(driver), number(count, f"changes.{driver}.count"))
                for driver, count in ranked
            ),
        ),
    )


def _drivers(facts: Facts) -> Table:
    return Table(
        "What moved the amounts",
        ("Currency", *(driver.capitalize() for driver in DRIVERS), "In all"),
        tuple(
            (
                text(code),
                *(money(row[f"by_{driver}_minor"], code) for driver in DRIVERS),
                money(row["change_minor"], code),
            )
            for row in facts.rows("drivers")
            for code in [row["currency_code"]]
        ),
    )
