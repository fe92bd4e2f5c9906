"""The policy: every number of judgment, read from a validated text.

``parse_policy`` takes the text, not a path, so that this room reads no files. Its
errors name the file, the key and what was expected.
"""

import math
import tomllib
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.policy_checks import Fault, contradictions, faults

# A command that only asks for the policy's version need not wait for pandas.
if TYPE_CHECKING:
    import pandas as pd

Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, lt=1)]
Days = Annotated[int, Field(ge=0)]
PositiveDays = Annotated[int, Field(ge=1)]
Minor = Annotated[int, Field(ge=0)]
PositiveMinor = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Check = Literal["kyb", "sanctions", "tax_id"]
GateEvent = Literal[
    "kyb_expired", "payout_hold", "listing_suspended", "fraud_review", "payout_failed"
]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class PolicyError(ValueError):
    """A policy text that cannot be used; the message says where and why."""


class Section(BaseModel):
    """A table of the policy: immutable, strict, no key it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
    )


class Forecast(Section):
    """Which forecast the policy was tuned on."""

    model_version: str


class Eligibility(Section):
    """Thresholds of the rules; each name says on which side it binds."""

    maximum_data_age_days: Days
    maximum_quarantined_count: Count
    minimum_history_days: PositiveDays
    last_sale_within_days: PositiveDays
    dense_last_sale_within_days: PositiveDays
    dense_sale_days: PositiveDays
    minimum_sale_days: Annotated[int, Field(ge=1, le=91)]
    minimum_growth_rate: Annotated[float, Field(ge=-1)]
    maximum_weekly_variation_rate: Annotated[float, Field(gt=0)]
    maximum_refund_rate: Share
    maximum_chargeback_rate: Share
    maximum_failed_payouts_count: Count
    minimum_repaid_rate: Annotated[float, Field(gt=0, le=1)]
    cooling_off_days: Days


class Sizing(Section):
    """Holdback and the caps that are shares of sales or of the book."""

    holdback_rate: PositiveShare
    holdback_hard_cap_rate: PositiveShare
    annual_sales_share_rate: PositiveShare
    minimum_tier_ratio: Annotated[float, Field(ge=1)]
    entity_book_share_rate: PositiveShare


class Tier(Section):
    """One rung of the ladder: a term and the confidence of being repaid by then."""

    target_term_days: PositiveDays
    confidence_rate: PositiveShare
    minimum_history_days: PositiveDays
    needs_matured_horizon: bool


class Pricing(Section):
    """What a fee must cover, and the band it must stay in."""

    cost_of_funds_rate: Share
    servicing_rate: Share
    margin_rate: Share
    shortfall_load: Annotated[float, Field(ge=1)]
    shortfall_load_extrapolated: Annotated[float, Field(ge=1)]
    shortfall_floor_rate: Share
    fee_floor_rate: PositiveShare
    fee_cap_rate: PositiveShare


class Minimums(Section):
    """The least to be repaid: one of ``owed_parts`` of T, in each interval."""

    interval_days: PositiveDays
    owed_parts: Annotated[int, Field(ge=1)]


class Guard(Section):
    """When sales are unusual; without this section nobody's are."""

    band_probability_rate: PositiveShare
    minimum_item_count: Annotated[int, Field(ge=1)]
    maximum_ticket_ratio: Annotated[float, Field(ge=1)]
    maximum_best_days_share_rate: Share
    maximum_undelivered_excess_rate: Share
    maximum_refunded_after_advances_rate: Share
    maximum_rising_siblings_count: Count


class Refills(Section):
    """When an open advance may be settled by a new one; without this section never."""

    minimum_repaid_rate: PositiveShare
    old_fee_discount_rate: Share


class Offers(Section):
    """How long an offer lives, what takes its place, what is asked when accepted.

    Without ``minimum_improvement_rate`` better terms never end an open offer.
    """

    life_days: Annotated[int, Field(ge=1, le=366)]
    minimum_improvement_rate: PositiveShare | None = None
    acceptance_checks: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Portfolio(Section):
    """Shares of a currency's book that one name or group of sellers may owe.

    They come with ``nightly_budget_minor`` and ``group_exposure_floor_minor`` of every
    currency.
    """

    name_book_share_rate: PositiveShare
    cohort_book_share_rate: PositiveShare
    cohort_within_days: PositiveDays
    country_book_share_rate: PositiveShare


class Watch(Section):
    """When a night is worth a look: how far from before, and from what was forecast."""

    reference_days: PositiveDays
    outcome_days: PositiveDays
    minimum_group_count: Annotated[int, Field(ge=2)]
    bin_count: Annotated[int, Field(ge=2)]
    significance_rate: PositiveShare
    maximum_stability_index: Annotated[float, Field(gt=0)]
    maximum_approval_change: PositiveShare
    minimum_impact_ratio: PositiveShare
    maximum_coverage_error: PositiveShare
    maximum_calibration_error: PositiveShare


class Warnings(Section):
    """Which signs of trouble put an open advance on the night's list of warnings.

    ``sales_days`` and ``band_probability_rate`` say which forecast sales must not fall
    below, ``event_days`` how long a restriction or a failed payout is new, and the
    others when refunds or chargebacks of ``surge_days`` are more than usual.
    """

    sales_days: Annotated[int, Field(ge=1, le=365)]
    band_probability_rate: PositiveShare
    event_days: PositiveDays
    surge_days: PositiveDays
    usual_days: PositiveDays
    maximum_surge_ratio: Annotated[float, Field(ge=1)]
    minimum_refund_rate: Share
    minimum_chargeback_rate: Share
    maximum_failed_payouts_count: Count
    maximum_troubled_siblings_count: Count


class Gate(Section):
    """What an event in a seller's standing does to an advance that runs."""

    event: GateEvent
    holdback: Literal["goes_on", "stops"]
    minimum: Literal["runs", "pauses"]
    offers: Literal["end", "stay"]


class Staging(Section):
    """When an advance is watched (stage 2) or impaired (stage 3), and how far we look.

    Paces are repaid over planned; days past the plan count from the planned payoff.
    """

    watch_pace_rate: PositiveShare
    watch_age_days: PositiveDays
    watch_past_plan_days: Days
    impaired_past_plan_days: PositiveDays
    longest_expected_days: Annotated[int, Field(ge=365)]


class Country(Section):
    """Where advances are made: in which currencies, after which checks."""

    currencies: Annotated[tuple[CurrencyCode, ...], Field(strict=False, min_length=1)]
    required_checks: Annotated[tuple[Check, ...], Field(strict=False)]


class Currency(Section):
    """Amounts of judgment in one currency, in its minor units."""

    minimum_monthly_sales_minor: PositiveMinor
    minimum_advance_minor: PositiveMinor
    maximum_advance_minor: PositiveMinor
    step_minor: PositiveMinor
    entity_exposure_floor_minor: PositiveMinor
    servicing_fixed_minor: Minor
    nightly_budget_minor: PositiveMinor | None = None
    group_exposure_floor_minor: PositiveMinor | None = None


class Policy(Section):
    """The whole policy, as its file says it."""

    policy_version: Annotated[str, Field(min_length=1)]
    forecast: Forecast
    eligibility: Eligibility
    sizing: Sizing
    tiers: Annotated[tuple[Tier, ...], Field(strict=False, min_length=1, max_length=3)]
    pricing: Pricing
    offers: Offers
    portfolio: Portfolio | None = None
    guard: Guard | None = None
    minimums: Minimums | None = None
    refills: Refills | None = None
    #: Without them holdback goes on and minimums run, whatever happens.
    gates: Annotated[tuple[Gate, ...], Field(strict=False)] | None = None
    countries: dict[CountryCode, Country]
    currencies: dict[CurrencyCode, Currency]
    #: Older policies have none: their nights are not watched.
    watch: Watch | None = None
    #: Older policies have none: nobody is warned of their nights.
    warnings: Warnings | None = None
    #: Older policies have none: by them no advance is booked.
    staging: Staging | None = None

    @property
    def pausing_events(self) -> frozenset[str]:
        """What in a seller's standing pauses the minimum of an advance."""
        gates = self.gates or ()
        return frozenset(gate.event for gate in gates if gate.minimum == "pauses")

    @property
    def name_book_share_rate(self) -> float:
        """Share of the book one seller may owe: that of an entity unless it is said."""
        if self.portfolio is None:
            return self.sizing.entity_book_share_rate
        return self.portfolio.name_book_share_rate

    def currency_amounts(self, currency_codes: "pd.Series", name: str) -> IntegerArray:
        """Return the policy amount called ``name`` of each row's currency, in minor.

        Raises:
            KeyError: a row has a currency the policy does not know.

        """
        amounts = self.currency_thresholds(currency_codes, name)
        if np.isnan(amounts).any():
            message = f"The policy has no {name} for some of these currencies."
            raise KeyError(message)
        return amounts.astype(np.int64)

    def currency_thresholds(self, currency_codes: "pd.Series", name: str) -> FloatArray:
        """Like ``currency_amounts`` as floats, NaN where the currency is unknown."""
        codes, found = currency_codes.factorize()
        amounts = [getattr(self.currencies.get(code), name, math.nan) for code in found]
        thresholds: FloatArray = np.array([*amounts, math.nan])[codes]
        return thresholds


def parse_policy(text: str, name: str) -> Policy:
    """Read a policy from the text of its TOML file; ``name`` is the file's name.

    Raises:
        PolicyError: no TOML, a wrong, missing or unknown key, or a contradiction; a
            sentence for each, naming file, key and what was expected.

    """
    try:
        policy = Policy.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = f"{name}: expected valid TOML, got: {error}."
        raise PolicyError(message) from error
    except ValidationError as error:
        raise PolicyError(_lines(name, faults(error, Policy))) from error
    found = contradictions(policy)
    if found:
        raise PolicyError(_lines(name, found))
    return policy


def _lines(name: str, found: list[Fault]) -> str:
    return "\n".join(f"{name}: {fault.key}: {fault.text}" for fault in found)
