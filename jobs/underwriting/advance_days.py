"""The night's page of the book: a row for every advance that is owed or has moved."""

from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from jobs.underwriting.accounting import (
    Expectation,
    Facts,
    Night,
    Position,
    effective_rates,
    planned_repaid,
    roll_forward,
)
from jobs.underwriting.allowance import Payoff, allowances, payoff_days, stages
from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.policy import Staging

#: Days before the acceptance whose sales make a plan where no offer of ours does.
PLAN_WINDOW_DAYS = 91
_FACTS = ("advance", "fee", "repaid", "recovered")


def planned_days(
    owed_minor: IntegerArray,
    holdback_rates: FloatArray,
    offered_days: FloatArray,
    sold_minor: FloatArray,
    longest_days: int,
) -> IntegerArray:
    """Days in which an advance is planned to be repaid, 1 or more [advances].

    The median of our offer where there is one, NaN elsewhere: then T / (r S / 91),
    where ``sold_minor`` is S, the repayable sales of the 91 days before acceptance.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = owed_minor * PLAN_WINDOW_DAYS / (holdback_rates * sold_minor)
    usual = np.where(sold_minor > 0, usual, longest_days)
    days = np.where(np.isnan(offered_days), np.ceil(usual), offered_days)
    return np.clip(days, 1, longest_days).astype(np.int64)


def continued(known: pd.DataFrame, opening: pd.DataFrame) -> pd.DataFrame:
    """Return what is known beside the row it continues, where something is to book.

    ``known`` has a row an advance (``Facts`` in columns ending in _minor, advance and
    fee 0 where it was cancelled, its plan, the holdback rate in force, and what its
    offer waives of an older fee);
    ``opening`` the newest earlier rows of the book. Left out are advances not yet
    disbursed and those that are closed and stand as they stood. Columns of the opening
    are prefixed ``opening_``, with 0 for money not booked yet.

    Raises:
        ValueError: an advance is in another currency than it was booked in.

    """
    if known.empty:
        return known
    columns = opening.set_index("advance_id").add_prefix("opening_")
    rows = known.join(columns, on="advance_id").sort_values("advance_id")
    _require_same_currency(rows)
    money = [str(name) for name in columns if str(name).endswith("_minor")]
    rows[money] = rows[money].fillna(0).astype("int64")
    owed = rows["advance_minor"] + rows["fee_minor"]
    # More than is owed, or less than nothing, is no repayment of this advance.
    rows["repaid_minor"] = rows["repaid_minor"].clip(lower=0, upper=owed)
    is_booked = rows["opening_as_of_date"].notna()
    is_lost = rows["status"] == "written_off"
    is_moved = is_lost & (rows["opening_balance_minor"] > 0)
    for name in _FACTS:
        is_moved |= rows[f"{name}_minor"] != rows[f"opening_{name}_minor"]
    is_owed = ~is_lost & (owed > rows["repaid_minor"])
    is_new = ~is_booked & rows["disbursed_date"].notna() & (rows["advance_minor"] > 0)
    kept = is_new | (is_booked & (is_owed | is_moved))
    return rows[kept].reset_index(drop=True)


def _require_same_currency(rows: pd.DataFrame) -> None:
    """Refuse to continue an amount in one currency with one in another."""
    booked = rows["opening_currency_code"]
    for row in rows[booked.notna() & (booked != rows["currency_code"])].itertuples():
        message = (
            f"Advance {row.advance_id} is in {row.currency_code} now, but was booked in"
            f" {row.opening_currency_code}: cancel it, and give the other one an id"
            " of its own."
        )
        raise ValueError(message)


def advance_days(
    rows: pd.DataFrame, grid: QuantileGrid, as_of_date: date, staging: Staging
) -> pd.DataFrame:
    """Return the rows of the book for what ``continued`` gives, forecasts aligned."""
    plan = _plan(rows, as_of_date)
    opening = Position(
        *(rows[f"opening_{name}_minor"].to_numpy() for name in Position._fields)
    )
    facts = Facts(
        advance=rows["advance_minor"].to_numpy(),
        fee=rows["fee_minor"].to_numpy(),
        repaid=rows["repaid_minor"].to_numpy(),
        recovered=rows["recovered_minor"].to_numpy(),
        is_written_off=(rows["status"] == "written_off").to_numpy(),
    )
    # A rate of 0 takes nothing; so does this one, and it divides.
    rate = rows["current_holdback_rate"].to_numpy(dtype=np.float64)
    holdback = np.maximum(rate, 1e-9)
    payoff = payoff_days(grid, facts.balance, holdback, staging)
    stage = stages(plan.pace_rate, plan.age_days, plan.past_days, staging)
    value = (payoff.expected, plan.daily_rates)
    expected = Expectation(
        plan.accrued_days,
        *value,
        allowances(grid, facts.balance, holdback, value, stage),
    )
    night = roll_forward(opening, facts, expected)
    is_owed = facts.balance > 0
    return rows[["advance_id", "seller_id", "currency_code", "status"]].assign(
        as_of_date=pd.Timestamp(as_of_date),
        before_date=rows["opening_as_of_date"],
        disbursed_date=plan.disbursed,
        planned_payoff_date=plan.disbursed + pd.to_timedelta(plan.days, unit="D"),
        **_payoff_dates(payoff, is_owed, as_of_date),
        stage=pd.Series(stage).where(is_owed).astype("Int64"),
        planned_days=plan.days,
        past_plan_days=plan.past_days,
        pace_rate=plan.pace_rate,
        effective_daily_rate=plan.daily_rates,
        planned_balance_minor=facts.advance + facts.fee - plan.repaid,
        discount_change_minor=_discount_change(rows),
        **_money(opening, night),
    )


def _money(opening: Position, night: Night) -> dict[str, IntegerArray]:
    """Return the columns of the opening, of what moved, and of the closing."""
    end = night.closing
    return {
        **{f"{name}_minor": values for name, values in end._asdict().items()},
        "balance_minor": end.balance,
        "recognised_fee_minor": end.recognised_fee,
        "deferred_fee_minor": end.deferred_fee,
        "opening_balance_minor": opening.balance,
        "opening_carrying_minor": opening.carrying,
        "opening_allowance_minor": opening.allowance,
        "disbursed_change_minor": night.disbursed,
        "fee_change_minor": night.fee,
        "repaid_change_minor": night.repaid,
        "recovered_change_minor": night.recovered,
        "written_off_change_minor": night.written_off,
        "forgone_fee_change_minor": night.forgone_fee,
        "income_minor": night.income,
        "catch_up_minor": night.catch_up,
        "allowance_charge_minor": night.charged,
        "allowance_use_minor": night.used,
    }


def _discount_change(rows: pd.DataFrame) -> pd.Series:
    """Return what is waived of an old fee: paid out, and taken back, with the advance.

    It follows from the facts of two nights, so the book keeps no total of it.
    """
    is_given = (rows["advance_minor"] > 0).astype("int64")
    was_given = (rows["opening_advance_minor"] > 0).astype("int64")
    return rows["discount_minor"] * (is_given - was_given)


class _Plan(NamedTuple):
    """What was planned at the disbursement, and how much time has passed."""

    disbursed: pd.Series
    days: IntegerArray
    daily_rates: FloatArray
    repaid: IntegerArray
    pace_rate: FloatArray
    age_days: IntegerArray
    past_days: IntegerArray
    accrued_days: IntegerArray


def _plan(rows: pd.DataFrame, as_of_date: date) -> _Plan:
    """Return the plan of each advance, made for the new ones and kept for the others.

    Income accrues from the row before, or from the disbursement, until the night, or
    until the advance was closed.
    """
    night = pd.Timestamp(as_of_date)
    disbursed = rows["disbursed_date"].fillna(rows["opening_disbursed_date"])
    is_new = rows["opening_as_of_date"].isna().to_numpy()
    days = np.where(is_new, rows["planned_days"], rows["opening_planned_days"])
    days = days.astype(np.int64)
    owed = (rows["advance_minor"] + rows["fee_minor"]).to_numpy()
    daily_rates = rows["opening_effective_daily_rate"].to_numpy(dtype=np.float64).copy()
    daily_rates[is_new] = effective_rates(
        rows["advance_minor"].to_numpy()[is_new], owed[is_new], days[is_new]
    )
    age = (night - disbursed).dt.days.to_numpy()
    repaid = planned_repaid(owed, days, age)
    pace = np.full(len(rows), np.nan)
    np.divide(rows["repaid_minor"], repaid, out=pace, where=repaid > 0)
    end = rows["closed_date"].fillna(night)
    start = rows["opening_as_of_date"].fillna(disbursed)
    accrued = np.maximum((end - start).dt.days.to_numpy(), 0)
    return _Plan(
        disbursed,
        days,
        daily_rates,
        repaid,
        pace,
        age,
        np.maximum(age - days, 0),
        accrued,
    )


def _payoff_dates(
    payoff: Payoff, is_owed: BooleanArray, as_of_date: date
) -> dict[str, pd.Series]:
    """Return the dates by which an advance is repaid with each probability."""
    dates = {}
    for name in ("p10", "p50", "p90"):
        days = pd.Series(getattr(payoff, name)).where(is_owed)
        dates[f"expected_payoff_{name}_date"] = pd.Timestamp(
            as_of_date
        ) + pd.to_timedelta(days, unit="D")
    return dates
