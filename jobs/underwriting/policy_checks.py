"""What can be wrong with a policy, each fault as one sentence about one key."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, get_args

from pydantic import BaseModel

from jobs.underwriting.money import CurrencyError, currency_exponent
from jobs.underwriting.reasons import BY_CODE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from jobs.underwriting.policy import Policy, Tier


#: The rule that each event of a gate fails, whose category says what it does to offers.
_GATE_REASONS = {
    "kyb_expired": "KYB_INCOMPLETE",
    "payout_hold": "ACCOUNT_RESTRICTED",
    "listing_suspended": "ACCOUNT_RESTRICTED",
    "fraud_review": "ACCOUNT_RESTRICTED",
    "payout_failed": "PAYOUT_FAILED",
}


class Fault(NamedTuple):
    """One fault: the key, dotted as in the file, and what was expected of it."""

    key: str
    text: str


def faults(error: ValidationError, model: type[BaseModel]) -> list[Fault]:
    """Say in our words what pydantic found: wrong, missing and unknown keys."""
    return [
        Fault(".".join(str(part) for part in found["loc"]), _expectation(found, model))
        for found in error.errors()
    ]


def contradictions(policy: Policy) -> list[Fault]:
    """Return the keys that contradict each other in a policy of valid parts."""
    return [
        *_inverted_thresholds(policy),
        *_price_contradictions(policy),
        *_tier_contradictions(policy),
        *_currency_contradictions(policy),
        *_portfolio_contradictions(policy),
        *_country_contradictions(policy),
        *_gate_contradictions(policy),
    ]


def cost_rate(policy: Policy, tier: Tier) -> float:
    """Cheapest fee rate that covers the cost of a tier, if it is repaid evenly.

    From A (1 + servicing + margin) = T (exp(-funds H / 2 / 365) - floor): the money is
    out for half the term on average, and no shortfall beyond the floor is counted.
    """
    pricing = policy.pricing
    years = tier.target_term_days / 2 / 365
    worth = math.exp(-pricing.cost_of_funds_rate * years) - pricing.shortfall_floor_rate
    if worth <= 0:
        return math.inf
    return (1 + pricing.servicing_rate + pricing.margin_rate) / worth - 1


def _expectation(found: ErrorDetails, model: type[BaseModel]) -> str:
    if found["type"] == "missing":
        return "this key is missing: expected it in the file."
    if found["type"] == "extra_forbidden":
        known = ", ".join(sorted(_keys_at(model, found["loc"][:-1])))
        return f"unknown key: expected one of {known}."
    text = str(found["msg"]).replace("Input should", "expected to", 1)
    text = text.replace("String should", "expected to", 1)
    return f"{text}, got {found['input']!r}."


def _keys_at(model: type[BaseModel], place: tuple[int | str, ...]) -> set[str]:
    """Return the keys known at a place such as ("tiers", 0) of the model."""
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            model = _section_inside(model.model_fields[part].annotation) or model
    return set(model.model_fields)


def _section_inside(annotation: object) -> type[BaseModel] | None:
    """Return the model in Model, tuple[Model, ...] or dict[str, Model]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_section_inside(argument) for argument in get_args(annotation))
    return next((section for section in inner if section is not None), None)


def _inverted_thresholds(policy: Policy) -> Iterator[Fault]:
    rules, sizing = policy.eligibility, policy.sizing
    if rules.dense_last_sale_within_days > rules.last_sale_within_days:
        yield Fault(
            "eligibility.dense_last_sale_within_days",
            "expected at most last_sale_within_days"
            f" ({rules.last_sale_within_days}), got"
            f" {rules.dense_last_sale_within_days}.",
        )
    if rules.dense_sale_days <= rules.minimum_sale_days:
        yield Fault(
            "eligibility.dense_sale_days",
            f"expected more than minimum_sale_days ({rules.minimum_sale_days}),"
            f" got {rules.dense_sale_days}.",
        )
    if sizing.holdback_rate > sizing.holdback_hard_cap_rate:
        yield Fault(
            "sizing.holdback_rate",
            f"expected at most holdback_hard_cap_rate"
            f" ({sizing.holdback_hard_cap_rate}), got {sizing.holdback_rate}.",
        )


def _price_contradictions(policy: Policy) -> Iterator[Fault]:
    pricing = policy.pricing
    if pricing.fee_cap_rate < pricing.fee_floor_rate:
        yield Fault(
            "pricing.fee_cap_rate",
            f"expected at least fee_floor_rate ({pricing.fee_floor_rate}),"
            f" got {pricing.fee_cap_rate}.",
        )
    cost = max(cost_rate(policy, tier) for tier in policy.tiers)
    if pricing.fee_cap_rate < cost:
        yield Fault(
            "pricing.fee_cap_rate",
            f"expected at least the cost of the longest tier ({cost:.4f}),"
            f" got {pricing.fee_cap_rate}.",
        )
    if pricing.shortfall_load_extrapolated < pricing.shortfall_load:
        yield Fault(
            "pricing.shortfall_load_extrapolated",
            f"expected at least shortfall_load ({pricing.shortfall_load}),"
            f" got {pricing.shortfall_load_extrapolated}.",
        )


def _tier_contradictions(policy: Policy) -> Iterator[Fault]:
    history = policy.eligibility.minimum_history_days
    for index, tier in enumerate(policy.tiers):
        shorter = policy.tiers[index - 1] if index else None
        if shorter and tier.target_term_days <= shorter.target_term_days:
            yield Fault(
                f"tiers.{index}.target_term_days",
                "expected more than the tier before"
                f" ({shorter.target_term_days}), got {tier.target_term_days}.",
            )
        if shorter and tier.confidence_rate < shorter.confidence_rate:
            yield Fault(
                f"tiers.{index}.confidence_rate",
                "expected at least that of the tier before"
                f" ({shorter.confidence_rate}), got {tier.confidence_rate}.",
            )
        if tier.minimum_history_days < history:
            yield Fault(
                f"tiers.{index}.minimum_history_days",
                f"expected at least eligibility.minimum_history_days ({history}),"
                f" got {tier.minimum_history_days}.",
            )


def _currency_contradictions(policy: Policy) -> Iterator[Fault]:
    for code, amounts in policy.currencies.items():
        try:
            currency_exponent(code)
        except CurrencyError as error:
            yield Fault(f"currencies.{code}", str(error))
        smallest = amounts.minimum_advance_minor
        if amounts.step_minor > smallest:
            yield Fault(
                f"currencies.{code}.step_minor",
                f"expected at most minimum_advance_minor ({smallest}),"
                f" got {amounts.step_minor}.",
            )
        for name in ("maximum_advance_minor", "entity_exposure_floor_minor"):
            if getattr(amounts, name) < smallest:
                yield Fault(
                    f"currencies.{code}.{name}",
                    f"expected at least minimum_advance_minor ({smallest}),"
                    f" got {getattr(amounts, name)}.",
                )


def _portfolio_contradictions(policy: Policy) -> Iterator[Fault]:
    for place, code in enumerate(policy.offers.acceptance_checks):
        if code not in BY_CODE:
            yield Fault(
                f"offers.acceptance_checks.{place}",
                f"expected a reason code, got {code!r}.",
            )
    if not policy.portfolio:
        return
    for code, amounts in policy.currencies.items():
        for name in ("nightly_budget_minor", "group_exposure_floor_minor"):
            if getattr(amounts, name) is None:
                yield Fault(
                    f"currencies.{code}.{name}",
                    "this key is missing: expected it beside [portfolio].",
                )
        budget = amounts.nightly_budget_minor
        if budget and budget < amounts.minimum_advance_minor:
            yield Fault(
                f"currencies.{code}.nightly_budget_minor",
                "expected at least minimum_advance_minor"
                f" ({amounts.minimum_advance_minor}), got {budget}.",
            )


def _country_contradictions(policy: Policy) -> Iterator[Fault]:
    for code, country in policy.countries.items():
        for currency in country.currencies:
            if currency not in policy.currencies:
                yield Fault(
                    f"countries.{code}.currencies",
                    f"expected a [currencies.{currency}] table for {currency}.",
                )
    used = {
        each for country in policy.countries.values() for each in country.currencies
    }
    for currency in policy.currencies:
        if currency not in used:
            yield Fault(
                f"currencies.{currency}",
                "expected a [countries.XX] table with this currency: no country lends"
                " in it.",
            )


def _gate_contradictions(policy: Policy) -> Iterator[Fault]:
    """Reasons of standing end an open offer, and a gate can only say so."""
    gates = policy.gates or ()
    for index, gate in enumerate(gates):
        if gate.event in {other.event for other in gates[:index]}:
            yield Fault(
                f"gates.{index}.event",
                f"expected each event once, got {gate.event!r} again.",
            )
        reason = BY_CODE[_GATE_REASONS[gate.event]]
        offers = "end" if reason.category == "standing" else "stay"
        if gate.offers != offers:
            yield Fault(
                f"gates.{index}.offers",
                f"expected {offers!r}, as the rule {reason.code} has it,"
                f" got {gate.offers!r}.",
            )
