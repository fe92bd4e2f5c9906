"""Sellers: a table of chosen ones to search and sort, and a card for a few of them."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from babel import Locale as CultureData
from babel import UnknownLocaleError

from jobs.pages import charts
from jobs.pages.blocks import (
    Block,
    Chart,
    Letter,
    Note,
    Row,
    Rows,
    Section,
    Table,
    Value,
    day,
    money,
    number,
    plural,
    share,
    text,
)
from jobs.underwriting.distribution import QuantileGrid, quantile_line, repair
from jobs.underwriting.explanation import Account, changes
from jobs.underwriting.findings import Finding
from jobs.underwriting.letter import letter
from jobs.underwriting.money import currency_exponent
from jobs.underwriting.reason_texts import LOCALES, Locale
from jobs.underwriting.repayment import repayment_probability
from jobs.underwriting.wording import distance_text, quantity

_BANDS = {
    "p025": 0.025,
    "p10": 0.1,
    "p25": 0.25,
    "p50": 0.5,
    "p75": 0.75,
    "p90": 0.9,
    "p975": 0.975,
}
_SPAN_DAYS = 10
#: Below it a share reads as 0 %.
_NO_CHANCE = 0.00005


@dataclass(frozen=True)
class Chosen:
    """The sellers of the table, how many there are in all, and the rule of choice."""

    rows: Rows
    of_count: int
    rule: str


@dataclass(frozen=True)
class SellerFacts:
    """All that the card of one seller and currency is made of.

    ``weeks`` are complete weeks of its cash flows in order, ``offers`` the open ones
    with their ``disclosures``.
    """

    account: Account
    why: str
    grid: QuantileGrid | None
    weeks: Rows
    offers: Rows
    disclosures: Rows
    advances: Rows


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
        f"A choice: {plural(len(chosen.rows), 'row')} of {chosen.of_count:,} sellers and"
        f" currencies. {chosen.rule}"
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


def card(seller_id: str, accounts: list[SellerFacts]) -> Section:
    """Return the card of one seller: each of its currencies after the other."""
    countries = sorted({each.account.country_code for each in accounts})
    lead = f"{', '.join(countries)}. {accounts[0].why}"
    blocks = [block for facts in accounts for block in _account(facts)]
    return Section(f"seller-{seller_id}", seller_id, lead, tuple(blocks))


def locale_of(country_code: str) -> Locale:
    """Return the language that most sellers of a country read, of those we write."""
    try:
        language = CultureData.parse(f"und_{country_code}").language
    except (UnknownLocaleError, ValueError):
        return "en"
    return next((locale for locale in LOCALES if locale == language), "en")


def _account(facts: SellerFacts) -> list[Block]:
    account = facts.account
    locale = locale_of(account.country_code)
    title, *paragraphs = letter(account, locale)
    blocks: list[Block] = [
        Letter(title, tuple(paragraphs), locale),
        _history(facts),
        *_forecast(facts),
        _offers(facts),
        _rules(account),
    ]
    if facts.advances:
        blocks.append(_advances(facts))
    told = changes(account)
    if told:
        blocks.append(Note(f"What would change the answer: {'; '.join(told)}."))
    return blocks


def _id(facts: SellerFacts, what: str) -> str:
    account = facts.account
    return f"{what}-{account.seller_id}-{account.currency_code}"


def _major(amount_minor: float, facts: SellerFacts) -> float:
    exponent = currency_exponent(facts.account.currency_code)
    major: float = round(float(amount_minor) / 10**exponent, exponent)
    return major


def _history(facts: SellerFacts) -> Block:
    code = facts.account.currency_code
    if not facts.weeks:
        return Note(f"No complete week of sales in {code} yet.", is_missing=True)
    points = [
        {
            "date": row["week_start_date"].isoformat(),
            "value": _major(row["repayable_minor"], facts),
        }
        for row in facts.weeks
    ]
    return Chart(
        _id(facts, "history"),
        f"Repayable sales a week, {code}",
        f"{plural(len(points), 'week')}; captured less refunds and chargebacks.",
        charts.history(points, code),
        Table(
            f"Repayable sales a week in {code}",
            ("Week of", "Captured", "Refunded", "Repayable", "Repaid", "Paid out"),
            tuple(
                (
                    day(row["week_start_date"]),
                    money(row["captured_minor"], code),
                    money(row["refunded_minor"], code),
                    money(row["repayable_minor"], code),
                    money(row["repaid_minor"], code),
                    money(row["paid_out_minor"], code),
                )
                for row in facts.weeks[-13:]
            ),
            note="The last 13 weeks of those drawn.",
        ),
    )


def _forecast(facts: SellerFacts) -> list[Block]:
    if facts.grid is None:
        return [
            Note("No forecast is stored of this seller and currency.", is_missing=True)
        ]
    found: list[Block] = [_fan(facts, facts.grid)]
    if facts.offers:
        found.append(_repayment_days(facts, facts.grid))
    return found


def _fan(facts: SellerFacts, grid: QuantileGrid) -> Chart:
    code = facts.account.currency_code
    values = repair(grid).values[0]
    places = {
        name: int(np.abs(grid.probabilities - probability).argmin())
        for name, probability in _BANDS.items()
    }
    points = [{"days": 0, **dict.fromkeys(_BANDS, 0.0)}]
    points += [
        {"days": int(days)}
        | {name: _major(row[place], facts) for name, place in places.items()}
        for days, row in zip(grid.horizons_days, values, strict=True)
    ]
    return Chart(
        _id(facts, "fan"),
        f"Forecast of cumulative sales, {code}",
        "The line is the middle; the bands hold 50, 80 and 95 % of what may come.",
        charts.fan(points, code),
        Table(
            f"Forecast of cumulative sales in {code}",
            ("Days ahead", "10 %", "50 %", "90 %"),
            tuple(
                (
                    number(int(days)),
                    *(
                        money(round(row[places[name]]), code)
                        for name in ("p10", "p50", "p90")
                    ),
                )
                for days, row in zip(grid.horizons_days, values, strict=True)
            ),
        ),
    )


def _repayment_days(facts: SellerFacts, grid: QuantileGrid) -> Chart:
    """Return when the largest offer is repaid: the chance of each span of days."""
    code = facts.account.currency_code
    offer = max(facts.offers, key=lambda row: int(row["advance_minor"]))
    last = int(grid.horizons_days[-1])
    ends = [*range(_SPAN_DAYS, last, _SPAN_DAYS), last]
    line = quantile_line(repair(grid))
    owed = np.array([float(offer["owed_minor"])])
    paid = [
        float(
            repayment_probability(
                line, grid.horizons_days, owed, offer["holdback_rate"], end
            )[0]
        )
        for end in ends
    ]
    starts = [0, *ends[:-1]]
    points = [
        {"from": start, "to": end, "value": round(by_end - by_start, 5)}
        for start, end, by_start, by_end in zip(
            starts, ends, [0.0, *paid[:-1]], paid, strict=True
        )
    ]
    later = 1 - paid[-1]
    term = int(offer["target_term_days"])
    advance = money(offer["advance_minor"], code).text
    return Chart(
        _id(facts, "repayment"),
        f"When {advance} is repaid",
        f"The dashed line is the term, {term} days; {later:.1%} take over {last}.",
        charts.repayment_days(points, term),
        Table(
            f"When {advance} is repaid",
            ("Days", "Chance", "Repaid by then"),
            tuple(
                (
                    text(f"{start + 1}–{end}"),
                    share(max(point["value"], 0.0)),
                    share(by_end),
                )
                for start, end, point, by_end in zip(
                    starts, ends, points, paid, strict=True
                )
                if point["value"] >= _NO_CHANCE
            ),
        ),
    )


def _offers(facts: SellerFacts) -> Block:
    code = facts.account.currency_code
    if not facts.offers:
        return Note(f"No offer in {code} is open after this night.")
    told = {(row["offer_id"], row["method"]): row for row in facts.disclosures}
    return Table(
        f"Open offers in {code}, with what is disclosed of each",
        (
            "Term, days",
            "Opened",
            "Until",
            "Advance",
            "Fee",
            "Owed",
            "Holdback",
            "APR, historical",
            "APR, underwriting",
            "Cost a month",
        ),
        tuple(
            (
                number(row["target_term_days"]),
                day(row["opened_date"]),
                day(row["expires_date"]),
                money(row["advance_minor"], code),
                money(row["owed_minor"] - row["advance_minor"], code),
                money(row["owed_minor"], code),
                share(row["holdback_rate"]),
                _apr(told.get((row["offer_id"], "historical"))),
                _apr(told.get((row["offer_id"], "underwriting"))),
                _monthly(told.get((row["offer_id"], "underwriting")), code),
            )
            for row in facts.offers
        ),
    )


def _apr(row: Row | None) -> Value:
    if row is None:
        return text("not stored")
    if row["apr_percent"] is None:
        return text(row["outcome"].replace("_", " "))
    shown = f"{row['apr_percent']:.{int(row['decimals'])}f}%"
    return Value(shown, repr(float(row["apr_percent"])), is_number=True)


def _monthly(row: Row | None, code: str) -> Value:
    if row is None or row["term_days"] is None:
        return money(None, code)
    return money(row["monthly_cost_minor"], code)


def _rules(account: Account) -> Table:
    findings = [*account.rules, *(t.reason for t in account.tiers if t.reason)]
    code = account.currency_code

    def shown(finding: Finding, value: float | None) -> Value:
        said = quantity(value, finding, code, "en") if finding.unit != "flag" else ""
        return Value(said or "–", is_number=True)

    return Table(
        f"Reasons in {code}, those that stand in the way first",
        ("Rule", "Kind", "Value", "Threshold", "Distance", "Verdict"),
        tuple(
            (
                text(finding.code),
                text("internal" if finding.is_internal else finding.category),
                shown(finding, finding.value),
                shown(finding, finding.threshold),
                text(distance_text(finding, code)),
                text(
                    "passed" if finding.is_passed else "failed",
                    tone="" if finding.is_passed else "amber",
                ),
            )
            for finding in sorted(findings, key=lambda each: each.is_passed)
        ),
    )


def _advances(facts: SellerFacts) -> Table:
    code = facts.account.currency_code
    return Table(
        f"Advances in {code}",
        ("Advance", "Disbursed", "State", "Owed", "Repaid", "Balance", "Pace"),
        tuple(
            (
                text(row["advance_id"]),
                _disbursed(row["disbursed_date"]),
                text(row["state"].replace("_", " ")),
                money(row["owed_minor"], code),
                money(row["repaid_minor"], code),
                money(row["balance_minor"], code),
                share(row["pace_rate"]),
            )
            for row in facts.advances
        ),
    )


def _disbursed(date: dt.date | None) -> Value:
    return day(date)
