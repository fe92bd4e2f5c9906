"""The card of a seller: its letter, history, forecast, offers, reasons and advances."""

from collections.abc import Sequence
from dataclasses import replace

from jobs.pages.blocks import (
    Block,
    Letter,
    Note,
    Row,
    Section,
    Table,
    Value,
    day,
    money,
    number,
    share,
    text,
)
from jobs.pages.seller_charts import forecast, history
from jobs.pages.seller_facts import SellerFacts, locale_of
from jobs.underwriting.explanation import Account, changes
from jobs.underwriting.findings import Finding
from jobs.underwriting.letter import letter
from jobs.underwriting.wording import days, distance_text, quantity


def card(accounts: Sequence[SellerFacts]) -> Section:
    """Return the card of one seller: each of its currencies after the other."""
    seller_id = accounts[0].account.seller_id
    countries = sorted({each.account.country_code for each in accounts})
    lead = f"{', '.join(countries)}. {accounts[0].why}"
    blocks = [block for facts in accounts for block in _account(facts)]
    return Section(f"seller-{seller_id}", seller_id, lead, tuple(blocks))


def fans(sellers: Sequence[Sequence[SellerFacts]]) -> Table:
    """Return what is forecast of the sellers with a card, a line an account."""
    accounts = [
        facts for seller in sellers for facts in seller if facts.account.forecast
    ]
    return Table(
        "Forecasts of the sellers with a card: cumulative sales",
        ("Seller", "Currency", "Days ahead", "10 %", "50 %", "90 %", "Largest offer"),
        tuple(
            (
                text(account.seller_id, target=f"seller-{account.seller_id}"),
                text(code := account.currency_code),
                number(row.target_term_days),
                money(row.p10_minor, code),
                money(row.p50_minor, code),
                money(row.p90_minor, code),
                money((facts.largest_offer or {}).get("advance_minor"), code),
            )
            for facts in accounts
            for account in [facts.account]
            for row in account.forecast[-1:]
        ),
        note="Of each the longest term; fan and day of repayment are on its card.",
    )


def _account(facts: SellerFacts) -> list[Block]:
    account = facts.account
    locale = locale_of(account.country_code)
    title, *paragraphs = letter(account, locale)
    blocks: list[Block] = [
        Letter(title, tuple(paragraphs), locale),
        history(facts),
        *forecast(facts),
        _offers(facts),
        *_rules(account),
    ]
    if facts.advances:
        blocks.append(_advances(facts))
    told = changes(account)
    if told:
        blocks.append(Note(f"What would change the answer: {'; '.join(told)}."))
    return blocks


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


def _rules(account: Account) -> list[Block]:
    """Return what stands in the way, of the seller or of a term, then what does not."""
    code = account.currency_code
    failed = [(finding, "all") for finding in account.failed]
    failed += [
        (tier.reason, days(tier.target_term_days, "en"))
        for tier in account.tiers
        if tier.reason
    ]
    passed = [(finding, "all") for finding in account.rules if finding.is_passed]
    blocks: list[Block] = [Note(f"Nothing stands in the way in {code}.")]
    if failed:
        blocks = [_findings(f"What stands in the way in {code}", failed, code)]
    if passed:
        caption = f"Rules that passed in {code}"
        blocks.append(replace(_findings(caption, passed, code), is_folded=True))
    return blocks


def _findings(caption: str, found: list[tuple[Finding, str]], code: str) -> Table:
    def shown(finding: Finding, value: float | None) -> Value:
        said = quantity(value, finding, code, "en") if finding.unit != "flag" else ""
        return replace(text(said), is_number=True)

    return Table(
        caption,
        ("Rule", "Kind", "Of terms", "Value", "Threshold", "Distance"),
        tuple(
            (
                text(finding.code),
                text("internal" if finding.is_internal else finding.category),
                text(terms),
                shown(finding, finding.value),
                shown(finding, finding.threshold),
                text(distance_text(finding, code)),
            )
            for finding, terms in found
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
                day(row["disbursed_date"]),
                text(row["state"].replace("_", " ")),
                money(row["owed_minor"], code),
                money(row["repaid_minor"], code),
                money(row["balance_minor"], code),
                share(row["pace_rate"]),
            )
            for row in facts.advances
        ),
    )
