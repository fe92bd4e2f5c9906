"""Exposure of legal entities, as formulas, as limits of sellers and in offers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.exposure import (
    commitments,
    entity_limit,
    entity_limits,
    entity_room,
)
from jobs.underwriting.sizing import NO_LIMIT_MINOR

from .builders import WRITTEN_OFF, YEN, grid, health, offered, policy

FLOOR = {"EUR": 5_000_000, "JPY": 8_000_000}


def sellers(*amounts: int, entity: str = "one") -> pd.DataFrame:
    """Return euro sellers of one legal entity, one a given amount."""
    return health(
        *(
            {"seller_id": f"seller-{place}", "legal_entity_id": entity}
            for place in range(len(amounts))
        ),
    )


def limited(
    rows: pd.DataFrame, largest: np.ndarray, everyone: pd.DataFrame
) -> np.ndarray:
    """Return the limits where nobody holds an offer."""
    nothing = np.zeros(len(everyone), dtype=np.int64)
    committed = commitments(everyone, nothing)
    return entity_limits(rows, largest, 0 * largest, committed, policy())


class TestFormulas:
    """Room and limit."""

    def test_published_room(self) -> None:
        """A limit of 200,000 with 60,000 outstanding leaves 140,000 more to owe."""
        assert entity_room(np.array([200_000.0 - 60_000.0])) == [140_000.0]

    def test_no_room_is_never_negative(self) -> None:
        """An entity over its limit has no room, not less than none."""
        assert entity_room(np.array([100.0 - 250.0])) == [0.0]

    def test_limit_is_the_larger_of_floor_and_share_of_the_book(self) -> None:
        """A young book has the floor, a grown one two per cent of itself."""
        floors, books = np.array([5_000, 5_000]), np.array([100_000.0, 1_000_075.0])
        assert entity_limit(floors, books, 0.02).tolist() == [5_000, 20_001]


class TestLimits:
    """Who is limited, and to how much."""

    def test_an_entity_with_room_limits_nobody(self) -> None:
        """Two entities, in euros and yen, far below their floors."""
        found = limited(health(), np.array([1_000, 1_000]), health())
        assert found.tolist() == [NO_LIMIT_MINOR, NO_LIMIT_MINOR]

    def test_the_room_is_shared_pro_rata(self) -> None:
        """Owing 4m and 6m against a floor of 5m becomes 2m and 3m."""
        rows = sellers(1, 2)
        found = limited(rows, np.array([4_000_000, 6_000_000]), rows)
        assert found.tolist() == [2_000_000, 3_000_000]

    def test_open_advances_of_sellers_without_an_offer_count(self) -> None:
        """A declined seller's open balance leaves less room to its entity."""
        rows = sellers(1)
        sister = {
            "seller_id": "sister",
            "legal_entity_id": "one",
            "open_advance_balance_minor": 3_000_000,
        }
        everyone = health({"seller_id": "seller-0", "legal_entity_id": "one"}, sister)
        found = limited(rows, np.array([4_000_000]), everyone)
        assert found.tolist() == [2_000_000]

    def test_a_balance_written_off_counts(self) -> None:
        """What an entity never repaid leaves it less room, whatever we expect."""
        rows = sellers(1)
        sister = {**WRITTEN_OFF, "seller_id": "sister", "legal_entity_id": "one"}
        everyone = health({"seller_id": "seller-0", "legal_entity_id": "one"}, sister)
        found = limited(rows, np.array([5_000_000]), everyone)
        assert found.tolist() == [4_400_000]

    def test_currencies_do_not_mix(self) -> None:
        """What an entity owes in yen leaves its room in euros alone."""
        rows = sellers(1)
        yen = {**YEN, "legal_entity_id": "one", "open_advance_balance_minor": 8_000_000}
        everyone = health({"seller_id": "seller-0", "legal_entity_id": "one"}, yen)
        found = limited(rows, np.array([5_000_000]), everyone)
        assert found.tolist() == [NO_LIMIT_MINOR]

    def test_an_offer_that_holds_leaves_less_room(self) -> None:
        """What the sister was promised counts as if she had taken it."""
        rows = sellers(1, 1)
        promised = np.array([0, 3_000_000])
        committed = commitments(rows, promised)
        largest = np.array([4_000_000, 0])
        found = entity_limits(rows, largest, promised, committed, policy())
        assert found.tolist() == [2_000_000, 3_000_000]

    def test_a_promise_above_the_limit_is_no_leave_to_open_more(self) -> None:
        """Of 7m promised against 5m nothing new may be larger than 5m."""
        rows = sellers(1)
        promised = np.array([7_000_000])
        committed = commitments(rows, promised)
        found = entity_limits(
            rows, np.array([6_000_000]), promised, committed, policy()
        )
        assert found.tolist() == [5_000_000]

    def test_one_name_may_owe_less_than_its_entity(self) -> None:
        """Of a book of 1,000m one seller gets 15m at most, its entity 20m."""
        rows = sellers(1, 1)
        book = {"seller_id": "other", "open_advance_balance_minor": 10**9 - 19 * 10**6}
        everyone = pd.concat([rows, health(book)], ignore_index=True)
        found = limited(rows, np.array([18_000_000, 1_000_000]), everyone)
        assert found.tolist() == [15_000_000, NO_LIMIT_MINOR]

    def test_a_large_book_raises_the_limit(self) -> None:
        """Two per cent of a book of 1,000m are 20m: owing 10m fits."""
        rows = sellers(1)
        book = {**YEN, "currency_code": "EUR", "open_advance_balance_minor": 10**9}
        everyone = health({"seller_id": "seller-0", "legal_entity_id": "one"}, book)
        found = limited(rows, np.array([10_000_000]), everyone)
        assert found.tolist() == [NO_LIMIT_MINOR]

    @given(
        st.lists(st.integers(min_value=0, max_value=10**9), min_size=2, max_size=8),
        st.integers(min_value=0, max_value=10**7),
    )
    def test_limited_offers_always_fit(
        self, amounts: list[int], outstanding: int
    ) -> None:
        """What is outstanding and newly owed never exceeds the entity's limit."""
        rows = sellers(*amounts)
        rows["open_advance_balance_minor"] = [outstanding] + [0] * (len(amounts) - 1)
        largest = np.array(amounts)
        limits = limited(rows, largest, rows)
        total = int(np.minimum(largest, limits).sum())
        limit = max(FLOOR["EUR"], int(0.02 * (sum(amounts) + outstanding)))
        assert total <= max(0, limit - outstanding)


class TestOffers:
    """What an entity owes if every seller accepts its largest offer."""

    def check(self, daily: list[float], open_minor: list[int], spread: float) -> int:
        """Assert that no entity of a night is over; return how many were limited.

        Four sellers in turn: two entities, each with sellers in euros and in yen.
        """
        rows = health(
            *(
                {
                    **(YEN if place % 2 else {}),
                    "seller_id": f"seller-{place}",
                    "legal_entity_id": "one" if place % 4 < 2 else "two",
                    "repayable_91_days_minor": int(sales * 91),
                    "repayable_364_days_minor": int(sales * 364),
                    "open_advance_balance_minor": open_minor[place],
                }
                for place, sales in enumerate(daily)
            ),
        )
        forecast = grid(daily, spread)
        roomy = policy(("floor_minor = ", "floor_minor = 90_000_000_"))
        free = self.owed(rows, offered(rows, forecast, roomy).offers)
        found = self.owed(rows, offered(rows, forecast).offers)
        book = (free + rows["open_advance_balance_minor"]).groupby(
            rows["currency_code"],
        )
        share = (book.sum() * 0.02).astype(int)
        limits = {code: max(FLOOR[code], share[code]) for code in share.index}
        limited = 0
        keys = [rows["legal_entity_id"], rows["currency_code"]]
        for (_, code), part in rows.groupby(keys):
            owing = int(part["open_advance_balance_minor"].sum())
            newly = int(found[part.index].sum())
            assert newly <= max(0, limits[code] - owing)
            limited += newly < free[part.index].sum()
        return limited

    def owed(self, rows: pd.DataFrame, offers: pd.DataFrame) -> pd.Series:
        """Most each row would owe by an offer, 0 without one [rows]."""
        largest = offers.groupby("seller_id")["owed_minor"].max()
        return rows["seller_id"].map(largest).fillna(0).astype(int)

    @given(
        st.lists(st.floats(min_value=1e5, max_value=1e8), min_size=4, max_size=8),
        st.lists(st.integers(min_value=0, max_value=6_000_000), min_size=8, max_size=8),
        st.floats(min_value=0.05, max_value=1.0),
    )
    @settings(max_examples=25, deadline=None)
    def test_no_entity_may_come_to_owe_more_than_its_limit(
        self, daily: list[float], open_minor: list[int], spread: float
    ) -> None:
        """Open balances and the largest owed of each seller, fees included, fit."""
        self.check(daily, open_minor, spread)

    def test_two_entities_in_two_currencies_are_limited(self) -> None:
        """The property above, once where every entity wants more than its room."""
        assert self.check([1e7] * 8, [0, 1_000_000] * 4, 0.3) == 4


@pytest.mark.parametrize("code", sorted(FLOOR))
def test_floors_are_those_of_the_policy(code: str) -> None:
    """The figures above are the policy's."""
    assert policy().currencies[code].entity_exposure_floor_minor == FLOOR[code]
