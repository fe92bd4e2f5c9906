"""Refills: what an offer settles, who may be made one, and whom it leaves alone."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.audit import audit_offers
from jobs.underwriting.eligibility import evaluate
from jobs.underwriting.health import as_json, from_json
from jobs.underwriting.offers import Offers
from jobs.underwriting.policy import Policy
from jobs.underwriting.promise import review
from jobs.underwriting.refills import REFILL_COLUMNS, refill_terms, settled_by

from .builders import (
    AS_OF_DATE,
    DAILY,
    NO_REASONS,
    REFILLABLE,
    WRITTEN_OFF,
    YEN,
    grid,
    health,
    offered,
    open_offer,
    policy,
    unbound,
)

NO_REFILLS = policy().model_copy(update={"refills": None})
#: Half of the old fee is waived.
GENEROUS = policy(("old_fee_discount_rate = 0.0", "old_fee_discount_rate = 0.5"))
#: Both sellers of the builders have an advance that could be settled.
BOTH = health(REFILLABLE, {**YEN, **REFILLABLE, "refillable_advance_id": "advance-2"})


def outcome(rows: pd.DataFrame, rules: Policy | None = None) -> list[str]:
    """Return what is decided about each seller."""
    decided = evaluate(rows, rules or policy(), AS_OF_DATE).decisions
    return decided["outcome"].tolist()


def of_seller(found: Offers, seller_id: str) -> pd.DataFrame:
    """Return the offers opened to one seller."""
    offers = found.offers
    return offers[offers["seller_id"] == seller_id].reset_index(drop=True)


class TestTerms:
    """What an offer settles and pays out."""

    def test_the_old_balance_is_withheld_from_the_same_advance(self) -> None:
        """Size and price are those without one; a fifth of its fee is left."""
        found, free = offered(BOTH, grid(DAILY)).offers, offered(health(), grid(DAILY))
        terms = ["advance_minor", "fee_minor", "repayment_p50_days"]
        pd.testing.assert_frame_equal(found[terms], free.offers[terms])
        assert found["refilled_advance_id"].tolist() == 3 * ["advance-1"] + 3 * [
            "advance-2"
        ]
        paid_out = (found["advance_minor"] - 220_000).tolist()
        assert found["net_advance_minor"].tolist() == paid_out
        assert set(found["settled_fee_minor"]) == {20_000}
        assert free.offers[list(REFILL_COLUMNS)].isna().all(axis=None)

    def test_a_discount_waives_a_share_of_the_old_fee(self) -> None:
        """Half of 200.00 is paid out more, and no fee is paid on it."""
        full, half = (
            offered(BOTH, grid(DAILY), rules).offers for rules in (None, GENEROUS)
        )
        assert set(half["discount_minor"]) == {10_000} == set(half["settled_fee_minor"])
        more = half["net_advance_minor"] - full["net_advance_minor"]
        assert set(more) == {10_000}
        dipped = 10_000 * half["fee_minor"] / half["advance_minor"]
        assert half["fee_on_old_fee_minor"].tolist() == np.ceil(dipped).tolist()

    @given(
        balance=st.integers(1, 10**10),
        repaid=st.integers(0, 10**10),
        rates=st.tuples(st.integers(1, 16), st.integers(1, 16)),
        advance=st.integers(1, 10**10),
        share=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    )
    def test_amounts_are_those_of_exact_fractions(
        self,
        balance: int,
        repaid: int,
        rates: tuple[int, int],
        advance: int,
        share: float,
    ) -> None:
        """Old fee and fee on it are rounded up, the discount down, for any amounts."""
        owed = balance + repaid
        old_fee, fee = owed * rates[0] // 100, advance * rates[1] // 100
        rows = health(
            {
                **REFILLABLE,
                "open_advance_balance_minor": balance,
                "refillable_fee_minor": old_fee,
                "refillable_owed_minor": owed,
            }
        )
        rules = policy(
            ("old_fee_discount_rate = 0.0", f"old_fee_discount_rate = {share}")
        )
        settled = settled_by(rows, rules)
        found = refill_terms(settled, np.array([advance]), np.array([fee]))
        unpaid = ceil(Fraction(balance * old_fee, owed))
        waived = floor(unpaid * Fraction(share))
        dipped = ceil(Fraction((unpaid - waived) * fee, advance))
        terms = [balance, waived, advance - balance + waived, unpaid - waived, dipped]
        assert [int(found[name].iloc[0]) for name in REFILL_COLUMNS[1:]] == terms

    def test_another_balance_is_another_offer(self) -> None:
        """An id holds what is settled, because that never changes either."""
        less = {**REFILLABLE, "open_advance_balance_minor": 219_999}
        ids = [
            set(offered(health(row), grid(DAILY[:1])).offers["offer_id"])
            for row in (REFILLABLE, less, {})
        ]
        assert len(set.union(*ids)) == 9

    def test_what_a_night_stored_settles_the_same(self) -> None:
        """Inputs read back make the same offers, and older ones name no advance."""
        again = from_json(as_json(BOTH))
        found = [offered(rows, grid(DAILY)).offers for rows in (BOTH, again)]
        pd.testing.assert_frame_equal(*found)
        older = BOTH.drop(columns=[name for name in BOTH if "refillable" in name])
        assert not settled_by(older, policy()).is_refill.any()
        assert outcome(older) == ["declined", "declined"]


class TestEligibility:
    """Who may be made an offer while an advance is open."""

    @pytest.mark.parametrize(
        ("changes", "rules", "decided"),
        [
            ({"open_advance_repaid_rate": 0.75}, None, "eligible"),
            ({"open_advance_repaid_rate": 0.7499}, None, "declined"),
            ({"refillable_advance_id": None}, None, "declined"),
            ({"has_missed_minimum": True}, None, "declined"),
            ({"open_advance_repaid_rate": 0.99}, NO_REFILLS, "declined"),
        ],
    )
    def test_from_the_share_of_the_policy_on(
        self, changes: dict[str, Any], rules: Policy | None, decided: str
    ) -> None:
        """Where an offer could settle the advance, and no minimum was missed."""
        rows = health({**REFILLABLE, **changes}, {**YEN, **REFILLABLE, **changes})
        assert outcome(rows, rules) == [decided, decided]

    def test_a_write_off_is_never_settled(self) -> None:
        """However much of it is repaid, but for all."""
        nearly = {**WRITTEN_OFF, "open_advance_repaid_rate": 0.99}
        assert outcome(health(nearly, YEN)) == ["declined", "eligible"]

    def test_less_than_the_smallest_advance_is_not_paid_out(self) -> None:
        """5,900.00 settle 5,700.00 and pay out 200.00; of one cent more they do not."""
        (most,) = offered(health(), grid(DAILY)).offers["advance_minor"].head(1)
        tiers = []
        for balance in (most - 20_000, most - 19_999):
            row = {**REFILLABLE, "open_advance_balance_minor": balance}
            found = offered(health(row, YEN), grid(DAILY))
            tiers.append(found.evaluations["reason_code"].iloc[0])
            net = found.offers["net_advance_minor"].dropna()
            assert (net >= 20_000).all()
        assert pd.isna(tiers[0])
        assert tiers[1] == "BELOW_MINIMUM_ADVANCE"


class TestCaps:
    """What a refill counts for under the caps of the night."""

    def test_only_what_is_above_the_old_balance_is_new(self) -> None:
        """An entity that owes all it may is offered as much again, and no more."""
        owed = offered(health(), grid(DAILY)).offers["owed_minor"].max()
        floor_minor = "entity_exposure_floor_minor = {}"
        low = policy((floor_minor.format("5_000_000"), floor_minor.format(owed)))
        row = {**REFILLABLE, "open_advance_balance_minor": 1_000_000}
        sister = {"seller_id": "berta", "open_advance_count": 0}
        alone = offered(health(row), grid(DAILY[:1]), low)
        assert alone.offers["owed_minor"].max() == owed
        held = health(row, {**sister, "open_advance_balance_minor": 100_000})
        found = offered(held.iloc[:1], grid(DAILY[:1]), low, held)
        assert found.offers["owed_minor"].max() <= owed - 100_000
        assert found.offers["owed_minor"].max() > 1_000_000

    def test_a_budget_is_spent_by_what_is_paid_out(self) -> None:
        """What comes back at once from the old advance asks for no money."""
        most = offered(health({}), grid(DAILY[:1])).offers["advance_minor"].max()
        sellers = []
        for budget in (most - 220_000, most - 220_001):
            euros = f"nightly_budget_minor = {budget}"
            rules = policy(("nightly_budget_minor = 200_000_000", euros))
            sellers.append(set(offered(BOTH, grid(DAILY), rules).offers["seller_id"]))
        assert sellers == [{"anna", "botan"}, {"botan"}]

    @given(
        daily=st.lists(st.floats(1e4, 1e6), min_size=4, max_size=4),
        balances=st.lists(st.integers(1, 10**7), min_size=2, max_size=2),
    )
    @settings(max_examples=25, deadline=None)
    def test_who_owes_nothing_sees_the_same_offers(
        self, daily: list[float], balances: list[int]
    ) -> None:
        """Whether or not others are offered refills, down to the id of each offer."""
        names = [("anna", {}), ("botan", YEN), ("carl", {}), ("daiki", YEN)]
        rows = health(
            *(
                {
                    **row,
                    "seller_id": name,
                    "legal_entity_id": name,
                    "repayable_91_days_minor": int(91 * sales),
                    "repayable_364_days_minor": int(364 * sales),
                    **(REFILLABLE if place > 1 else {}),
                    "open_advance_balance_minor": balances[place - 2] * (place > 1),
                }
                for place, ((name, row), sales) in enumerate(
                    zip(names, daily, strict=True)
                )
            )
        )
        with_refills = offered(rows, grid(daily), unbound())
        plain = NO_REFILLS.model_copy(update={"portfolio": None})
        owing_nothing = rows.iloc[:2]
        without = offered(owing_nothing, grid(daily[:2]), plain, rows)
        for name in ("anna", "botan"):
            pd.testing.assert_frame_equal(
                of_seller(with_refills, name), of_seller(without, name)
            )


class TestPromise:
    """What becomes of open offers where an advance is owed."""

    @pytest.mark.parametrize(
        ("refilled", "owing", "outcome", "code"),
        [
            ("advance-1", REFILLABLE, "kept", None),
            ("advance-1", {}, "kept", None),
            ("advance-1", WRITTEN_OFF, "withdrawn", "ADVANCE_OWED"),
            ("advance-0", REFILLABLE, "withdrawn", "ADVANCE_OWED"),
            (None, REFILLABLE, "withdrawn", "ADVANCE_OWED"),
            (None, {}, "kept", None),
        ],
    )
    def test_an_offer_holds_where_it_settles_all_that_is_owed(
        self,
        refilled: str | None,
        owing: dict[str, Any],
        outcome: str,
        code: str | None,
    ) -> None:
        """So that nobody comes to have two advances of a currency."""
        offers = open_offer(refilled_advance_id=refilled)
        row = review(offers, NO_REASONS, AS_OF_DATE, health(owing, YEN)).iloc[0]
        assert row["outcome"] == outcome
        assert row["reason_code"] == code or pd.isna(row["reason_code"])

    def test_a_promise_and_the_balance_it_settles_count_once(self) -> None:
        """The sister of a seller with a refill of 7,400.00 has the rest of the room."""
        low = policy(("floor_minor = 5_000_000", "floor_minor = 1_500_000"))
        rows = health(REFILLABLE, {"seller_id": "berta"})
        held = open_offer(refilled_advance_id="advance-1", target_term_days=270)
        found = offered(rows.iloc[1:], grid(DAILY[:1]), low, rows, held)
        assert 700_000 < found.offers["owed_minor"].max() <= 1_500_000 - 740_000


@pytest.mark.parametrize(
    ("column", "says"),
    [
        ("net_advance_minor", "pays out its advance less what it settles"),
        ("settled_balance_minor", "pays out its currency's smallest advance"),
    ],
)
def test_a_wrong_refill_is_named(column: str, says: str) -> None:
    """The audit works out again what is paid out."""
    found = offered(BOTH, grid(DAILY)).offers
    found = found.assign(policy_version=policy().policy_version)
    assert audit_offers(found, BOTH, policy(), AS_OF_DATE) == []
    found.loc[4, column] = 10**8
    said = audit_offers(found, BOTH, policy(), AS_OF_DATE)
    (named,) = (sentence for sentence in said if says in sentence)
    assert named.endswith(found["offer_id"][4])
