"""How many sellers got how far, and what stood in the way of the others."""

from jobs.pages import charts
from jobs.pages.blocks import (
    Chart,
    Note,
    Row,
    Section,
    Table,
    Value,
    number,
    share,
    text,
)
from jobs.pages.facts import Facts, sum_of
from jobs.underwriting.reasons import BY_CODE

_STEPS = {
    "evaluated": "Evaluated",
    "eligible": "Eligible",
    "offered": "With an open offer",
    "delivered": "Delivered",
    "accepted": "Accepted",
    "funded": "Funded",
}
_NEAR = "within 10 % of the threshold"


def funnel(facts: Facts) -> Section:
    """Return how many sellers were left after each step, tonight and before."""
    if not facts.tonight("funnel"):
        missing = Note(
            "The marts of offers are not built for this night.", is_missing=True
        )
        return Section("funnel", "Funnel", "", (missing,))
    counts = _funnel_counts(facts)
    before = _before(facts)
    table = Table(
        "Sellers after each step",
        ("Step", "Tonight", "Of evaluated", *(["Night before"] if before else [])),
        tuple(
            (
                text(label),
                number(counts[step], f"funnel.{step}"),
                share(counts[step] / (counts["evaluated"] or 1)),
                *([number(sum_of(before, step))] if before else []),
            )
            for step, label in _STEPS.items()
        ),
    )
    points = [
        {"step": label, "sellers": counts[step]} for step, label in _STEPS.items()
    ]
    chart = Chart(
        "funnel",
        "From evaluated to funded",
        f"Of {counts['evaluated']:,} evaluated, {counts['offered']:,} have an open"
        " offer.",
        charts.bars(points, "step", "sellers", "sellers"),
        table,
        is_open=True,
    )
    lead = (
        "Delivered, accepted and funded are of the offers that this night opened, by"
        " its end; most of that follows in the days after."
    )
    return Section("funnel", "Funnel", lead, (chart,))


def _funnel_counts(facts: Facts) -> dict[str, int]:
    rows = facts.tonight("funnel")
    return {step: sum_of(rows, step) for step in _STEPS}


def _before(facts: Facts) -> list[Row]:
    before = facts.night_before("funnel")
    return [row for row in facts.rows("funnel") if row["as_of_date"] == before]


def reasons(facts: Facts) -> Section:
    """Return why sellers have no open offer, and how far they are from one."""
    if not facts.is_built("reasons"):
        missing = Note(
            "The marts of offers are not built for this night.", is_missing=True
        )
        return Section("reasons", "Why no offer", "", (missing,))
    rows = facts.rows("reasons")
    if not rows:
        nobody = Note("Every seller has an open offer.")
        return Section("reasons", "Why no offer", "", (nobody,))
    table = Table(
        "Reasons of sellers without an open offer",
        ("Reason", "Category", "Sellers", "Middle distance", "Near", "Near, of those"),
        tuple(_reason(row) for row in rows),
        note="Distance is what is missing as a share of the threshold; near is "
        f"{_NEAR}. A flag has no distance.",
    )
    points = [
        {
            "reason": row["reason_code"],
            "near": int(row["near_count"] or 0),
            "farther": int(row["seller_count"]) - int(row["near_count"] or 0),
        }
        for row in rows[:12]
    ]
    chart = Chart(
        "reasons",
        "Sellers by reason, and how many are near",
        f"{rows[0]['reason_code']} is the commonest reason.",
        charts.stacked_bars(points, "reason", ("near", "farther"), "sellers"),
        table,
        is_open=True,
    )
    near = sum_of(rows, "near_count")
    lead = (
        "A seller may have several reasons. "
        f"{near:,} are {_NEAR}: where a small change opens most."
    )
    return Section("reasons", "Why no offer", lead, (chart,))


def _reason(row: Row) -> tuple[Value, ...]:
    code, measured = row["reason_code"], row["measured_count"]
    near = row["near_count"]
    return (
        text(code),
        text(BY_CODE[code].category if code in BY_CODE else row["category"]),
        number(row["seller_count"], f"reasons.{code}.count"),
        share(row["middle_distance_rate"], f"reasons.{code}.middle_distance_rate"),
        number(near, f"reasons.{code}.near_count"),
        share(near / measured if measured else None),
    )
