"""Eligibility: every rule's reason, with value, threshold and distance."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobs.underwriting.eligibility import evaluate
from jobs.underwriting.reasons import REASONS
from jobs.underwriting.rules import RULES
from jobs.warehouse.tables import ELIGIBILITY_DECISIONS, ELIGIBILITY_REASONS

from .builders import AS_OF_DATE, WRITTEN_OFF, YEN, health, policy

#: What one row must show for one reason: changes, code, value, threshold, distance.
ONE_REASON = [
    ({"data_as_of": pd.Timestamp("2026-10-28")}, "DATA_STALE", 4, 2, 2),
    ({"quarantined_91_days_count": 3}, "HISTORY_INCOMPLETE", 3, 0, 3),
    ({"seller_status": "suspended"}, "ACCOUNT_NOT_ACTIVE", 0, 1, 1),
    ({"has_payout_hold": True}, "ACCOUNT_RESTRICTED", 1, 0, 1),
    (
        {"has_fraud_review": True, "has_listing_suspended": True},
        "ACCOUNT_RESTRICTED",
        2,
        0,
        2,
    ),
    ({"country_code": "CL"}, "COUNTRY_NOT_SUPPORTED", 0, 1, 1),
    ({"currency_code": "JPY"}, "COUNTRY_NOT_SUPPORTED", 0, 1, 1),
    ({"kyb_outcome": "expired"}, "KYB_INCOMPLETE", 1, 2, 1),
    ({"kyb_outcome": None, "tax_id_outcome": "failed"}, "KYB_INCOMPLETE", 0, 2, 2),
    ({"sanctions_outcome": "pending"}, "SANCTIONS_UNRESOLVED", 0, 1, 1),
    ({"tenure_days": 56}, "SHORT_HISTORY", 56, 90, 34),
    # 60,000 in 91 days are 60,000 x 365 / (12 x 91) = 20,054.9 a month.
    ({"repayable_91_days_minor": 60_000}, "LOW_VOLUME", 20_054, 30_000, 9_946),
    (
        {**YEN, "repayable_91_days_minor": 60_000},
        "LOW_VOLUME",
        20_054,
        45_000,
        24_946,
    ),
    ({"days_since_last_sale": 9.0}, "INACTIVE", 9, 7, 2),
    (
        {"days_since_last_sale": 15.0, "active_91_days": 9},
        "INACTIVE",
        15,
        14,
        1,
    ),
    ({"active_91_days": 4}, "INACTIVE", 4, 10, 6),
    ({"growth_rate": -0.75}, "DECLINING_SALES", -0.75, -0.5, 0.25),
    ({"weekly_variation_rate": 2.5}, "VOLATILE_SALES", 2.5, 2.0, 0.5),
    ({"refund_rate": 0.6}, "REFUND_RATE_HIGH", 0.6, 0.35, 0.25),
    ({"chargeback_rate": 0.02}, "CHARGEBACK_RATE_HIGH", 0.02, 0.015, 0.005),
    ({"balance_minor": -1_234}, "NEGATIVE_BALANCE", -1_234, 0, 1_234),
    ({"failed_payouts_91_days_count": 3}, "PAYOUT_FAILED", 3, 2, 1),
    (
        {"open_advance_count": 1, "open_advance_repaid_rate": 0.4},
        "OPEN_ADVANCE_NOT_PAID_DOWN",
        0.4,
        1.0,
        0.6,
    ),
    (WRITTEN_OFF, "OPEN_ADVANCE_NOT_PAID_DOWN", 0.4, 1.0, 0.6),
    ({"open_advance_count": 1}, "OPEN_ADVANCE_NOT_PAID_DOWN", 0, 1.0, 1.0),
    ({"has_missed_minimum": True}, "MINIMUM_MISSED", 1, 0, 1),
    (  # A gate that lets the minimum run.
        {"has_missed_minimum": True, "missed_minimum_gates": "payout_failed"},
        "MINIMUM_MISSED",
        1,
        0,
        1,
    ),
    (
        {"last_advance_closed_date": pd.Timestamp("2026-10-30")},
        "COOLING_OFF",
        2,
        7,
        5,
    ),
]

#: Just good enough, or unknown where the rule says that unknown passes.
NO_REASON = [
    {"data_as_of": pd.Timestamp("2026-10-30 00:00:00")},
    {"tenure_days": 90},
    {"repayable_91_days_minor": 89_754},
    {"days_since_last_sale": 7.0},
    {"days_since_last_sale": 14.0, "active_91_days": 59},
    {"active_91_days": 10},
    {"growth_rate": -0.5},
    {"growth_rate": np.nan},
    {"weekly_variation_rate": np.nan},
    {"refund_rate": np.nan, "chargeback_rate": np.nan},
    {"balance_minor": 0},
    {"failed_payouts_91_days_count": 2},
    {"open_advance_count": 1, "open_advance_repaid_rate": 1.0},
    {"last_advance_closed_date": pd.Timestamp("2026-10-25")},
    {
        "has_missed_minimum": True,
        "missed_minimum_gates": "kyb_expired,listing_suspended",
    },
    {
        "country_code": "BR",
        "currency_code": "BRL",
        "kyb_outcome": None,
        "sanctions_outcome": None,
        "tax_id_outcome": None,
    },
]


class TestReasons:
    """One rule at a time, beside a seller whom it must not touch."""

    @pytest.mark.parametrize(
        ("change", "code", "value", "threshold", "short"), ONE_REASON
    )
    def test_says_what_is_missing(
        self,
        change: dict[str, Any],
        code: str,
        value: float,
        threshold: float,
        short: float,
    ) -> None:
        """The failed rule, and no other, with its figures; the neighbour passes."""
        neighbour = {**YEN, "seller_id": "zen"}
        found = evaluate(health(change, neighbour), policy(), AS_OF_DATE).reasons
        assert found["reason_code"].tolist() == [code]
        figures = found[["value", "threshold", "distance"]].iloc[0].tolist()
        assert figures == pytest.approx([value, threshold, short])
        assert found["seller_id"].tolist() == [change.get("seller_id", "anna")]

    @pytest.mark.parametrize("change", NO_REASON)
    def test_passes_what_is_just_enough_or_unknown(
        self, change: dict[str, Any]
    ) -> None:
        """Thresholds themselves pass, and unknown values where the rule says so."""
        found = evaluate(health(change, YEN), policy(), AS_OF_DATE)
        assert found.reasons["reason_code"].tolist() == []
        assert found.decisions["outcome"].tolist() == ["eligible", "eligible"]

    def test_every_rule_is_reached(self) -> None:
        """No rule is left without a case, and no rule without a catalogue entry."""
        assert {rule.code for rule in RULES} == {case[1] for case in ONE_REASON}
        known = {(reason.code, reason.unit) for reason in REASONS}
        assert {(rule.code, rule.unit) for rule in RULES} <= known

    def test_collects_all_reasons_of_a_seller_who_never_sold(self) -> None:
        """Nobody is told only the first of several reasons."""
        never = {
            "repayable_91_days_minor": 0,
            "repayable_364_days_minor": 0,
            "tenure_days": 0,
            "days_since_last_sale": np.nan,
            "active_91_days": 0,
            "refund_rate": np.nan,
            "chargeback_rate": np.nan,
            "growth_rate": np.nan,
            "weekly_variation_rate": np.nan,
        }
        found = evaluate(health(never, YEN), policy(), AS_OF_DATE)
        assert found.reasons["reason_code"].tolist() == [
            "SHORT_HISTORY",
            "LOW_VOLUME",
            "INACTIVE",
        ]
        assert found.decisions["reason_count"].tolist() == [3, 0]

    def test_a_code_is_given_once(self) -> None:
        """Silent and with few sale days: INACTIVE once, by the last sale."""
        silent = {"days_since_last_sale": 40.0, "active_91_days": 3}
        found = evaluate(health(silent, YEN), policy(), AS_OF_DATE).reasons
        assert found[["reason_code", "unit"]].to_numpy().tolist() == [
            ["INACTIVE", "days"],
        ]


class TestDecisions:
    """Outcomes, inputs and order."""

    def test_a_data_fault_declines_nobody(self) -> None:
        """With a data fault the outcome is not_assessed, whatever else was found."""
        faulty = {"quarantined_91_days_count": 1, "tenure_days": 10}
        short = {**YEN, "tenure_days": 10}
        found = evaluate(health(faulty, short), policy(), AS_OF_DATE)
        assert found.decisions["outcome"].tolist() == ["not_assessed", "declined"]
        assert found.reasons["category"].tolist() == ["data", "credit", "credit"]

    def test_has_the_columns_of_the_warehouse(self) -> None:
        """All but the versions, which the command knows."""
        found = evaluate(health(), policy(), AS_OF_DATE)
        versions = {"policy_version", "model_version", "code_version", "data_as_of"}
        versions |= {"policy_hash", "model_hash"}
        for frame, table in (
            (found.decisions, ELIGIBILITY_DECISIONS),
            (found.reasons, ELIGIBILITY_REASONS),
        ):
            assert list(frame.columns) == [
                name for name in table.columns if name not in versions
            ]

    def test_does_not_depend_on_the_order_of_rows(self) -> None:
        """Rows come out by seller and currency, however they came in."""
        rows = health({"tenure_days": 3}, YEN, {"currency_code": "JPY"})
        there = evaluate(rows, policy(), AS_OF_DATE)
        back = evaluate(rows.iloc[::-1], policy(), AS_OF_DATE)
        pd.testing.assert_frame_equal(there.decisions, back.decisions)
        pd.testing.assert_frame_equal(there.reasons, back.reasons)
        keys = there.decisions[["seller_id", "currency_code"]].to_numpy().tolist()
        assert keys == [["anna", "EUR"], ["anna", "JPY"], ["botan", "JPY"]]

    def test_does_not_depend_on_other_sellers(self) -> None:
        """A seller's row, inputs included, is the same alone and in company."""
        unknown = {**YEN, "days_since_last_sale": np.nan}
        together = evaluate(health({}, unknown), policy(), AS_OF_DATE).decisions
        alone = evaluate(health({}), policy(), AS_OF_DATE).decisions
        pd.testing.assert_frame_equal(together.iloc[:1], alone)

    def test_keeps_the_inputs_to_the_last_bit(self) -> None:
        """The inputs read back equal to what the rules saw."""
        seen = {
            "refund_rate": 0.1 + 0.2,
            "seller_id": 'an"na\\é',
            "balance_minor": 2**53,
        }
        rows = health(seen, YEN)
        found = evaluate(rows, policy(), AS_OF_DATE).decisions
        read = json.loads(found["inputs"].iloc[0])
        assert {name: read[name] for name in seen} == seen
        assert read["has_payout_hold"] is False
        assert read["open_advance_repaid_rate"] is None
        assert read["last_advance_closed_date"] is None
        assert read["as_of_date"] == "2026-11-01"
        assert read["data_as_of"] == "2026-11-01T22:00:00.000000"
        assert read["days_since_last_sale"] == 1
        assert list(read) == list(rows.columns)

    def test_nobody_is_decided_on_an_empty_night(self) -> None:
        """No sellers, no rows, the same columns."""
        full = evaluate(health(), policy(), AS_OF_DATE)
        none = evaluate(health().iloc[:0], policy(), AS_OF_DATE)
        assert len(none.decisions) == len(none.reasons) == 0
        assert list(none.decisions.columns) == list(full.decisions.columns)
        assert list(none.reasons.columns) == list(full.reasons.columns)


class TestRefusedInput:
    """Rows that no rule could read."""

    @pytest.mark.parametrize(
        ("rows", "fault"),
        [
            (health().drop(columns=["refund_rate"]), "lacks the columns refund_rate"),
            (health({"tenure_days": None}, YEN), "has rows without tenure_days"),
            (health({}, {}), "has a seller and currency twice"),
            (
                health({"as_of_date": pd.Timestamp("2026-10-31")}, YEN),
                "has rows of another date than 2026-11-01",
            ),
        ],
    )
    def test_says_what_is_wrong_and_what_to_do(
        self, rows: pd.DataFrame, fault: str
    ) -> None:
        """The message names the fault and the remedy."""
        with pytest.raises(ValueError, match="build cash_flow for this date") as error:
            evaluate(rows, policy(), AS_OF_DATE)
        assert fault in str(error.value)
