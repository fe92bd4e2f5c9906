"""Explanations against the decisions they explain, and fees against their parts."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.distribution import QuantileGrid, quantile_line
from jobs.underwriting.eligibility import evaluate
from jobs.underwriting.explanation import (
    Account,
    as_plain,
    changes,
    explain_account,
)
from jobs.underwriting.guarded_offers import Inputs, guarded_offers
from jobs.underwriting.letter import (
    CAPS,
    DECLINED,
    HOLDS_AND_SETTLES,
    NO_OTHER,
    OFFERED,
    SETTLES,
    WAIVES,
    WOULD_SETTLE,
    letter,
)
from jobs.underwriting.money import format_minor
from jobs.underwriting.policy import Policy
from jobs.underwriting.pricing import Collections, Costs, fee_parts, owed_for_advance
from jobs.underwriting.reason_texts import LOCALES, NEUTRAL, REASON_TEXTS, Locale
from jobs.underwriting.stored import Stored
from jobs.underwriting.wording import date, percent

from .builders import (
    AS_OF_DATE,
    DAILY,
    HORIZONS,
    REFILLABLE,
    YEN,
    book,
    grid,
    health,
    open_offer,
    policy,
)

SANCTIONED = {"sanctions_outcome": "failed"}
NO_FINDINGS = pd.DataFrame(columns=["seller_id", "currency_code", "verdict"], dtype=str)
#: What 1,000.00 a day four weeks ago limits the size to: a fifth of it.
PAST = grid([20_000.0])


def plain(frame: pd.DataFrame, row: int, health_rows: pd.DataFrame) -> list[Any]:
    """Return one seller's rows of a frame as the warehouse gives them."""
    seller = health_rows["seller_id"].iloc[row]
    mine = frame[frame["seller_id"] == seller]
    return list(pa.Table.from_pandas(mine, preserve_index=False).to_pylist())


def finding(verdict: str, seller_id: str = "anna") -> pd.DataFrame:
    """Return the guard's finding of a seller whose sales were a fifth before."""
    evidence = {"name": "repayable_28_days_minor", "value": 9, "threshold": 2}
    row = {
        "seller_id": seller_id,
        "currency_code": "EUR" if seller_id == "anna" else "JPY",
        "verdict": verdict,
        "evidence": json.dumps([evidence]),
        "repayable_91_days_before_minor": 1_820_000,
        "repayable_364_days_before_minor": 7_280_000,
    }
    return pd.DataFrame([row])


def explained(
    rows: pd.DataFrame,
    row: int = 0,
    sales: QuantileGrid | None = None,
    rules: Policy | None = None,
    **given: Any,  # noqa: ANN401 - frames and lists
) -> Account:
    """Decide and price these sellers, and explain the one in that row.

    Given may be the offers open ``before``, the guard's ``findings``, and what is
    stored in the place of what was made.
    """
    before, findings = given.pop("before", None), given.pop("findings", NO_FINDINGS)
    rules, sales = rules or policy(), sales or grid(DAILY)
    evaluation = evaluate(rows, rules, AS_OF_DATE)
    decisions = evaluation.decisions
    places = np.flatnonzero(decisions["outcome"] == "eligible")
    eligible = rows.iloc[places].reset_index(drop=True)
    past = PAST if (findings["verdict"] == "limit").any() else None
    inputs = Inputs(eligible, sales.take(places), book(rows, before), findings, past)
    offers = guarded_offers(inputs, rules, AS_OF_DATE)
    stored: dict[str, Any] = {
        "reasons": plain(evaluation.reasons, row, rows),
        "evaluations": plain(offers.evaluations, row, rows),
        "offers": plain(offers.offers, row, rows),
        "open_offers": plain(offers.open_offers, row, rows),
        "finding": next(iter(plain(findings, row, rows)), None),
        "past": past,
    } | given
    (decision,) = plain(decisions, row, rows)
    mine = sales.take(slice(row, row + 1))
    return explain_account(
        Stored(decision=decision, grid=mine, **stored), rules, AS_OF_DATE
    )


class TestFeeParts:
    """A fee is the sum of what it pays for."""

    @given(
        st.tuples(st.integers(100, 10**9), st.integers(100, 10**9)),
        st.floats(min_value=0.0, max_value=1.5),
        st.floats(min_value=1.0, max_value=3.0),
        st.integers(0, 10_000),
    )
    @settings(max_examples=60)
    def test_parts_add_up_to_the_fee_exactly(
        self, advances: tuple[int, int], spread: float, load: float, fixed: int
    ) -> None:
        """Whatever is advanced, in euros and yen: nothing is lost, nothing negative."""
        sales = Collections(quantile_line(grid(DAILY, spread)), HORIZONS, 0.10)
        costs = Costs(policy().pricing, np.full(2, load), np.full(2, float(fixed)))
        advance = np.array(advances)
        fee = advance // 20
        parts = fee_parts(sales, advance, fee, costs)
        paid_for = [
            parts.funding_minor,
            parts.expected_loss_minor,
            parts.servicing_minor,
            parts.margin_minor,
        ]
        assert (sum(paid_for) + parts.remainder_minor).tolist() == fee.tolist()
        assert min(part.min() for part in paid_for) >= 0

    def test_a_searched_fee_leaves_only_rounding(self) -> None:
        """Above the fee floor the four parts are the fee but for a few minor units."""
        sales = Collections(quantile_line(grid(DAILY, 0.5)), HORIZONS, 0.10)
        costs = Costs(policy().pricing, np.full(2, 1.5), np.full(2, 300.0))
        advance = np.array([700_000, 650_000])
        owed = owed_for_advance(sales, advance * 1.0, advance * 1.16, costs)
        fee = np.ceil(owed - advance).astype(np.int64)
        assert (fee > 0.045 * advance).all()
        remainder = fee_parts(sales, advance, fee, costs).remainder_minor
        assert all(0 <= left <= 5 for left in remainder.tolist())

    def test_the_fee_floor_shows_as_what_it_adds(self) -> None:
        """A small, quick advance is sold for more than its parts; the rest shows."""
        pricing = policy(("fee_floor_rate = 0.04", "fee_floor_rate = 0.08")).pricing
        sales = Collections(quantile_line(grid(DAILY, 0.1)), HORIZONS, 0.10)
        costs = Costs(pricing, np.full(2, 1.5), np.zeros(2))
        advance = np.array([50_000, 40_000])
        owed = owed_for_advance(sales, advance * 1.0, advance * 1.16, costs)
        fee = np.ceil(owed - advance - 1e-6).astype(np.int64)
        parts = fee_parts(sales, advance, fee, costs)
        assert fee.tolist() == [4_000, 3_200]
        assert (parts.remainder_minor > 0.03 * advance).all()


class TestRules:
    """Every rule shows, passed ones too."""

    def test_passed_and_failed_rules_show_with_their_numbers(self) -> None:
        """A seller of 56 days misses 34 more; nothing disagrees with what was kept."""
        account = explained(health({"tenure_days": 56}, YEN))
        by_code = {finding.code: finding for finding in account.rules}
        short = by_code["SHORT_HISTORY"]
        assert (short.value, short.threshold, short.distance) == (56, 90, 34)
        assert by_code["LOW_VOLUME"].is_passed
        assert changes(account) == ["SHORT_HISTORY: 34 more days"]
        assert account.disagreements == ()

    def test_a_stored_reason_that_no_rule_measures_shows(self) -> None:
        """A rule that is no more is explained as it was kept."""
        kept = {"reason_code": "EXPOSURE_LIMIT", "unit": "minor"}
        kept |= dict.fromkeys(("value", "threshold", "distance"), None)
        account = explained(health(), reasons=[kept])
        assert [finding.code for finding in account.failed] == ["EXPOSURE_LIMIT"]

    def test_another_verdict_than_stored_is_named(self) -> None:
        """An explanation says so where it would not decide the same."""
        account = explained(health({"tenure_days": 56}, YEN), reasons=[])
        said = "SHORT_HISTORY was passed when it was decided"
        assert account.disagreements == (said,)


class TestTiers:
    """Sizes, caps, and what another cap would give."""

    def test_the_smallest_cap_is_the_stored_size(self) -> None:
        """Recomputed caps agree with what sizing stored, in euros and in yen."""
        for row in (0, 1):
            account = explained(health(), row)
            assert len(account.tiers) == 3
            for tier in account.tiers:
                smallest = min(tier.caps, key=lambda cap: cap.advance_minor)
                assert smallest.advance_minor == tier.capped_advance_minor
                assert smallest.is_binding
                assert tier.offer is not None
                assert tier.rounded_advance_minor == tier.offer["advance_minor"]
                assert sum((tier.fee_parts or {}).values()) == tier.offer["fee_minor"]
            assert account.disagreements == ()

    def test_lifting_a_cap_gives_what_a_policy_without_it_offers(self) -> None:
        """The amount and fee named are those that pricing makes without the cap."""
        free = policy(("confidence_rate = 0.95 ", "confidence_rate = 0.001 "))
        for row in (0, 1):
            tier = explained(health(), row).tiers[0]
            other = explained(health(), row, rules=free).tiers[0]
            assert tier.lifted is not None
            assert tier.lifted.cap == "confidence"
            assert other.binding_cap == "sales_share"
            assert other.offer is not None
            made = (other.offer["advance_minor"], other.offer["fee_minor"])
            assert made == (tier.lifted.advance_minor, tier.lifted.fee_minor)

    def test_a_cap_of_the_whole_night_shows_the_stored_size(self) -> None:
        """A legal entity without room is named with the amount that it left."""
        tight = policy(
            (
                "entity_exposure_floor_minor = 5_000_000 ",
                "entity_exposure_floor_minor = 20_000 ",
            ),
            ("entity_book_share_rate = 0.02", "entity_book_share_rate = 0.5"),
        )
        indebted = {"seller_id": "carl", "legal_entity_id": "anna-gmbh"}
        rows = health({}, YEN, {**indebted, "open_advance_balance_minor": 900_000})
        tier = explained(rows, sales=grid([*DAILY, 10.0]), rules=tight).tiers[2]
        assert tier.binding_cap == "entity_exposure"
        (cap,) = (cap for cap in tier.caps if cap.name == "entity_exposure")
        assert cap.advance_minor == tier.capped_advance_minor
        assert tier.lifted is not None
        assert tier.lifted.advance_minor > cap.advance_minor

    @pytest.mark.parametrize(
        ("change", "daily", "code", "numbers"),
        [
            ({"tenure_days": 100}, 100_000.0, "SHORT_HISTORY", (100, 180, 80)),
            ({}, 1_500.0, "BELOW_MINIMUM_ADVANCE", None),
            ({}, 0.0, "REPAYMENT_UNLIKELY", (0.0, 0.95, 0.95)),
        ],
    )
    def test_a_refused_tier_says_by_how_much(
        self,
        change: dict[str, Any],
        daily: float,
        code: str,
        numbers: tuple[float, float, float] | None,
    ) -> None:
        """The reason of the half-year tier has its value, threshold and distance."""
        account = explained(health(change, YEN), sales=grid([daily, 100_000.0]))
        reason = account.tiers[1].reason
        assert reason is not None
        assert reason.code == code
        value, threshold, distance = reason.value, reason.threshold, reason.distance
        assert value is not None
        assert threshold is not None
        assert distance == threshold - value > 0
        assert numbers in (None, (value, threshold, distance))


class TestPastOffers:
    """Offers of earlier nights: those that hold, and those that the night ended."""

    @pytest.mark.parametrize("locale", LOCALES)
    def test_a_declined_seller_reads_that_its_offer_holds(self, locale: Locale) -> None:
        """In one sentence with its terms and last day, before why there is no other."""
        rows = health({"tenure_days": 56}, YEN)
        held = explained(rows, before=open_offer())
        holds, *rest = letter(held, locale)[1:-1]
        bare = letter(explained(rows), locale)[1:-1]
        (offer,) = held.holding
        assert (offer.fee_minor, offer.tonight) == (40_000, "none")
        for shown in (offer.advance_minor, offer.fee_minor, offer.owed_minor):
            assert format_minor(shown, "EUR", locale) in holds
        for day in (offer.opened_date, offer.expires_date):
            assert date(day, locale) in holds
        assert [DECLINED[locale], NO_OTHER[locale]] == [bare[0], rest[0]]
        assert bare[1:] == rest[1:]

    def test_an_offer_that_holds_stays_beside_tonights_terms(self) -> None:
        """The tier says what it would be; a longer one is compared with what holds."""
        free = explained(health())
        tonight, longer = free.tiers[0], free.tiers[1].rounded_advance_minor
        before = open_offer(advance_minor=longer, owed_minor=longer + 40_000)
        account = explained(health(), before=before)
        kept, close = account.tiers[:2]
        (offer,) = account.holding
        assert (kept.outcome, kept.offer, kept.reason) == ("kept", None, None)
        assert tonight.offer is not None
        terms = format_minor(tonight.offer["advance_minor"], "EUR")
        rate = percent(tonight.offer["fee_rate"], "en")
        assert offer.tonight == f"{terms} at {rate}: not better by 10%"
        assert close.reason is not None
        assert close.reason.code == "BELOW_MINIMUM_ADVANCE"
        assert close.reason.threshold == -(-longer * 11 // 50_000) * 5_000
        assert not [line for line in changes(account) if line.startswith("90 days")]
        assert account.disagreements == ()

    def test_who_only_has_what_holds_is_not_told_of_a_decline(self) -> None:
        """The letter of a yen seller whose offers all hold has them alone."""
        terms = [tier.target_term_days for tier in explained(health(), 1).tiers]
        of_yen = {"seller_id": "botan", "currency_code": "JPY"}
        amounts = {"advance_minor": 10**7, "owed_minor": 11 * 10**6}
        before = pd.concat(
            open_offer(**of_yen, **amounts, target_term_days=term, offer_id=str(term))
            for term in terms
        )
        account = explained(health(), 1, before=before)
        assert [tier.outcome for tier in account.tiers] == ["kept"] * 3
        assert len(letter(account, "ja")) == 5
        assert all("2026年11月21日" in text for text in letter(account, "ja")[1:-1])

    def test_an_ended_offer_is_listed_for_staff_alone(self) -> None:
        """Why it ended and what took its place show; the seller reads of the new."""
        before = open_offer(advance_minor=50_000, owed_minor=58_000, fee_rate=0.16)
        account = explained(health(), before=before)
        (past,) = account.past_offers
        offer = account.tiers[0].offer
        assert offer is not None
        told = (past.outcome, past.reason_code, past.superseded_by_offer_id)
        assert told == ("replaced", "BETTER_TERMS", offer["offer_id"])
        assert letter(account, "en") == letter(explained(health()), "en")


class TestGuardAndBudget:
    """Neither is a decline, and neither disagrees with what was stored."""

    def test_a_limited_size_is_the_guards(self) -> None:
        """Caps are as without the guard, prices as under it; the letter has a text."""
        free = explained(health())
        account = explained(health(), findings=finding("limit"))
        tier = account.tiers[0]
        assert (account.disagreements, tier.binding_cap) == ((), "unusual_sales")
        assert {cap.name: cap.advance_minor for cap in free.tiers[0].caps}.items() < {
            cap.name: cap.advance_minor for cap in tier.caps
        }.items()
        assert tier.offer is not None
        assert tier.fee_parts is not None
        assert 0 <= tier.fee_parts["remainder_minor"] <= 5
        assert tier.lifted is not None
        assert tier.lifted.advance_minor == free.tiers[0].rounded_advance_minor
        said = CAPS["unusual_sales"]["en"].format(days="90 days")
        assert letter(account, "en")[2].endswith(said)

    def test_a_held_seller_reads_that_a_person_looks(self) -> None:
        """Once, without a decline; staff sees the evidence, and what waits."""
        account = explained(health(), 1, findings=finding("review", "botan"))
        assert [tier.outcome for tier in account.tiers] == ["review"] * 3
        assert letter(account, "ja")[1:-1] == [
            REASON_TEXTS["UNUSUAL_SALES", "flag"]["ja"]
        ]
        assert as_plain(account)["unusual"] == {
            "verdict": "review",
            "evidence": (
                {"name": "repayable_28_days_minor", "value": 9, "threshold": 2},
            ),
        }
        said = changes(account)
        assert said[0] == "90 days, UNUSUAL_SALES: a person has to look"
        assert said[1].startswith("90 days, without unusual_sales: ¥")
        assert account.disagreements == ()

    def test_a_lost_place_names_the_nights_budget(self) -> None:
        """Staff reads the currency's budget, the seller that it is not about them."""
        tight = policy(
            ("nightly_budget_minor = 320_000_000", "nightly_budget_minor = 90_000")
        )
        euro, yen = (explained(health(), row, rules=tight) for row in (0, 1))
        assert letter(euro, "en")[1] == OFFERED["en"]
        assert letter(yen, "es")[1:-1] == [
            DECLINED["es"],
            REASON_TEXTS["BUDGET_EXHAUSTED", "minor"]["es"],
        ]
        reason = yen.tiers[0].reason
        assert reason is not None
        assert (reason.category, reason.threshold) == ("budget", 90_000)
        assert changes(yen)[0].startswith(
            "90 days, BUDGET_EXHAUSTED: no place in the night's 90,000 JPY, or"
        )


class TestLetter:
    """What a seller reads, and what it never does."""

    def test_an_internal_reason_leaves_no_trace(self) -> None:
        """With another reason the letter is as without it; alone it says nothing."""
        young = {"tenure_days": 56}
        both = explained(health({**young, **SANCTIONED}, YEN))
        other = explained(health(young, YEN))
        alone = explained(health(SANCTIONED, YEN))
        assert {"SHORT_HISTORY", "SANCTIONS_UNRESOLVED"} == {
            finding.code for finding in both.failed
        }
        for locale in LOCALES:
            assert letter(both, locale) == letter(other, locale)
            assert letter(alone, locale)[1:-1] == [NEUTRAL[locale]]

    def test_staff_sees_it_marked(self) -> None:
        """The machine-readable form has the internal rule, and no text for a seller."""
        told = as_plain(explained(health(SANCTIONED, YEN)))
        (rule,) = (rule for rule in told["rules"] if not rule["is_passed"])
        assert rule["code"] == "SANCTIONS_UNRESOLVED"
        assert rule["is_internal"]
        assert rule["seller_text"] is None

    def test_faulty_data_tells_nothing_else(self) -> None:
        """What was measured on faulty data is not told as a fault of the seller."""
        faulty = {"quarantined_91_days_count": 4, "tenure_days": 56}
        account = explained(health({}, {**YEN, **faulty}), 1)
        expected = REASON_TEXTS["HISTORY_INCOMPLETE", "count"]["ja"]
        assert account.outcome == "not_assessed"
        assert letter(account, "ja")[2:-1] == [expected]

    def test_an_offer_says_terms_and_what_set_them(self) -> None:
        """Amounts, share, days and date stand in the letter, in its language."""
        account = explained(health(), 1)
        text = letter(account, "fr")[2]
        tier = account.tiers[0]
        assert tier.offer is not None
        assert f"{tier.offer['advance_minor']:,}".replace(",", "\u202f") in text
        assert "1 décembre 2026" in text
        assert "en 90\N{NO-BREAK SPACE}jours avec une certitude de 95" in text

    @pytest.mark.parametrize("locale", LOCALES)
    def test_a_refill_tells_what_it_settles(self, locale: Locale) -> None:
        """What is left, the old fee in it and what is paid out; a discount if any."""
        free, half = "discount_rate = 0.0", "discount_rate = 0.5"
        rows = health(REFILLABLE, {**YEN, **REFILLABLE})
        full = explained(rows, 1)
        waived = explained(rows, 1, rules=policy((free, half)))
        for account, amounts in ((full, (20_000,)), (waived, (10_000, 10_000))):
            text = letter(account, locale)[2]
            offer = account.tiers[0].offer or {}
            for amount in (220_000, offer["net_advance_minor"], *amounts):
                assert format_minor(amount, "JPY", locale) in text
        waives = WAIVES[locale].format(discount=format_minor(10_000, "JPY", locale))
        assert waives in letter(waived, locale)[2]
        assert waives not in letter(full, locale)[2]
        plain_offer = letter(explained(health(), 1), locale)[2]
        assert SETTLES[locale].split("{")[0] not in plain_offer

    def test_too_little_to_settle_the_old_advance_says_so(self) -> None:
        """Repaying helps as much as higher sales do."""
        owing = {**REFILLABLE, "open_advance_balance_minor": 10**7}
        text = letter(explained(health(owing, YEN)), "en")
        wanted = WOULD_SETTLE["en"].format(withheld="€100,000.00")
        assert sum(wanted in paragraph for paragraph in text) == 3
        assert wanted not in " ".join(letter(explained(health(owing, YEN), 1), "en"))

    def test_an_offer_that_holds_tells_that_it_settles(self) -> None:
        """How much is not known before the seller accepts."""
        held = open_offer(refilled_advance_id="advance-1", advance_minor=10**7)
        text = letter(explained(health(REFILLABLE, YEN), before=held), "en")
        assert HOLDS_AND_SETTLES["en"] in " ".join(text)
