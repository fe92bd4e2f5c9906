"""Explanation: why a seller got its answer, from what the night stored, and no more.

Nothing is decided here. Rules are measured again on the stored inputs, so that passed
ones show too; where that disagrees with what was stored, the disagreement is named.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from jobs.underwriting.distribution import (
    QuantileGrid,
    line_at_day,
    quantile_at,
    quantile_line,
    repair,
)
from jobs.underwriting.explained_tiers import ExplainedTier, Lift, explain_tiers
from jobs.underwriting.findings import Finding, find
from jobs.underwriting.guard import LIMIT, limited
from jobs.underwriting.health import from_json
from jobs.underwriting.money import format_minor, round_half_up
from jobs.underwriting.past_offers import PastOffer, past_offers
from jobs.underwriting.policy import Policy
from jobs.underwriting.stored import Row, Stored, Unusual, unusual
from jobs.underwriting.wording import all_seller_texts, days, distance_text, percent

_SHOWN = {"p10_minor": 0.10, "p50_minor": 0.50, "p90_minor": 0.90}


@dataclass(frozen=True)
class Forecast:
    """Cumulative repayable sales by a term's end that are reached with 90, 50, 10 %."""

    target_term_days: int
    p10_minor: int
    p50_minor: int
    p90_minor: int
    is_extrapolated: bool


@dataclass(frozen=True)
class Account:
    """One seller and currency, explained."""

    seller_id: str
    currency_code: str
    country_code: str
    as_of_date: dt.date
    outcome: str
    rules: tuple[Finding, ...]
    forecast: tuple[Forecast, ...]
    tiers: tuple[ExplainedTier, ...]
    unusual: Unusual | None
    past_offers: tuple[PastOffer, ...]
    disagreements: tuple[str, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The rules that stand in the way."""
        return tuple(finding for finding in self.rules if not finding.is_passed)

    @property
    def holding(self) -> tuple[PastOffer, ...]:
        """The offers of earlier nights that hold."""
        return tuple(offer for offer in self.past_offers if offer.holds)


def explain_account(stored: Stored, policy: Policy, as_of_date: dt.date) -> Account:
    """Explain one seller and currency under the policy that decided on it.

    Raises:
        ValueError: tiers were evaluated but a forecast behind them is missing.

    """
    decision = stored.decision
    rows = from_json(pd.Series([decision["inputs"]]))
    rules = find(rows, policy, as_of_date, stored.reasons)
    tiers = _tiers(rows, stored, policy)
    return Account(
        decision["seller_id"],
        decision["currency_code"],
        decision["country_code"],
        as_of_date,
        decision["outcome"],
        rules,
        _forecast(stored.grid, policy),
        tiers,
        unusual(stored.finding),
        past_offers(stored.open_offers, tiers, policy),
        (*_other_verdicts(rules, stored.reasons), *_other_sizes(tiers)),
    )


def _tiers(
    rows: pd.DataFrame, stored: Stored, policy: Policy
) -> tuple[ExplainedTier, ...]:
    """Explain the tiers, priced on what the guard left of the sales."""
    if not stored.evaluations:
        return ()
    grid, finding, past = stored.grid, stored.finding, stored.past
    if grid is None:
        message = "the forecast behind the offers is missing; predict it again"
        raise ValueError(message)
    if finding is None or finding["verdict"] != LIMIT:
        return explain_tiers((rows, grid), (rows, grid), stored, policy)
    if past is None:
        message = "the forecast of 28 days before, which limits the size, is missing"
        raise ValueError(message)
    smaller = limited(rows, grid, pd.DataFrame([finding]), past)
    return explain_tiers((rows, grid), smaller, stored, policy)


def as_plain(account: Account) -> dict[str, Any]:
    """Return everything as plain values, each rule with its texts in every language.

    Internal rules are in it, marked, and without a text.
    """
    plain = asdict(account)
    for finding, row in zip(account.rules, plain["rules"], strict=True):
        row.update(_texts(account, finding))
    for tier, row in zip(account.tiers, plain["tiers"], strict=True):
        if tier.reason:
            row["reason"].update(_texts(account, tier.reason))
    return plain | {"changes": changes(account)}


def changes(account: Account) -> list[str]:
    """Say for staff what would change the answer, the smallest change of each kind."""
    code = account.currency_code
    found = [
        f"{finding.code}: {distance_text(finding, code)}" for finding in account.failed
    ]
    for tier in account.tiers:
        if tier.outcome == "kept":
            continue  # An earlier offer holds: what tonight would be is beside it.
        term = days(tier.target_term_days, "en")
        if tier.reason:
            text = distance_text(tier.reason, code) + _sales_text(tier)
            found.append(f"{term}, {tier.reason.code}: {text}")
        if tier.lifted:
            found.append(f"{term}, {_lift_text(tier, tier.lifted, code)}")
    return found


def _lift_text(tier: ExplainedTier, lifted: Lift, currency_code: str) -> str:
    without = f"without {lifted.cap}"
    if lifted.advance_minor < tier.minimum_advance_minor:
        return f"{without}: still below the smallest advance"
    amount = format_minor(lifted.advance_minor, currency_code)
    if lifted.fee_minor is None:
        return f"{without}: {amount}, but no fee below the cap would pay for it"
    fee = format_minor(lifted.fee_minor, currency_code)
    certainty = percent(lifted.repayment_probability_rate, "en")
    return f"{without}: {amount} for {fee}, repaid in time with {certainty}"


def _sales_text(tier: ExplainedTier) -> str:
    """Say how much more sales make a size large enough; a size scales with sales."""
    reason, size = tier.reason, tier.capped_advance_minor
    if reason is None or reason.code != "BELOW_MINIMUM_ADVANCE" or size <= 0:
        return ""
    if reason.threshold is None or not tier.is_by_sales:
        return ""
    return f", as with {percent(reason.threshold / size - 1, 'en')} more sales"


def _texts(account: Account, finding: Finding) -> dict[str, Any]:
    currency, night = account.currency_code, account.as_of_date
    return {
        "distance_text": distance_text(finding, currency),
        "seller_text": all_seller_texts(finding, currency, night),
    }


def _forecast(grid: QuantileGrid | None, policy: Policy) -> tuple[Forecast, ...]:
    if grid is None:
        return ()
    line = quantile_line(repair(grid))
    found = []
    for tier in policy.tiers:
        term = tier.target_term_days
        at_term = line_at_day(line, grid.horizons_days, term)
        amounts = {
            name: int(round_half_up(quantile_at(at_term, probability))[0])
            for name, probability in _SHOWN.items()
        }
        is_guessed = bool(grid.extrapolated_at(term)[0])
        found.append(Forecast(term, **amounts, is_extrapolated=is_guessed))
    return tuple(found)


def _other_verdicts(rules: tuple[Finding, ...], stored: list[Row]) -> list[str]:
    """Name the rules that say something else today than what was stored."""
    now = {finding.code for finding in rules if not finding.is_passed}
    then = {row["reason_code"] for row in stored}
    return [
        f"{code} was {'failed' if code in then else 'passed'} when it was decided"
        for code in sorted(now ^ then)
    ]


def _other_sizes(tiers: tuple[ExplainedTier, ...]) -> list[str]:
    """Name the tiers whose stored size is not the smallest of their caps."""
    return [
        f"{tier.target_term_days} days: the stored size is not what its inputs give"
        for tier in tiers
        if tier.capped_advance_minor != min(cap.advance_minor for cap in tier.caps)
    ]
