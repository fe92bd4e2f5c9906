"""A night's page of the book: who is on it, what it continues, and its journal."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from unit.underwriting.builders import grid, policy

from jobs.underwriting.advance_days import advance_days, continued, planned_days
from jobs.underwriting.journal import journal_entries

NIGHT = date(2026, 10, 30)
NEXT = date(2026, 10, 31)
#: 9,000 and 1,000 in euros, paid out ten days ago and planned for 200 days.
_ADVANCE: dict[str, Any] = {
    "advance_id": "advance_1",
    "seller_id": "anna",
    "currency_code": "EUR",
    "status": "disbursed",
    "current_holdback_rate": 0.10,
    "disbursed_date": "2026-10-20",
    "closed_date": None,
    "advance_minor": 900_000,
    "fee_minor": 100_000,
    "repaid_minor": 50_000,
    "recovered_minor": 0,
    "discount_minor": 0,
    "planned_days": 200,
}
_YEN = {
    "advance_id": "advance_2",
    "seller_id": "botan",
    "currency_code": "JPY",
    "advance_minor": 90_000,
    "fee_minor": 9_000,
    "repaid_minor": 0,
    "planned_days": 30,
}
NO_ROWS = pd.DataFrame(
    columns=[
        *("advance_id", "currency_code"),
        *("as_of_date", "disbursed_date", "planned_days"),
        *("advance_minor", "fee_minor", "repaid_minor", "recovered_minor"),
        *("written_off_minor", "forgone_fee_minor", "carrying_minor"),
        *("allowance_minor", "balance_minor", "effective_daily_rate"),
    ]
).astype(dict.fromkeys(("as_of_date", "disbursed_date"), "datetime64[s]"))


def known(*changes: dict[str, Any]) -> pd.DataFrame:
    """Return what is known of the two advances, or of those with these changes."""
    frame = pd.DataFrame([_ADVANCE | change for change in changes or ({}, _YEN)])
    for name in ("disbursed_date", "closed_date"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def booked(
    found: pd.DataFrame, opening: pd.DataFrame = NO_ROWS, night: date = NIGHT
) -> pd.DataFrame:
    """Return the night's page, every seller selling 500.00 or 500 yen a day."""
    staging = policy().staging
    assert staging
    rows = continued(found, opening)
    sold = [50_000.0 if code == "EUR" else 500.0 for code in rows["currency_code"]]
    return advance_days(rows, grid(sold), night, staging)


def test_a_first_page_holds_what_was_paid_out() -> None:
    """Plan, pace and payoff of each; what is not paid out yet is not there."""
    waiting = {"advance_id": "advance_3", "status": "accepted", "disbursed_date": None}
    days = booked(known({}, _YEN, waiting))

    assert days["advance_id"].tolist() == ["advance_1", "advance_2"]
    assert days["before_date"].isna().all()
    assert days["planned_payoff_date"].dt.strftime("%Y-%m-%d").tolist() == [
        "2027-05-08",
        "2026-11-19",
    ]
    assert days["pace_rate"].tolist() == [1.0, 0.0]
    assert days["planned_balance_minor"].tolist() == [950_000, 66_000]
    assert days["expected_payoff_p50_date"].tolist()[0] == pd.Timestamp("2027-05-08")
    assert days["stage"].tolist() == [1, 1]


def test_a_page_continues_the_one_before() -> None:
    """What was closed opens, and only what is owed or moved has a row."""
    gone = {"advance_id": "advance_3", "repaid_minor": 1_000_000, "status": "repaid"}
    before = booked(known({}, _YEN, gone))
    days = booked(known({"repaid_minor": 55_000}, _YEN, gone), before, NEXT)

    assert before["advance_id"].tolist() == ["advance_1", "advance_2", "advance_3"]
    assert days["advance_id"].tolist() == ["advance_1", "advance_2"]
    assert days["before_date"].tolist() == [pd.Timestamp(NIGHT)] * 2
    for name in ("balance", "carrying", "allowance"):
        opening, closing = days[f"opening_{name}_minor"], before[f"{name}_minor"][:2]
        assert opening.tolist() == closing.tolist()
    assert days["repaid_change_minor"].tolist() == [5_000, 0]
    assert days["income_minor"].gt(0).tolist() == [True, True]


def test_what_turns_out_late_is_a_movement_of_tonight() -> None:
    """An advance that was cancelled after all, and one recovered, come back once."""
    lost = {**_YEN, "status": "written_off", "closed_date": "2026-10-30"}
    before = booked(known({}, lost))
    cancelled = {
        "status": "cancelled",
        "disbursed_date": None,
        "advance_minor": 0,
        "fee_minor": 0,
        "repaid_minor": 0,
    }
    days = booked(known(cancelled, lost | {"recovered_minor": 7}), before, NEXT)

    assert days["disbursed_change_minor"].tolist() == [-900_000, 0]
    assert days["repaid_change_minor"].tolist() == [-50_000, 0]
    assert days["recovered_change_minor"].tolist() == [0, 7]
    assert days["carrying_minor"].tolist() == [0, 0]
    assert booked(known(cancelled, lost), days, NEXT).shape[0] == 1  # 7 taken back


def test_a_changed_rate_moves_the_forecast_and_not_the_plan() -> None:
    """A lower holdback takes longer and needs more allowance; the plan stays."""
    before = booked(known({}, _YEN))
    changed = known({"current_holdback_rate": 0.06}, _YEN)
    same, days = booked(known({}, _YEN), before, NEXT), booked(changed, before, NEXT)
    paid_off, usual = (
        (frame["expected_payoff_p50_date"] - pd.Timestamp(NEXT)).dt.days.tolist()
        for frame in (days, same)
    )

    assert (usual[0], paid_off[0]) == (190, 317)
    assert days["allowance_minor"][0] > same["allowance_minor"][0]
    assert days["planned_days"].tolist() == before["planned_days"].tolist()
    assert days.loc[1].equals(same.loc[1])


def test_a_booked_advance_stays_in_its_currency() -> None:
    """Cents continued by yen would be added to them: the advance is named instead."""
    before = booked(known({}, _YEN))

    with pytest.raises(ValueError, match="Advance advance_1 is in JPY now, but was bo"):
        continued(known({"currency_code": "JPY"}, _YEN), before)


def test_more_than_is_owed_repays_no_advance() -> None:
    """An over-repayment closes the balance and no more."""
    days = booked(known({"repaid_minor": 1_000_001}, _YEN))

    assert days["repaid_minor"].tolist() == [1_000_000, 0]
    assert days["balance_minor"].tolist() == [0, 99_000]


def test_the_journal_balances_and_its_accounts_are_the_book() -> None:
    """Debits are credits in each entry; what accounts hold is what the book says."""
    first = booked(known())
    lost = {"status": "written_off", "closed_date": "2026-10-31"}
    second = booked(known(lost, _YEN), first, NEXT)
    lines = pd.concat([journal_entries(first), journal_entries(second)])
    again = pd.concat([journal_entries(first), journal_entries(second)])
    lines["signed"] = lines["debit_minor"] - lines["credit_minor"]
    accounts = lines.groupby(["currency_code", "account"])["signed"].sum()

    assert (lines.groupby("journal_entry_id")["signed"].sum() == 0).all()
    assert lines["journal_line_id"].is_unique
    assert lines["journal_line_id"].tolist() == again["journal_line_id"].tolist()
    assert (lines[["debit_minor", "credit_minor"]].min(axis=1) == 0).all()
    for row in second.to_dict("records"):
        of = accounts[row["currency_code"]]
        assert of["advances_receivable"] == row["balance_minor"]
        assert of["deferred_fees"] == -row["deferred_fee_minor"]
        assert of.get("allowance", 0) == -row["allowance_minor"]
        assert of["fee_income"] == -row["recognised_fee_minor"]
        assert of["cash"] == row["repaid_minor"] - row["advance_minor"]


def test_a_discount_on_an_old_fee_moves_with_its_refill() -> None:
    """Paid out once beside the advance, and taken back once when it is cancelled."""
    discount = {"discount_minor": 1_200}
    first = booked(known(discount, {**_YEN, "discount_minor": 300}))
    second = booked(known(discount | {"repaid_minor": 55_000}, _YEN), first, NEXT)
    cancelled = {"status": "cancelled", "disbursed_date": None, "repaid_minor": 0}
    amounts = {"advance_minor": 0, "fee_minor": 0}
    third = booked(known(discount | cancelled | amounts, _YEN), second, NEXT)
    entries = []
    for page in (first, second, third):
        lines = journal_entries(page)
        of = lines[lines["kind"] == "fee_discount"].sort_values("journal_line_id")
        sides = ["advance_id", "account", "debit_minor", "credit_minor"]
        entries.append(sorted(of[sides].itertuples(index=False, name=None)))

    assert entries == [
        [
            ("advance_1", "cash", 0, 1_200),
            ("advance_1", "fee_discounts", 1_200, 0),
            ("advance_2", "cash", 0, 300),
            ("advance_2", "fee_discounts", 300, 0),
        ],
        [],
        [("advance_1", "cash", 1_200, 0), ("advance_1", "fee_discounts", 0, 1_200)],
    ]


def test_plans_are_our_offers_or_the_sales_before() -> None:
    """The offer's median; else owed over what 91 days paid; else the longest."""
    days = planned_days(
        np.array([100_000, 100_000, 9_000, 9_000]),
        np.array([0.10, 0.10, 0.20, 0.20]),
        np.array([120, np.nan, np.nan, np.nan]),
        np.array([0.0, 910_000.0, 0.0, 10.0**9]),
        730,
    )

    assert days.tolist() == [120, 100, 730, 1]
