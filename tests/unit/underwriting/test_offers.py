"""Offers: the ladder under its caps, its reasons, its ids and its tables."""
# ruff: noqa: PD011 - the values here are those of a quantile grid, not of pandas.

import datetime as dt
import json
import uuid

import numpy as np
import pandas as pd
import pytest

from jobs.underwriting.distribution import QuantileGrid, quantile_line
from jobs.underwriting.offers import offer_id
from jobs.underwriting.pricing import Collections, Costs, advance_worth
from jobs.warehouse.offer_tables import ADVANCE_OFFERS, OFFER_EVALUATIONS

from .builders import (
    CONFIDENCE,
    DAILY,
    HORIZONS,
    PROBABILITIES,
    YEN,
    grid,
    health,
    offered,
    policy,
    unbound,
)

TERMS = (90, 180, 270)


class TestLadder:
    """Two ordinary sellers."""

    def test_offers_three_terms_each(self) -> None:
        """Longer terms advance more and cost more."""
        found = offered(health(), grid(DAILY)).offers
        assert found["target_term_days"].tolist() == [*TERMS, *TERMS]
        assert found["seller_id"].tolist() == ["anna"] * 3 + ["botan"] * 3
        anna = found[found["seller_id"] == "anna"]
        assert anna["advance_minor"].is_monotonic_increasing
        assert anna["fee_rate"].is_monotonic_increasing

    def test_sizes_by_the_confidence(self) -> None:
        """The owed amount is just below r q(1 - c) of the term, within one step."""
        sales = grid(DAILY)
        found = offered(health(), sales).offers
        for row in found.to_dict("records"):
            place = ["anna", "botan"].index(row["seller_id"])
            horizon = HORIZONS.tolist().index(row["target_term_days"])
            level = 1 - CONFIDENCE[row["target_term_days"]]
            quantile = np.interp(level, PROBABILITIES, sales.values[place, horizon])
            sized = 0.10 * quantile
            assert sized - 1.16 * 5_000 <= row["owed_minor"] <= sized

    def test_the_smallest_whole_fee(self) -> None:
        """One minor unit less would no longer cover the costs, above the floor."""
        found = offered(health(), grid(DAILY)).offers
        costs = Costs(policy().pricing, np.full(2, 1.5), np.zeros(2))
        sales = Collections(quantile_line(grid(DAILY)), HORIZONS, 0.10)
        for term in TERMS:
            rows = found[found["target_term_days"] == term]
            owed = rows["owed_minor"].to_numpy(dtype=np.float64)
            advance = rows["advance_minor"].to_numpy(dtype=np.float64)
            assert (advance_worth(sales, owed, costs) >= advance - 0.01).all()
            is_floor = owed <= np.ceil(advance * 1.04)
            short = advance_worth(sales, owed - 1, costs) < advance
            assert (short | is_floor).all()

    def test_payoff_days_and_probability_belong_together(self) -> None:
        """p10 before p50 before p90, and the term's probability is its confidence."""
        found = offered(health(), grid(DAILY)).offers
        assert (found["repayment_p10_days"] <= found["repayment_p50_days"]).all()
        assert (found["repayment_p50_days"] <= found["repayment_p90_days"]).all()
        promised = found["target_term_days"].map(CONFIDENCE)
        assert (found["repayment_probability_rate"] >= promised).all()

    def test_a_payoff_day_beyond_the_grid_is_missing(self) -> None:
        """Who may stop altogether has no p90 day; the column stays whole numbers."""
        sales = grid(DAILY)
        sales.values[:, 5:, :4] = sales.values[:, 4:5, :4]
        found = offered(
            health(), sales, policy(("= 0.95           # R", "= 0.60  # R"))
        ).offers
        first = found[found["target_term_days"] == 90]
        assert first["repayment_p90_days"].isna().tolist() == [True, True]
        assert str(found["repayment_p90_days"].dtype) == "Int64"

    def test_has_the_columns_of_the_warehouse(self) -> None:
        """All but the versions, which the command knows."""
        found = offered(health(), grid(DAILY))
        versions = {"policy_version", "model_version", "code_version", "data_as_of"}
        for frame, table in (
            (found.evaluations, OFFER_EVALUATIONS),
            (found.offers, ADVANCE_OFFERS),
        ):
            assert list(frame.columns) == [
                name for name in table.columns if name not in versions
            ]
            assert not frame.duplicated(
                [name for name in table.key if name not in versions],
            ).any()

    def test_an_empty_night_has_no_offers(self) -> None:
        """No eligible seller, no rows, the same columns."""
        full = offered(health(), grid(DAILY))
        none = offered(health().iloc[:0], grid([]), everyone=health())
        assert len(none.evaluations) == len(none.offers) == 0
        assert list(none.offers.columns) == list(full.offers.columns)


class TestRepeatability:
    """The same night gives the same offers."""

    def test_does_not_depend_on_the_order_of_rows(self) -> None:
        """Rows and their quantiles shuffled together: the same tables."""
        rows = health({}, YEN, {"seller_id": "carla", "legal_entity_id": "c"})
        sales = grid([1e5, 2e5, 3e5])
        there = offered(rows, sales)
        order = np.array([2, 0, 1])
        back = offered(rows.iloc[order], sales.take(order))
        pd.testing.assert_frame_equal(there.offers, back.offers)
        pd.testing.assert_frame_equal(there.evaluations, back.evaluations)

    def test_does_not_depend_on_other_sellers(self) -> None:
        """A seller of an own entity has the same offers alone and in company."""
        alone = offered(health({}), grid([1e5])).offers
        together = offered(health({}, YEN), grid([1e5, 2e5])).offers
        pd.testing.assert_frame_equal(alone, together.iloc[:3])

    def test_many_sellers_are_as_good_as_one(self) -> None:
        """More sellers than fit into one block: each as if alone."""
        count = 4_100
        changes = [
            {"seller_id": f"{i:05}", "legal_entity_id": f"{i}"} for i in range(count)
        ]
        rows = health(*changes)
        found = offered(rows, grid([1e5] * count), unbound()).offers
        alone = offered(rows.iloc[-1:], grid([1e5])).offers
        assert len(found) == 3 * count
        pd.testing.assert_frame_equal(
            found.iloc[-3:].reset_index(drop=True),
            alone,
        )

    def test_ids_are_of_version_five_and_of_the_terms(self) -> None:
        """The same terms give the same id; any other term or night another."""
        night = ("anna", "EUR", "2026-11-01", "2026-11")
        terms = (90, 100_000, 5_000, 0.1)
        known = offer_id(night, terms)
        assert uuid.UUID(known).version == 5
        assert known == offer_id(night, terms)
        others = {
            offer_id(("anna", "EUR", "2026-11-02", "2026-11"), terms),
            offer_id(("anna", "USD", "2026-11-01", "2026-11"), terms),
            offer_id(night, (180, 100_000, 5_000, 0.1)),
            offer_id(night, (90, 100_000, 5_001, 0.1)),
        }
        assert len(others | {known}) == 5

    def test_an_id_never_changes(self) -> None:
        """Published ids must be found again by later versions of the code."""
        night = ("anna", "EUR", "2026-11-01", "2026-11")
        found = offer_id(night, (90, 100_000, 5_000, 0.1))
        assert found == "e2615b9f-791e-5556-b5fd-6e57b9433a15"

    def test_an_id_is_what_uuid5_makes(self) -> None:
        """The standard library's UUIDv5 of the JSON text, whatever the hash's bits."""
        namespace = uuid.UUID("6f0b5b1e-3d0c-5c56-9a53-2b1f0c7d8e41")
        for number in range(64):
            night = (f"søren-{number}", "JPY", "2026-11-01", "2026-11")
            terms = (90, 5_000 * number, 5_000, 0.1)
            expected = uuid.uuid5(namespace, json.dumps([*night, *terms]))
            assert str(expected) == offer_id(night, terms)

    def test_expires_after_its_life(self) -> None:
        """Thirty days, as the policy says."""
        found = offered(health(), grid(DAILY)).offers
        lives = found["expires_date"] - found["as_of_date"]
        assert set(lives) == {dt.timedelta(days=30)}
        assert found["offer_id"].is_unique


class TestRefusedInput:
    """What make_offers cannot work on."""

    def test_sellers_and_quantiles_must_align(self) -> None:
        """One row too few is refused before anything is sized."""
        with pytest.raises(ValueError, match="2 sellers but quantiles of 1"):
            offered(health(), grid([1e5]))

    def test_a_currency_without_amounts_is_refused(self) -> None:
        """Eligibility lets no such seller through; a caller who does hears of it."""
        rows = health({"currency_code": "CHF"}, YEN)
        with pytest.raises(KeyError, match="policy has no"):
            offered(rows, grid(DAILY))

    def test_a_term_beyond_the_grid_is_refused(self) -> None:
        """Nothing is extrapolated beyond the last horizon."""
        short = QuantileGrid(grid(DAILY).values[:, :5], HORIZONS[:5], PROBABILITIES)
        with pytest.raises(ValueError, match="outside the grid of 1 to 90 days"):
            offered(health(), short)


class TestScale:
    """Sales times k give offers times k, up to the friendly steps."""

    @pytest.mark.parametrize("factor", [2, 10])
    def test_offers_follow_sales(self, factor: float) -> None:
        """Advances differ from k times the small ones by less than k + 1 steps."""
        rules = policy(
            ("floor_minor = 5_000_000 ", "floor_minor = 500_000_000 "),
            ("floor_minor = 8_000_000 ", "floor_minor = 800_000_000 "),
        )
        small = offered(health(), grid(DAILY), rules).offers
        rows = health()
        for name in ("repayable_91_days_minor", "repayable_364_days_minor"):
            rows[name] *= factor
        more = grid([factor * sales for sales in DAILY])
        large = offered(rows, more, rules).offers
        gap = large["advance_minor"] - factor * small["advance_minor"]
        assert gap.between(-5_000, (factor + 1) * 5_000).all()
        days = large["repayment_p50_days"] - small["repayment_p50_days"]
        assert days.abs().max() <= 2
