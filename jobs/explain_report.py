"""An explanation as tables for staff; the seller's letter is of the pure core."""

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.table import Table

from jobs.explain import Explained
from jobs.underwriting.explained_tiers import ExplainedTier
from jobs.underwriting.explanation import Account, changes
from jobs.underwriting.findings import Finding
from jobs.underwriting.guard import REVIEW
from jobs.underwriting.guarded_offers import GUARD_CAP, HELD
from jobs.underwriting.money import format_minor
from jobs.underwriting.stored import Evidence, Unusual
from jobs.underwriting.wording import days, distance_text, percent, quantity

_FEE_PARTS = {
    "funding_minor": "cost of funds",
    "expected_loss_minor": "expected loss",
    "servicing_minor": "servicing",
    "margin_minor": "margin",
    "remainder_minor": "fee floor and rounding",
}
_REFILL = {
    "settled_balance_minor": "settles of the open advance",
    "settled_fee_minor": "old fee in it, without discount",
    "discount_minor": "discount on the old fee",
    "net_advance_minor": "paid out",
    "fee_on_old_fee_minor": "fee on the old fee",
}
_FLAGS = ("no", "yes")


def report(explained: Explained) -> Iterator[Table | str]:
    """Yield what to print: everything, internal rules included and marked."""
    by = explained.versions
    night = explained.accounts[0].as_of_date
    yield (
        f"[bold]{explained.seller_id}[/bold] on {night}, policy {by.policy_version},"
        f" model {by.model_version}, data as of {by.data_as_of}"
    )
    for account in explained.accounts:
        yield (
            f"\n[bold]{account.currency_code}[/bold], {account.country_code}:"
            f" [bold]{account.outcome}[/bold]{_also(account)}"
        )
        yield _rules(account)
        if account.unusual:
            yield _unusual(account.unusual, account)
        if account.forecast:
            yield _forecast(account)
        if account.tiers:
            yield _sizes(account)
        if any(tier.offer for tier in account.tiers):
            yield _fees(account)
        if account.past_offers:
            yield _past_offers(account)
            yield from _lines("How they came about", _nights_before(account))
        yield from _lines("What would change the answer", changes(account))
        yield from _lines("Differs from what was stored", account.disagreements)


def _also(account: Account) -> str:
    """Say what the outcome alone does not: who looks, and what holds."""
    words = []
    if any(tier.outcome == HELD for tier in account.tiers):
        words.append("a person is looking at its sales")
    if account.holding:
        words.append(f"earlier offers that hold: {len(account.holding)}")
    return "".join(f", {word}" for word in words)


def _rules(account: Account) -> Table:
    table = _table("Rules", "rule", "", "value", "threshold", "verdict", "missing")
    for finding in account.rules:
        table.add_row(
            finding.code,
            "internal" if finding.is_internal else finding.category,
            _shown(finding, finding.value, account),
            _shown(finding, finding.threshold, account),
            "passed" if finding.is_passed else "[bold]failed[/bold]",
            distance_text(finding, account.currency_code),
        )
    return table


def _shown(finding: Finding, number: float | None, account: Account) -> str:
    if finding.unit == "flag" and number is not None:
        return _FLAGS[int(number)]
    return quantity(number, finding, account.currency_code, "en")


def _forecast(account: Account) -> Table:
    table = _table("Forecast of sales", "days", "10 %", "50 %", "90 %", "")
    for row in account.forecast:
        amounts = (row.p10_minor, row.p50_minor, row.p90_minor)
        texts = (format_minor(amount, account.currency_code) for amount in amounts)
        note = "extrapolated" if row.is_extrapolated else ""
        table.add_row(str(row.target_term_days), *texts, note)
    return table


def _sizes(account: Account) -> Table:
    """Show each cap alone, a column a term, the smallest marked; then the outcome."""
    tiers = account.tiers
    table = _table("Size: the most each cap allows", "", *_terms(tiers))

    def row(label: str, amounts: list[int]) -> None:
        table.add_row(label, *(format_minor(a, account.currency_code) for a in amounts))

    names = dict.fromkeys(cap.name for tier in tiers for cap in tier.caps)
    for name in names:
        table.add_row(name, *(_cap(tier, name, account) for tier in tiers))
    row("under all caps", [tier.capped_advance_minor for tier in tiers])
    steps = format_minor(tiers[0].step_minor, account.currency_code)
    row(f"down to steps of {steps}", [tier.rounded_advance_minor for tier in tiers])
    table.add_row("outcome", *(_outcome(tier) for tier in tiers))
    return table


def _outcome(tier: ExplainedTier) -> str:
    is_declined = tier.outcome == "declined"
    return tier.reason.code if tier.reason and is_declined else tier.outcome


def _cap(tier: ExplainedTier, name: str, account: Account) -> str:
    for cap in tier.caps:
        if cap.name == name == GUARD_CAP and _waits(tier, account):
            return "[bold]waits <[/bold]"
        if cap.name == name:
            amount = format_minor(cap.advance_minor, account.currency_code)
            return f"[bold]{amount} <[/bold]" if cap.is_binding else amount
    return "not reached"


def _waits(tier: ExplainedTier, account: Account) -> bool:
    """Whether the guard gives no size at all until a person has looked."""
    guard = account.unusual
    return tier.outcome == HELD and guard is not None and guard.verdict == REVIEW


def _unusual(guard: Unusual, account: Account) -> Table:
    """Show what the guard saw: sales and the band first, then what else is odd."""
    says = "a person looks first" if guard.verdict == REVIEW else "size of 28 days ago"
    title = f"Unusual sales: {guard.verdict}, {says}"
    table = _table(title, "seen", "value", "at most")
    for each in guard.evidence:
        numbers = (each.value, each.threshold)
        table.add_row(each.name, *(_seen(each, number, account) for number in numbers))
    return table


def _seen(evidence: Evidence, number: float, account: Account) -> str:
    if evidence.name.endswith("_minor"):
        return format_minor(int(number), account.currency_code)
    is_rate = evidence.name.endswith("_rate")
    return percent(number, "en") if is_rate else f"{number:,.4g}"


def _past_offers(account: Account) -> Table:
    """Show the offers that were open before the night, and what it made of them."""
    columns = ("advance", "fee", "since", "until", "outcome", "tonight's terms")
    table = _table("Offers of earlier nights", "", *columns)
    for offer in account.past_offers:
        amounts = (offer.advance_minor, offer.fee_minor)
        outcome = "holds" if offer.holds else offer.outcome
        table.add_row(
            days(offer.target_term_days, "en"),
            *(format_minor(each, account.currency_code) for each in amounts),
            str(offer.opened_date),
            str(offer.expires_date),
            f"{outcome}: {offer.reason_code}" if offer.reason_code else outcome,
            offer.tonight,
        )
    return table


def _nights_before(account: Account) -> list[str]:
    """Return the command that explains each night on which an offer was opened."""
    nights = sorted({offer.opened_date for offer in account.past_offers})
    words = f"advances explain {account.seller_id} --currency {account.currency_code}"
    return [f"{words} --as-of {night}" for night in nights]


def _fees(account: Account) -> Table:
    """Show what each offer's fee pays for, adding up to it."""
    tiers = [tier for tier in account.tiers if tier.offer and tier.fee_parts]
    table = _table("Fee: what it pays for", "", *_terms(tiers))

    def row(label: str, name: str) -> None:
        amounts = ((tier.offer or {})[name] for tier in tiers)
        table.add_row(label, *(format_minor(a, account.currency_code) for a in amounts))

    for name, label in _FEE_PARTS.items():
        amounts = ((tier.fee_parts or {})[name] for tier in tiers)
        table.add_row(label, *(format_minor(a, account.currency_code) for a in amounts))
    row("[bold]fee[/bold]", "fee_minor")
    row("advance", "advance_minor")
    row("owed", "owed_minor")
    rates = (percent((tier.offer or {})["fee_rate"], "en") for tier in tiers)
    table.add_row("fee rate", *rates)
    # A seller's offers of one night settle the same advance, or none.
    if all((tier.offer or {})["refilled_advance_id"] for tier in tiers):
        for name, label in _REFILL.items():
            row(label, name)
    return table


def _terms(tiers: tuple[ExplainedTier, ...] | list[ExplainedTier]) -> list[str]:
    return [days(tier.target_term_days, "en") for tier in tiers]


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE)
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, justify="right")
    return table


def _lines(title: str, texts: list[str] | tuple[str, ...]) -> Iterator[str]:
    if texts:
        yield f"[italic]{title}[/italic]"
    yield from (f"  {text}" for text in texts)
