"""The validity promise: what ends an open offer, what does not, over many nights."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from jobs.underwriting.offers import (
    OPEN_OFFER_COLUMNS,
    Book,
    make_offers,
    no_open_offers,
)
from jobs.underwriting.promise import EVENTS, review
from jobs.underwriting.reasons import REASONS
from jobs.underwriting.rules import open_advance_not_paid_down

from .builders import (
    AS_OF_DATE,
    DAILY,
    NO_REASONS,
    YEN,
    grid,
    health,
    offered,
    open_offer,
    policy,
)

LIFE = policy().offers.life_days
STANDING = [each.code for each in REASONS if each.category == "standing"]
CREDIT = [each.code for each in REASONS if each.category == "credit"]
ACCOUNT = ["seller_id", "currency_code"]
_EXAMPLE_STEPS = 50


def failed(code: str, seller_id: str = "anna") -> pd.DataFrame:
    """Return one failed rule of a euro seller."""
    return pd.DataFrame(
        [{"seller_id": seller_id, "currency_code": "EUR", "reason_code": code}]
    )


def ending(offers: pd.DataFrame, reasons: pd.DataFrame = NO_REASONS) -> tuple[str, Any]:
    """Return outcome and reason of the first offer."""
    row = review(offers, reasons, AS_OF_DATE, health()).iloc[0]
    return row["outcome"], row["reason_code"] if pd.notna(row["reason_code"]) else None


class TestEvents:
    """What ends an offer."""

    def test_reasons_of_standing_end_it_and_no_others_do(self) -> None:
        """Worse sales do not take back what was promised; a closed account does."""
        for code in STANDING:
            assert ending(open_offer(), failed(code)) == ("withdrawn", code)
        for code in (*CREDIT, "DATA_STALE", "HISTORY_INCOMPLETE"):
            assert ending(open_offer(), failed(code)) == ("kept", None)
        assert ending(open_offer(), failed(STANDING[0], "botan")) == ("kept", None)

    def test_an_acceptance_ends_it_and_its_siblings(self) -> None:
        """One advance at a time in a currency."""
        own = open_offer(accepted_offer_id="old")
        assert ending(own, failed("KYB_INCOMPLETE")) == ("accepted", None)
        other = open_offer(accepted_offer_id="another")
        assert ending(other) == ("withdrawn", "ADVANCE_ACCEPTED")

    def test_the_day_after_its_last_ends_it(self) -> None:
        """It can be taken on its last day."""
        night = pd.Timestamp(AS_OF_DATE)
        assert ending(open_offer(expires_date=night)) == ("kept", None)
        past = night - pd.Timedelta(days=1)
        assert ending(open_offer(expires_date=past)) == ("expired", None)

    def test_the_older_of_two_in_a_tier_gives_way(self) -> None:
        """An earlier night that was run again may have opened a second one."""
        newer = open_offer(offer_id="new", opened_date=pd.Timestamp(AS_OF_DATE))
        offers = pd.concat([newer, open_offer()])
        both = review(offers, NO_REASONS, AS_OF_DATE, health())
        assert both["outcome"].tolist() == ["replaced", "kept"]
        assert both["superseded_by_offer_id"].tolist()[0] == "new"


class TestBetterTerms:
    """What takes the place of an offer that holds."""

    def tonight(self, **changes: Any) -> tuple[str, Any, str]:  # noqa: ANN401
        """Return what becomes of anna's old offer and of her 90-day tier."""
        found = offered(health(), grid(DAILY), open_offers=open_offer(**changes))
        old = found.open_offers.iloc[0]
        tier = found.evaluations.iloc[0]
        assert (tier["seller_id"], tier["target_term_days"]) == ("anna", 90)
        return old["outcome"], old["reason_code"], tier["outcome"]

    def test_an_advance_larger_by_a_tenth_replaces_it(self) -> None:
        """Tonight's terms with a ninth less of an advance are clearly worse."""
        new = offered(health(), grid(DAILY)).offers.iloc[0]
        terms = {"fee_rate": new["fee_rate"], "owed_minor": 1}
        smaller = int(new["advance_minor"] / 1.1)
        found = self.tonight(advance_minor=smaller, **terms)
        assert found == ("replaced", "BETTER_TERMS", "offered")
        found = self.tonight(advance_minor=smaller + 5_000, **terms)
        assert (found[0], found[2]) == ("kept", "kept")

    def test_nothing_may_be_worse(self) -> None:
        """A larger advance at a higher fee rate is no better offer."""
        new = offered(health(), grid(DAILY)).offers.iloc[0]
        half = int(new["advance_minor"] / 2)
        found = self.tonight(advance_minor=half, fee_rate=new["fee_rate"] - 1e-6)
        assert (found[0], found[2]) == ("kept", "kept")

    def test_the_last_day_lets_any_terms_follow(self) -> None:
        """On its last night an offer gives way, linked, and leaves no gap."""
        last = {"expires_date": pd.Timestamp(AS_OF_DATE), "advance_minor": 10**8}
        assert self.tonight(**last) == ("replaced", "LAST_DAY", "offered")

    def test_a_longer_offer_beside_a_kept_one_advances_more(self) -> None:
        """A tier is not opened that advances less than a shorter offer that holds."""
        found = offered(
            health(), grid(DAILY), open_offers=open_offer(advance_minor=10**8)
        ).evaluations
        anna = found[found["seller_id"] == "anna"]
        assert anna["outcome"].tolist() == ["kept", "declined", "declined"]
        assert set(anna["reason_code"][1:]) == {"BELOW_MINIMUM_ADVANCE"}


@dataclass
class Advance:
    """One advance that is owed: what was at first and what is left."""

    advance_id: str
    fee_minor: int
    owed_minor: int
    balance_minor: int
    is_written_off: bool = False

    @property
    def repaid_rate(self) -> float:
        """Return the share that is repaid."""
        return 1 - self.balance_minor / self.owed_minor


@dataclass
class Ledger:
    """All that happened: offers opened, what ended them, advances accepted."""

    offers: list[dict[str, Any]] = field(default_factory=list)
    ended: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    accepted: dict[tuple[str, str], str] = field(default_factory=dict)
    advances: dict[tuple[str, str], Advance] = field(default_factory=dict)

    def open_at(self, night: dt.date) -> list[dict[str, Any]]:
        """Return the offers that a seller can accept at the end of that day."""
        return [
            offer
            for offer in self.offers
            if offer["offer_id"] not in self.ended
            and offer["expires_date"] >= pd.Timestamp(night)
            and (offer["seller_id"], offer["currency_code"]) not in self.accepted
        ]


SELLERS: tuple[dict[str, Any], ...] = (
    {},
    YEN,
    {"seller_id": "carl", "legal_entity_id": "anna-gmbh", "country_code": "FR"},
    {**YEN, "seller_id": "daiki", "legal_entity_id": "botan-kk"},
)


class Nights(RuleBasedStateMachine):
    """Random nights, acceptances, restrictions and payoffs of four sellers."""

    def __init__(self) -> None:
        """Begin with an empty ledger on the builders' night."""
        super().__init__()
        self.ledger = Ledger()
        self.night = AS_OF_DATE
        self.barred: dict[str, str] = {}
        self.openings: list[pd.DataFrame] = []
        self.over: list[str] = []
        self.written_off: set[tuple[str, str]] = set()

    @rule(
        passed=st.integers(1, 12),
        level=st.lists(st.sampled_from([0.0, 2e3, 1e4, 1e5, 1.1e5, 9e5]), min_size=4),
        codes=st.lists(st.sampled_from([*CREDIT[:3], None, None, None]), min_size=4),
    )
    def run_a_night(self, passed: int, level: list[float], codes: list[Any]) -> None:
        """Run a night some days later, with new sales and new failed rules."""
        self.night += dt.timedelta(days=passed)
        rows = self.health(level)
        reasons = self.reasons(rows, codes[:4])
        before = self.open_offers()
        reviewed = review(before, reasons, self.night, rows)
        eligible = ~rows["seller_id"].isin(reasons["seller_id"])
        book = Book(rows, reviewed)
        sales = grid(level[:4]).take(np.flatnonzero(eligible))
        found = make_offers(rows[eligible], sales, policy(), self.night, book)
        self.check_exposure(rows, reviewed, found.offers)
        for row in found.open_offers.to_dict("records"):
            if row["outcome"] != "kept":
                code = row["reason_code"] if pd.notna(row["reason_code"]) else None
                self.ledger.ended[row["offer_id"]] = (row["outcome"], code)
            if row["outcome"] == "replaced":
                self.ledger.links[row["offer_id"]] = row["superseded_by_offer_id"]
        self.ledger.offers += found.offers.to_dict("records")
        self.ledger.accepted.clear()
        self.written_off.clear()

    @rule(place=st.integers(0, 30))
    def accept(self, place: int) -> None:
        """Accept an open offer: an advance in the place of what it settles, if any.

        Only what was written off since the night may be left to owe, and is refused.
        """
        offers = self.ledger.open_at(self.night)
        if offers:
            offer = offers[place % len(offers)]
            account = (offer["seller_id"], offer["currency_code"])
            assert offer["offer_id"] not in self.ledger.ended
            owing = self.ledger.advances.get(account)
            if owing and account in self.written_off:
                return
            assert owing is None or owing.advance_id == offer["refilled_advance_id"]
            if owing:
                paid_out = offer["advance_minor"] - owing.balance_minor
                assert paid_out >= offer["net_advance_minor"] > 0
            self.ledger.accepted[account] = offer["offer_id"]
            self.ledger.advances[account] = Advance(
                f"advance of {offer['offer_id']}",
                offer["fee_minor"],
                offer["owed_minor"],
                offer["owed_minor"],
            )

    @rule(
        seller=st.sampled_from([each.get("seller_id", "anna") for each in SELLERS]),
        share=st.sampled_from([0.5, 0.8, 0.95, 1.0, 1.0]),
    )
    def repay(self, seller: str, share: float) -> None:
        """Pay back a share of what a seller owes, or everything."""
        for account, advance in list(self.ledger.advances.items()):
            if account[0] == seller:
                advance.balance_minor -= int(advance.balance_minor * share)
                if not advance.balance_minor:
                    del self.ledger.advances[account]

    @rule(passed=st.integers(1, 12), sales=st.sampled_from([2e4, 1e5, 9e5]))
    def pay_down(self, passed: int, sales: float) -> None:
        """Repay four fifths of everything and sell well until the night."""
        for each in SELLERS:
            self.repay(each.get("seller_id", "anna"), 0.8)
        self.run_a_night(passed, [sales] * 4, [None] * 4)

    @rule(seller=st.sampled_from([each.get("seller_id", "anna") for each in SELLERS]))
    def write_off(self, seller: str) -> None:
        """Write off what a seller owes, which is owed all the same."""
        for account, advance in self.ledger.advances.items():
            if account[0] == seller:
                advance.is_written_off = True
                self.written_off.add(account)

    @rule(
        seller=st.sampled_from([each.get("seller_id", "anna") for each in SELLERS]),
        code=st.sampled_from([None, *STANDING]),
    )
    def change_standing(self, seller: str, code: str | None) -> None:
        """Let a restriction come or go."""
        self.barred.pop(seller, None)
        if code:
            self.barred[seller] = code

    @invariant()
    def one_open_offer_a_tier(self) -> None:
        """Never two open offers for one seller, currency and tier."""
        tiers = [
            (offer["seller_id"], offer["currency_code"], offer["target_term_days"])
            for offer in self.ledger.open_at(self.night)
        ]
        assert len(tiers) == len(set(tiers))

    @invariant()
    def every_end_is_a_listed_event(self) -> None:
        """Find a listed event behind every offer that ended before its last day."""
        for outcome, code in self.ledger.ended.values():
            if outcome in {"accepted", "expired"}:
                assert code is None
            else:
                assert code in {*EVENTS, *STANDING}
                taken_back = {*STANDING, "ADVANCE_ACCEPTED", "ADVANCE_OWED"}
                assert (outcome == "replaced") == (code not in taken_back)

    @invariant()
    def links_lead_to_the_next_offer_of_the_tier(self) -> None:
        """Supersession leads from each replaced offer to one later offer, once."""
        known = {offer["offer_id"]: offer for offer in self.ledger.offers}
        assert len(set(self.ledger.links.values())) == len(self.ledger.links)
        for old, new in self.ledger.links.items():
            for name in (*ACCOUNT, "target_term_days"):
                assert known[old][name] == known[new][name]
            assert known[old]["as_of_date"] < known[new]["as_of_date"]

    @invariant()
    def exposure_caps_hold(self) -> None:
        """No night opened an offer that took an entity above its limit."""
        assert self.over == []

    def health(self, level: list[float]) -> pd.DataFrame:
        """Return the rows of the night, with what is open of each seller."""
        rows = health(
            *(
                {
                    **each,
                    "as_of_date": pd.Timestamp(self.night),
                    "data_as_of": pd.Timestamp(self.night),
                    "repayable_91_days_minor": int(91 * sales),
                    "repayable_364_days_minor": int(364 * sales),
                }
                for each, sales in zip(SELLERS, level, strict=False)
            )
        )
        for row, account in enumerate(rows[ACCOUNT].apply(tuple, axis=1)):
            owing = self.ledger.advances.get(account)
            if owing:
                rows.loc[row, "open_advance_count"] = 1
                rows.loc[row, "open_advance_balance_minor"] = owing.balance_minor
                rows.loc[row, "open_advance_repaid_rate"] = owing.repaid_rate
            if owing and not owing.is_written_off:
                rows.loc[row, "refillable_advance_id"] = owing.advance_id
                rows.loc[row, "refillable_fee_minor"] = owing.fee_minor
                rows.loc[row, "refillable_owed_minor"] = owing.owed_minor
        return rows

    def reasons(self, rows: pd.DataFrame, codes: list[Any]) -> pd.DataFrame:
        """Return failed rules: credit as drawn, standing as it is, open advances."""
        found = []
        is_paid_down = open_advance_not_paid_down(rows, policy(), self.night).passed
        for row, code, is_paid in zip(
            rows.to_dict("records"), codes, is_paid_down, strict=True
        ):
            for each in (
                code,
                self.barred.get(row["seller_id"]),
                None if is_paid else "OPEN_ADVANCE_NOT_PAID_DOWN",
            ):
                if each:
                    key = {name: row[name] for name in ACCOUNT}
                    found.append({**key, "reason_code": each})
        return pd.DataFrame(found) if found else NO_REASONS

    def open_offers(self) -> pd.DataFrame:
        """Return what the night reads of the ledger."""
        found = [
            {
                **offer,
                "opened_date": offer["as_of_date"],
                "accepted_offer_id": self.ledger.accepted.get(
                    (offer["seller_id"], offer["currency_code"])
                ),
            }
            for offer in self.ledger.offers
            if offer["offer_id"] not in self.ledger.ended
        ]
        if not found:
            return no_open_offers()
        frame = pd.DataFrame(found)[list(OPEN_OFFER_COLUMNS)]
        texts = ("refilled_advance_id", "accepted_offer_id")
        return frame.astype(dict.fromkeys(texts, "str"))

    def check_exposure(
        self, rows: pd.DataFrame, reviewed: pd.DataFrame, offers: pd.DataFrame
    ) -> None:
        """Note every entity whose new offers go beyond what its limit left.

        Neither all of them together beyond what was promised, nor one of them by
        itself in the place of what its seller was promised.
        """
        is_lasting = reviewed["expires_date"] > pd.Timestamp(self.night)
        kept = reviewed[is_lasting & (reviewed["outcome"] == "kept")]
        for (entity, currency), part in rows.groupby(
            ["legal_entity_id", "currency_code"]
        ):
            added = committed = 0
            own: list[tuple[int, int]] = []
            for seller, balance, old_advance in zip(
                part["seller_id"],
                part["open_advance_balance_minor"],
                part["refillable_advance_id"],
                strict=True,
            ):
                old = kept.loc[kept["seller_id"] == seller, "owed_minor"].max()
                new = offers.loc[offers["seller_id"] == seller, "owed_minor"].max()
                old, new = np.nan_to_num([old, new])
                if isinstance(old_advance, str):  # An offer takes the balance's place.
                    old = max(old, balance)
                    committed += int(old)
                else:
                    committed += int(balance + old)
                added += int(max(0, new - old))
                own.append((int(old), int(new)))
            floor = policy().currencies[str(currency)].entity_exposure_floor_minor
            is_over = any(new > max(0, floor - committed + old) for old, new in own)
            if is_over or added > max(0, floor - committed):
                self.over.append(f"{entity} on {self.night}")


def test_many_random_nights(request: pytest.FixtureRequest) -> None:
    """Whatever happens in whatever order, the promises of this room hold."""
    steps = request.config.getoption("--steps")
    run_state_machine_as_test(
        Nights,
        settings=settings(
            max_examples=max(1, steps // _EXAMPLE_STEPS),
            stateful_step_count=_EXAMPLE_STEPS,
            deadline=None,
        ),
    )
