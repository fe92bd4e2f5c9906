"""What the night decided: at a glance, offers, funnel, reasons, changes."""

from jobs.pages import charts
from jobs.pages.blocks import (
    Block,
    Chart,
    Checks,
    Headline,
    Headlines,
    Note,
    Row,
    Section,
    Table,
    Value,
    money,
    number,
    plural,
    share,
    text,
)
from jobs.pages.facts import Facts, currencies_of, sum_of
from jobs.pages.verdict import Check, checks, status_of

_STEPS = {
    "evaluated": "Evaluated",
    "eligible": "Eligible",
    "offered": "With an open offer",
    "delivered": "Delivered",
    "accepted": "Accepted",
    "funded": "Funded",
}
_VERDICTS = {
    "green": "The night was good.",
    "amber": "The night is done; look at this in the morning.",
    "red": "The night needs somebody now.",
}
_DRIVERS = (
    "sales",
    "forecast",
    "price",
    "cap",
    "budget",
    "restriction",
    "data",
    "advance",
    "promise",
)
_NEAR = "within 10 % of the threshold"


def glance(facts: Facts) -> Section:
    """Return whether the night was good, why, and the figures to see first."""
    found = checks(facts)
    status = status_of(found)
    headline = Headline(
        "Status", Value(status, status, "glance.status", tone=status), _VERDICTS[status]
    )
    return Section(
        "glance",
        "The night at a glance",
        _VERDICTS[status],
        (
            Headlines((headline, *_headlines(facts))),
            Checks(tuple(check.value for check in found)),
        ),
    )


def worst_of(facts: Facts) -> list[Check]:
    """Return the checks that are not green."""
    return [check for check in checks(facts) if check.status != "green"]


def _headlines(facts: Facts) -> list[Headline]:
    offers = facts.rows("offers_by_currency")
    sellers = sum_of(offers, "seller_count")
    everybody = facts.total("outcomes", "seller_count")
    part = f"{sellers / everybody:.0%} of all evaluated" if everybody else ""
    found = [
        Headline(
            "Sellers with an open offer", number(sellers, "glance.seller_count"), part
        ),
        Headline(
            "Open offers", number(sum_of(offers, "offer_count"), "glance.offer_count")
        ),
    ]
    found += [
        Headline(
            f"Could be advanced, {row['currency_code']}",
            money(
                row["largest_advance_minor"],
                row["currency_code"],
                f"glance.{row['currency_code']}.largest_advance_minor",
            ),
            plural(int(row["seller_count"]), "seller"),
        )
        for row in offers
    ]
    return found


def offers(facts: Facts) -> Section:
    """Return open offers by currency, by country and by term."""
    rows = facts.rows("offers_by_currency")
    if not rows:
        blocks: tuple[Block, ...] = (
            Note("No offer is open after this night.", is_missing=True),
        )
        return Section("offers", "Offers", "", blocks)
    lead = (
        "Each seller accepts at most one offer of its ladder: an amount counts the"
        " largest of each seller."
    )
    return Section(
        "offers",
        "Offers",
        lead,
        (_by_currency(rows), _countries(facts), _by_country(facts), _by_term(facts)),
    )


def _by_currency(rows: list[Row]) -> Table:
    return Table(
        "Open offers by currency",
        ("Currency", "Sellers", "Offers", "Could be advanced", "Median fee"),
        tuple(
            (
                text(code := row["currency_code"]),
                number(row["seller_count"], f"offers.{code}.sellers"),
                number(row["offer_count"], f"offers.{code}.count"),
                money(
                    row["largest_advance_minor"],
                    code,
                    f"offers.{code}.largest_advance_minor",
                ),
                share(row["median_fee_rate"], f"offers.{code}.median_fee_rate"),
            )
            for row in rows
        ),
    )


def _countries(facts: Facts) -> Chart:
    totals: dict[str, int] = {}
    for row in facts.rows("offers_by_country"):
        totals.setdefault(row["country_code"], 0)
        totals[row["country_code"]] += int(row["seller_count"])
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:12]
    points = [{"country": country, "sellers": count} for country, count in ranked]
    return Chart(
        "countries",
        "Sellers with an open offer, by country",
        f"{ranked[0][0]} has most of them.",
        charts.bars(points, "country", "sellers", "sellers"),
        Table(
            "Sellers with an open offer, by country",
            ("Country", "Sellers"),
            tuple((text(country), number(count)) for country, count in ranked),
        ),
    )


def _by_country(facts: Facts) -> Table:
    return Table(
        "Open offers by country and currency",
        ("Country", "Currency", "Evaluated", "Sellers", "Offers", "Could be advanced"),
        tuple(
            (
                text(row["country_code"]),
                text(row["currency_code"]),
                number(row["evaluated_count"], f"{name}.evaluated"),
                number(row["seller_count"], f"{name}.sellers"),
                number(row["offer_count"], f"{name}.count"),
                money(
                    row["largest_advance_minor"],
                    row["currency_code"],
                    f"{name}.largest_advance_minor",
                ),
            )
            for row in facts.rows("offers_by_country")
            for name in [f"offers.{row['country_code']}.{row['currency_code']}"]
        ),
    )


def _by_term(facts: Facts) -> Table:
    return Table(
        "Open offers by term",
        ("Currency", "Term, days", "Offers", "Median size", "Largest", "Median fee"),
        tuple(
            (
                text(code),
                number(row["target_term_days"]),
                number(row["offer_count"], f"{name}.count"),
                money(int(row["median_advance_minor"]), code),
                money(row["largest_advance_minor"], code),
                share(row["median_fee_rate"], f"{name}.median_fee_rate"),
            )
            for row in facts.rows("offers_by_term")
            for code in [row["currency_code"]]
            for name in [f"offers.{code}.{row['target_term_days']}"]
        ),
    )


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
                *([_step_before(before, step)] if before else []),
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
    counts = {step: sum_of(rows, step) for step in _STEPS if step != "offered"}
    counts["offered"] = sum_of(facts.rows("offers_by_currency"), "seller_count")
    return counts


def _before(facts: Facts) -> list[Row]:
    nights = [night for night in facts.nights("funnel") if night < facts.as_of_date]
    return [
        row
        for row in facts.rows("funnel")
        if nights and row["as_of_date"] == nights[-1]
    ]


def _step_before(before: list[Row], step: str) -> Value:
    # How many had an offer open then is not stored as one number.
    return text(None) if step == "offered" else number(sum_of(before, step))


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
        text(row["category"]),
        number(row["seller_count"], f"reasons.{code}.count"),
        share(row["middle_distance_rate"], f"reasons.{code}.middle_distance_rate"),
        number(near, f"reasons.{code}.near_count"),
        share(near / measured if measured else None),
    )


def changes(facts: Facts) -> Section:
    """Return what is other than after the night before."""
    title = "What changed"
    blocks: list[Block] = [_fates(facts)]
    rows = facts.rows("changes")
    if not facts.is_built("changes"):
        blocks.append(Note("The mart of changes is not built.", is_missing=True))
    elif not rows:
        blocks.append(
            Note("No largest offer differs from the night before, or there is none.")
        )
    else:
        blocks += [_kinds(rows), _driver_chart(facts), _drivers(facts)]
    before = max((row["before_date"] for row in rows), default=None)
    lead = f"Compared with the night of {before}." if before else ""
    return Section("changes", title, lead, tuple(blocks))


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


def _driver_chart(facts: Facts) -> Chart:
    totals: dict[str, int] = {}
    for row in facts.rows("changes"):
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
        ("Currency", *(driver.capitalize() for driver in _DRIVERS), "In all"),
        tuple(
            (
                text(code),
                *(money(row[f"by_{driver}_minor"], code) for driver in _DRIVERS),
                money(row["change_minor"], code),
            )
            for row in facts.rows("drivers")
            for code in [row["currency_code"]]
        ),
    )
