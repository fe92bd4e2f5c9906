"""Early warnings: each sign on its own, contagion, money at risk and the ranking."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.arrays import FloatArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.early_warning import (
    SIGNS,
    expected_shortfall,
    find_signs,
    rank_warnings,
)

from .builders import DAILY, HORIZONS, PROBABILITIES, grid, policy

RULES = policy().warnings or pytest.fail("the policy in force has no warnings")

#: A seller of 1,000.00 a day who refunds and is charged back as ever.
USUAL: dict[str, Any] = {
    "seller_id": "anna",
    "legal_entity_id": "anna-gmbh",
    "currency_code": "EUR",
    "is_forecast": True,
    "sold_minor": 1_400_000,
    "restricted_days": np.nan,
    "failed_payouts_count": 0,
    "recent_captured_minor": 2_800_000,
    "recent_refunded_minor": 140_000,
    "recent_charged_back_minor": 0,
    "usual_captured_minor": 9_100_000,
    "usual_refunded_minor": 455_000,
    "usual_charged_back_minor": 0,
}
YEN = {"seller_id": "botan", "legal_entity_id": "botan-kk", "currency_code": "JPY"}


def accounts(*changes: dict[str, Any]) -> pd.DataFrame:
    """Return accounts as usual, each changed as said; without changes two of them."""
    return pd.DataFrame([{**USUAL, **change} for change in changes or ({}, YEN)])


def quantiles(daily: float = DAILY[0]) -> FloatArray:
    """Return one seller's quantiles [horizons, probabilities]."""
    forecast = grid([daily])
    return np.asarray(forecast.values, dtype=np.float64)[0]


def signs(rows: pd.DataFrame) -> list[list[str]]:
    """Return the names of each account's signs, 1,000.00 a day being forecast."""
    found = find_signs(rows, grid([DAILY[0]] * len(rows)), RULES)
    assert tuple(found) == SIGNS
    return [
        [name for name in SIGNS if not found[name].passed[row]]
        for row in range(len(rows))
    ]


def advances(*changes: dict[str, Any]) -> pd.DataFrame:
    """Return open advances of 3,000.00, each changed as said."""
    usual = {
        "advance_id": "a",
        "seller_id": "anna",
        "currency_code": "EUR",
        "balance_minor": 300_000,
        "holdback_rate": 0.1,
    }
    return pd.DataFrame([{**usual, **change} for change in changes])


class TestSigns:
    """Usual sellers have none; each sign is measured against the policy."""

    def test_usual_sellers_show_none(self) -> None:
        """Neither in euro nor in yen."""
        assert signs(accounts()) == [[], []]

    @pytest.mark.parametrize(
        ("name", "last_good", "first_bad"),
        [
            ("new_restriction", {"restricted_days": 14}, {"restricted_days": 13}),
            (
                "failed_payouts",
                {"failed_payouts_count": 0},
                {"failed_payouts_count": 1},
            ),
            (
                "chargeback_surge",
                {"recent_charged_back_minor": 28_000},
                {"recent_charged_back_minor": 28_001},
            ),
            (  # 15 % of sales, since twice the usual 5 % is less
                "refund_surge",
                {"recent_refunded_minor": 420_000},
                {"recent_refunded_minor": 420_001},
            ),
            (  # twice the usual 10 %, which is more
                "refund_surge",
                {"recent_refunded_minor": 560_000, "usual_refunded_minor": 910_000},
                {"recent_refunded_minor": 560_001, "usual_refunded_minor": 910_000},
            ),
            (  # usual sales stand for the ones that are gone
                "refund_surge",
                {"recent_captured_minor": 0, "recent_refunded_minor": 420_000},
                {"recent_captured_minor": 0, "recent_refunded_minor": 420_001},
            ),
        ],
    )
    def test_a_sign_begins_past_its_threshold(
        self, name: str, last_good: dict[str, Any], first_bad: dict[str, Any]
    ) -> None:
        """The threshold itself is no sign; one unit past it is."""
        assert signs(accounts(last_good, {**YEN, **first_bad})) == [[], [name]]

    def test_sales_below_the_band_are_a_sign(self) -> None:
        """The 5 % quantile of two weeks bounds them, where there was a forecast."""
        band = int(np.floor(quantiles()[1, 2]))
        low = {"sold_minor": band - 1}
        rows = accounts({"sold_minor": band}, {**YEN, **low}, low | {"seller_id": "cy"})
        rows["is_forecast"] = [True, True, False]

        assert signs(rows) == [[], ["sales_below_band"], []]

    def test_trouble_spreads_to_the_legal_entity(self) -> None:
        """Siblings of a troubled seller show it, itself and other entities do not.

        Low sales do not spread: one seller in twenty has them by chance.
        """
        sister = {"seller_id": "bea", "currency_code": "JPY"}
        other_account = {"currency_code": "USD"}
        held = {"restricted_days": 0}
        low = {**YEN, "sold_minor": 0}
        rows = accounts(
            held, held | other_account, sister, low, YEN | {"seller_id": "c"}
        )

        assert signs(rows) == [
            ["new_restriction"],
            ["new_restriction"],
            ["troubled_siblings"],
            ["sales_below_band"],
            [],
        ]

    def test_forecasts_must_be_of_the_same_sellers(self) -> None:
        """Rows that are not aligned are refused with both counts."""
        with pytest.raises(ValueError, match="2 sellers but forecasts of 1"):
            find_signs(accounts(), grid([1.0]), RULES)


class TestMoneyAtRisk:
    """What sales are expected to leave unpaid, or everything."""

    @given(
        st.integers(1, 10_000_000),
        st.sampled_from([0.05, 0.1, 0.25]),
        st.floats(0, 1e6),
    )
    def test_the_shortfall_is_the_mean_over_levels(
        self, balance: int, rate: float, daily: float
    ) -> None:
        """A plain mean of what each level of sales leaves, within its steps."""
        forecast = grid([daily])
        rows = advances({"balance_minor": balance, "holdback_rate": rate})
        levels = np.linspace(0, 1, 20_001)
        edges = [0, *PROBABILITIES, 1]
        last = quantiles(daily)[-1]
        sales = np.interp(levels, edges, [0, *last, last[-1]])
        left = np.maximum(balance - rate * sales, 0.0)
        expected = float(((left[1:] + left[:-1]) / 2).mean())

        (found,) = expected_shortfall(rows, forecast)

        assert 0 <= found <= balance
        assert found == pytest.approx(expected, abs=1.01 + balance / 20_000)

    def test_without_holdback_or_sales_everything_is_short(self) -> None:
        """A rate of 0, or no sales to come, repays nothing."""
        rows = advances({"holdback_rate": 0.0}, {"advance_id": "b"})
        values = np.stack([quantiles(), np.zeros((9, 11))])

        found = expected_shortfall(rows, QuantileGrid(values, HORIZONS, PROBABILITIES))

        assert found.tolist() == [300_000, 300_000]


class TestRanking:
    """One list a currency, most at risk first."""

    def test_ranks_by_money_at_risk_within_a_currency(self) -> None:
        """A sign that sales do not foresee risks the whole balance, another less."""
        rows = accounts(
            {"recent_refunded_minor": 1_000_000},
            {"seller_id": "bea", "legal_entity_id": "bea", "failed_payouts_count": 1},
            {"seller_id": "cy", "legal_entity_id": "cy"},
            YEN | {"failed_payouts_count": 2, "restricted_days": 3},
        )
        found = find_signs(rows, grid([DAILY[0]] * 4), RULES)
        open_advances = advances(
            {"balance_minor": 9_000_000},
            {"advance_id": "b", "seller_id": "bea", "balance_minor": 8_000_000},
            {"advance_id": "c", "seller_id": "cy"},
            {"advance_id": "d", "seller_id": "botan", "currency_code": "JPY"},
        )

        warnings = rank_warnings(open_advances, grid([DAILY[0]] * 4), rows, found)

        assert warnings[
            ["currency_code", "risk_rank", "advance_id", "main_sign", "signs"]
        ].to_numpy().tolist() == [
            ["EUR", 1, "b", "failed_payouts", "failed_payouts"],
            ["EUR", 2, "a", "refund_surge", "refund_surge"],
            ["JPY", 1, "d", "new_restriction", "new_restriction,failed_payouts"],
        ]
        at_risk = warnings["at_risk_minor"].tolist()
        assert at_risk == [8_000_000, warnings["expected_shortfall_minor"][1], 300_000]
        assert 0 < at_risk[1] < 8_000_000
        assert json.loads(warnings["evidence"][2]) == [
            {"name": "new_restriction", "value": 3, "threshold": 14},
            {"name": "failed_payouts", "value": 2, "threshold": 0},
        ]

    def test_an_advance_without_an_account_is_named(self) -> None:
        """Whoever calls must bring the account of every advance."""
        rows = accounts()
        found = find_signs(rows, grid(DAILY), RULES)

        with pytest.raises(ValueError, match="Advance x is of a seller and currency"):
            rank_warnings(
                advances({"advance_id": "x", "currency_code": "GBP"}),
                grid([1.0]),
                rows,
                found,
            )
