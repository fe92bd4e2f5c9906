"""Caps and refusals: what sets a size, and why a term is declined."""
# ruff: noqa: PD011 - the values here are those of a quantile grid, not of pandas.

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.offers import Offers
from jobs.underwriting.policy import Policy
from jobs.underwriting.sizing import CAPS, run_rate, sales_share_limit

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
)


def reasons(found: Offers, seller_id: str) -> list[str | None]:
    """Reason of each term of one seller, None where offered."""
    rows = found.evaluations[found.evaluations["seller_id"] == seller_id]
    return [None if pd.isna(code) else code for code in rows["reason_code"]]


class TestCaps:
    """What sets a size, and that nothing exceeds it."""

    def caps(
        self,
        rows: pd.DataFrame,
        sales: QuantileGrid,
        rules: Policy | None = None,
    ) -> list[str]:
        """Binding cap of each evaluated term of anna."""
        found = offered(rows, sales, rules).evaluations
        return found[found["seller_id"] == "anna"]["binding_cap"].tolist()

    def test_confidence_binds_by_default(self) -> None:
        """The forecast's low quantile is below every cap."""
        assert self.caps(health(), grid(DAILY)) == ["confidence"] * 3

    def test_a_forecast_above_sales_is_capped_by_sales(self) -> None:
        """Twice the sales in the forecast: T stays at r x run rate x H / 365."""
        found = offered(health(), grid([300_000.0, 300_000.0]))
        assert set(found.evaluations["binding_cap"]) == {"sales_share"}
        steady = sales_share_limit(run_rate(health()), 0.10, 90)
        first = found.offers[found.offers["target_term_days"] == 90]
        assert (first["owed_minor"] <= steady).all()
        assert (first["owed_minor"] > 0.97 * steady).all()

    def test_recent_sales_cap_as_well_as_the_year(self) -> None:
        """A quarter at a tenth of the year's pace sets the run rate."""
        slow = {"repayable_91_days_minor": 910_000}
        found = run_rate(health(slow, YEN))
        assert found.tolist() == [3_640_000, 36_400_000]

    def test_a_year_of_sales_caps_the_advance(self) -> None:
        """With a lower share of a year, the year binds."""
        rules = policy(
            ("annual_sales_share_rate = 0.15", "annual_sales_share_rate = 0.01"),
        )
        assert self.caps(health(), grid(DAILY), rules) == ["annual_share"] * 3

    def test_the_currency_has_a_maximum(self) -> None:
        """A hundred times the seller is capped at 250,000.00 euros."""
        huge = {
            "repayable_91_days_minor": 9_100_000_000,
            "repayable_364_days_minor": 36_400_000_000,
            "open_advance_balance_minor": 0,
        }
        floor = ("floor_minor = 5_000_000", "floor_minor = 900_000_000")
        found = offered(health(huge, YEN), grid([1e8, 1e5]), policy(floor))
        anna = found.offers[found.offers["seller_id"] == "anna"]
        assert anna["advance_minor"].tolist() == [25_000_000]
        assert reasons(found, "anna") == [None, *["BELOW_MINIMUM_ADVANCE"] * 2]

    def test_an_entity_binds_two_sellers_together(self) -> None:
        """Two sellers of an entity that want more than its floor share it."""
        large = {
            "repayable_91_days_minor": 910_000_000,
            "repayable_364_days_minor": 3_640_000_000,
        }
        second = {**large, "seller_id": "bruno"}
        found = offered(health(large, second, YEN), grid([1e7, 1e7, 1e5]))
        best = found.offers.groupby("seller_id")["owed_minor"].max()
        # Short of half the floor by less than a friendly step and its fee.
        assert best[["anna", "bruno"]].between(2_500_000 - 5_800, 2_500_000).all()
        bound = found.evaluations[found.evaluations["seller_id"] != "botan"]
        assert set(bound["binding_cap"]) == {"entity_exposure"}

    @given(
        st.lists(st.floats(min_value=2e3, max_value=5e7), min_size=2, max_size=5),
        st.lists(st.floats(min_value=0.2, max_value=5.0), min_size=5, max_size=5),
        st.floats(min_value=0.05, max_value=1.5),
    )
    @settings(max_examples=40, deadline=None)
    def test_no_offer_is_ever_above_a_cap(
        self, daily: list[float], surprise: list[float], spread: float
    ) -> None:
        """Whatever sales and forecast: every promise of the policy holds."""
        rows = health(
            *(
                {
                    **(YEN if place % 2 else {}),
                    "seller_id": f"seller-{place}",
                    "repayable_91_days_minor": int(sales * 91),
                    "repayable_364_days_minor": int(sales * 364),
                    "tenure_days": 100 * (place + 1),
                }
                for place, sales in enumerate(daily)
            ),
        )
        forecast = [sales * surprise[place] for place, sales in enumerate(daily)]
        found = offered(rows, grid(forecast, spread)).offers
        known = rows.drop(columns=["as_of_date", "country_code"])
        self.holds(found.merge(known, on=["seller_id", "currency_code"]))

    def test_ordinary_offers_are_below_every_cap(self) -> None:
        """The property above, once on offers that are known to exist."""
        rows = health().drop(columns=["as_of_date", "country_code"])
        found = offered(health(), grid(DAILY)).offers
        assert len(found) == 6
        self.holds(found.merge(rows, on=["seller_id", "currency_code"]))

    def holds(self, found: pd.DataFrame) -> None:
        """Assert everything the policy promises of an offer."""
        rules = policy()
        codes = found["currency_code"]
        advance, owed = found["advance_minor"], found["owed_minor"]
        assert (owed == advance + found["fee_minor"]).all()
        assert (advance >= rules.currency_amounts(codes, "minimum_advance_minor")).all()
        assert (advance <= rules.currency_amounts(codes, "maximum_advance_minor")).all()
        assert (advance % rules.currency_amounts(codes, "step_minor") == 0).all()
        assert found["fee_rate"].between(0.04, 0.16).all()
        year = found["repayable_364_days_minor"]
        year = year * 365 / found["tenure_days"].clip(upper=364)
        steady = np.minimum(year, 4 * found["repayable_91_days_minor"])
        assert (advance <= 0.15 * year).all()
        assert (owed <= 0.10 * steady * found["target_term_days"] / 365).all()
        promised = found["target_term_days"].map(CONFIDENCE)
        assert (found["repayment_probability_rate"] >= promised).all()
        # Euros and yen have one legal entity each here, so the floor binds.
        best = found.groupby(["currency_code", "seller_id"])["owed_minor"].max()
        floors = {"EUR": 5_000_000, "JPY": 8_000_000}
        totals = best.groupby("currency_code").sum()
        assert (totals <= totals.index.map(floors).astype(float)).all()


class TestReasons:
    """Why a term is declined, beside a seller who is offered everything."""

    def check(
        self,
        change: dict[str, Any],
        daily: float,
        expected: list[str | None],
        rules: Policy | None = None,
        sales: QuantileGrid | None = None,
    ) -> None:
        """Reasons of anna's three terms, while botan has offers for all."""
        rows = health(change, YEN)
        found = offered(rows, sales or grid([daily, 100_000.0]), rules)
        assert reasons(found, "anna") == expected
        assert reasons(found, "botan") == [None, None, None]

    def test_short_history_for_longer_terms(self) -> None:
        """At 120 days of history only the shortest term is open."""
        young = {"tenure_days": 120, "repayable_364_days_minor": 12_000_000}
        self.check(young, 1e5, [None, "SHORT_HISTORY", "SHORT_HISTORY"])

    def test_repayment_unlikely_where_sales_may_be_nothing(self) -> None:
        """A twentieth of nothing at all is no size at .95."""
        sales = grid([100_000.0, 100_000.0])
        sales.values[0, :, :3] = 0.0
        self.check({}, 0.0, ["REPAYMENT_UNLIKELY"] * 3, sales=sales)

    def test_price_above_the_cap(self) -> None:
        """Costly money takes the fee of the longest terms above the cap."""
        rules = policy(
            ("cost_of_funds_rate = 0.10", "cost_of_funds_rate = 0.22"),
        )
        slow = grid([100_000.0, 100_000.0])
        slow.values[0, :, 4:] = slow.values[0, :, 3:4]
        slow.values[0, :7] *= 0.02
        found = offered(health(), slow, rules)
        assert reasons(found, "anna")[2] == "PRICE_ABOVE_CAP"
        assert reasons(found, "botan") == [None, None, None]

    def test_below_the_minimum(self) -> None:
        """A seller of 5.00 a day can be advanced too little."""
        small = {"repayable_91_days_minor": 45_500, "repayable_364_days_minor": 182_000}
        self.check(small, 500.0, ["BELOW_MINIMUM_ADVANCE"] * 3)

    def test_a_longer_term_must_advance_a_tenth_more(self) -> None:
        """Equal sizes for longer terms are not offered twice."""
        sales = grid([100_000.0, 100_000.0])
        sales.values[0, 5:] = sales.values[0, 4:5]
        expected = [None, "BELOW_MINIMUM_ADVANCE", "BELOW_MINIMUM_ADVANCE"]
        self.check({}, 0.0, expected, sales=sales)

    def test_exposure_limit_where_the_entity_has_no_room(self) -> None:
        """An entity that owes its limit is offered nothing more."""
        owing = {"open_advance_balance_minor": 5_000_000}
        self.check(owing, 1e5, ["EXPOSURE_LIMIT"] * 3)

    def test_no_long_term_on_an_extrapolated_horizon(self) -> None:
        """270 days wait until past cohorts have lived that long."""
        marks = np.zeros((2, len(HORIZONS)), dtype=bool)
        marks[0, 7:] = True
        sales = QuantileGrid(grid(DAILY).values, HORIZONS, PROBABILITIES, marks)
        self.check({}, 0.0, [None, None, "HISTORY_INCOMPLETE"], sales=sales)

    def test_a_declined_term_offers_nothing(self) -> None:
        """Its row keeps the sizes that were found, and no offered amount."""
        small = {"repayable_91_days_minor": 45_500, "repayable_364_days_minor": 182_000}
        found = offered(health(small, YEN), grid([500.0, 1e5])).evaluations
        anna = found[found["seller_id"] == "anna"]
        assert anna["outcome"].tolist() == ["declined"] * 3
        assert anna["offered_advance_minor"].tolist() == [0, 0, 0]
        assert (anna["sized_owed_minor"] > 0).all()
        assert set(found["binding_cap"]) <= set(CAPS)
