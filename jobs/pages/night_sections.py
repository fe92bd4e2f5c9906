"""What the night came to: at a glance, and its open offers."""

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
from jobs.pages.facts import Facts, sum_of
from jobs.pages.verdict import checks, status_of

_VERDICTS = {
    "green": "The night was good.",
    "amber": "The night is done; look at this in the morning.",
    "red": "The night needs somebody now.",
}


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
        "",
        (
            Headlines((headline, *_headlines(facts))),
            Checks(tuple(check.value for check in found)),
        ),
    )


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
