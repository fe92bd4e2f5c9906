"""Exposure of legal entities, as formulas and as limits of sellers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.exposure import entity_limit, entity_limits, entity_room
from jobs.underwriting.sizing import NO_LIMIT_MINOR

from .builders import YEN, health, policy

FLOOR = {"EUR": 5_000_000, "JPY": 8_000_000}


def sellers(*amounts: int, entity: str = "one") -> pd.DataFrame:
    """Return euro sellers of one legal entity, one a given largest offer."""
    return health(
        *(
            {"seller_id": f"seller-{place}", "legal_entity_id": entity}
            for place in range(len(amounts))
        ),
    )


class TestFormulas:
    """Room and limit."""

    def test_published_room(self) -> None:
        """A limit of 200,000 with 60,000 outstanding leaves 140,000 more."""
        assert entity_room(np.array([200_000.0]), np.array([60_000.0])) == [140_000.0]

    def test_no_room_is_never_negative(self) -> None:
        """An entity over its limit has no room, not less than none."""
        assert entity_room(np.array([100.0]), np.array([250.0])) == [0.0]

    def test_limit_is_the_larger_of_floor_and_share_of_the_book(self) -> None:
        """A young book has the floor, a grown one two per cent of itself."""
        floors, books = np.array([5_000, 5_000]), np.array([100_000.0, 1_000_075.0])
        assert entity_limit(floors, books, 0.02).tolist() == [5_000, 20_001]


class TestLimits:
    """Who is limited, and to how much."""

    def test_an_entity_with_room_limits_nobody(self) -> None:
        """Two entities, in euros and yen, far below their floors."""
        found = entity_limits(health(), np.array([1_000, 1_000]), health(), policy())
        assert found.tolist() == [NO_LIMIT_MINOR, NO_LIMIT_MINOR]

    def test_the_room_is_shared_pro_rata(self) -> None:
        """Offers of 4m and 6m against a floor of 5m become 2m and 3m."""
        rows = sellers(1, 2)
        found = entity_limits(rows, np.array([4_000_000, 6_000_000]), rows, policy())
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
        found = entity_limits(rows, np.array([4_000_000]), everyone, policy())
        assert found.tolist() == [2_000_000]

    def test_currencies_do_not_mix(self) -> None:
        """What an entity owes in yen leaves its room in euros alone."""
        rows = sellers(1)
        yen = {**YEN, "legal_entity_id": "one", "open_advance_balance_minor": 8_000_000}
        everyone = health({"seller_id": "seller-0", "legal_entity_id": "one"}, yen)
        found = entity_limits(rows, np.array([5_000_000]), everyone, policy())
        assert found.tolist() == [NO_LIMIT_MINOR]

    def test_a_large_book_raises_the_limit(self) -> None:
        """Two per cent of a book of 1,000m are 20m: an offer of 10m fits."""
        rows = sellers(1)
        book = {**YEN, "currency_code": "EUR", "open_advance_balance_minor": 10**9}
        everyone = health({"seller_id": "seller-0", "legal_entity_id": "one"}, book)
        found = entity_limits(rows, np.array([10_000_000]), everyone, policy())
        assert found.tolist() == [NO_LIMIT_MINOR]

    @given(
        st.lists(st.integers(min_value=0, max_value=10**9), min_size=2, max_size=8),
        st.integers(min_value=0, max_value=10**7),
    )
    def test_limited_offers_always_fit(
        self, amounts: list[int], outstanding: int
    ) -> None:
        """Outstanding and limited offers never exceed the entity's limit."""
        rows = sellers(*amounts)
        rows["open_advance_balance_minor"] = [outstanding] + [0] * (len(amounts) - 1)
        largest = np.array(amounts)
        limits = entity_limits(rows, largest, rows, policy())
        total = int(np.minimum(largest, limits).sum())
        limit = max(FLOOR["EUR"], int(0.02 * (sum(amounts) + outstanding)))
        assert total <= max(0, limit - outstanding)


@pytest.mark.parametrize("code", sorted(FLOOR))
def test_floors_are_those_of_the_policy(code: str) -> None:
    """The figures above are the policy's."""
    assert policy().currencies[code].entity_exposure_floor_minor == FLOOR[code]
