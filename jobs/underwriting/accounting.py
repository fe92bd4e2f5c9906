"""Amortised cost of advances: effective rate, income, carrying amount, catch-up.

IFRS 9, 5.4.1 and B5.4.6. The daily effective rate e is fixed when an advance is paid
out, and makes the planned collections worth the advance:

    A = sum over t = 1 to N of (T / N) / (1 + e)^t

Later the balance B is expected in n days, and the carrying amount is what that is worth
at the same e. Interest of the time that passed is income; what else changed the worth
is the catch-up of a changed expectation, taken at once. The part of the balance that is
not carried is the deferred fee. All arrays are [advances]; stored money is int64.
"""

from typing import NamedTuple

import numpy as np

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.money import round_half_up
from jobs.underwriting.rate import NEGATIVE, Payments, period_rates

#: Logarithm of the most that an amount grows to between two nights.
_MOST_GROWTH = 500.0


def effective_rates(
    outlay_minor: IntegerArray, owed_minor: IntegerArray, planned_days: IntegerArray
) -> FloatArray:
    """Daily rate e that makes equal payments T / N on days 1 to N worth the outlay.

    The outlay is the advance and what it cost to make it.

    Raises:
        ValueError: nothing was paid out, nothing is owed, or there are no days.

    """
    if not ((owed_minor > 0) & (planned_days > 0)).all():
        message = "A plan must collect something, over one day or more."
        raise ValueError(message)
    one = np.ones((len(owed_minor), 1))
    days = planned_days[:, None].astype(np.float64)
    payments = Payments(owed_minor[:, None] / days, one, 0.0 * one, days)
    found = period_rates(outlay_minor.astype(np.float64), payments)
    if (found.outcome > NEGATIVE).any():
        message = "No daily rate makes these collections worth what was paid out."
        raise ValueError(message)
    return found.period_rate


def planned_repaid(
    owed_minor: IntegerArray, planned_days: IntegerArray, age_days: IntegerArray
) -> IntegerArray:
    """Return what the plan has collected by that day: floor(T min(t, N) / N)."""
    days = np.clip(age_days, 0, planned_days)
    return np.asarray(owed_minor * days // planned_days, dtype=np.int64)


def present_values(
    balance_minor: IntegerArray, expected_days: FloatArray, daily_rates: FloatArray
) -> FloatArray:
    """Worth of a balance in equal payments on days 1 to n: B (1 - (1+e)^-n) / (n e)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = -np.expm1(-expected_days * np.log1p(daily_rates)) / (
            expected_days * daily_rates
        )
    worth = np.where(daily_rates == 0, 1.0, worth)
    return np.asarray(balance_minor * worth, dtype=np.float64)


def accrued_income(
    carrying_minor: IntegerArray,
    repaid_minor: IntegerArray,
    days: IntegerArray,
    daily_rates: FloatArray,
) -> FloatArray:
    """Interest on a carrying amount C over g days in which R was repaid evenly.

    C ((1+e)^g - 1) - (R / g) (((1+e)^g - 1) / e - g): for one day, C e. A day without a
    repayment accrues like every other; 0 where none has passed, or nothing is carried.
    """
    # Far beyond any fee, and short of what no float can hold.
    growth = np.expm1(np.minimum(days * np.log1p(daily_rates), _MOST_GROWTH))
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = repaid_minor / days * (growth / daily_rates - days)
    is_any = (days > 0) & (daily_rates != 0) & (carrying_minor > 0)
    return np.where(is_any, carrying_minor * growth - lost, 0.0)


class Position(NamedTuple):
    """Where advances stand at the end of a night, int64 [advances], all totals.

    ``repaid`` counts until a write-off, ``recovered`` after it, ``written_off`` is the
    balance lost by it and ``forgone_fee`` the part of that which was never income. An
    advance not booked yet is at 0.
    """

    advance: IntegerArray
    fee: IntegerArray
    repaid: IntegerArray
    recovered: IntegerArray
    written_off: IntegerArray
    forgone_fee: IntegerArray
    carrying: IntegerArray
    allowance: IntegerArray

    @property
    def balance(self) -> IntegerArray:
        """What is still owed: advance + fee - repaid - written off."""
        return self.advance + self.fee - self.repaid - self.written_off

    @property
    def deferred_fee(self) -> IntegerArray:
        """The part of the balance that is not carried."""
        return self.balance - self.carrying

    @property
    def recognised_fee(self) -> IntegerArray:
        """Income and catch-up so far: fee - deferred - forgone."""
        return self.fee - self.deferred_fee - self.forgone_fee


class Facts(NamedTuple):
    """What is known tonight, [advances]: int64 totals, and whether it is lost.

    ``repaid`` is at most advance + fee, and for a written-off advance what came before.
    """

    advance: IntegerArray
    fee: IntegerArray
    repaid: IntegerArray
    recovered: IntegerArray
    is_written_off: BooleanArray

    @property
    def balance(self) -> IntegerArray:
        """What is still owed and not written off."""
        return np.where(self.is_written_off, 0, self.advance + self.fee - self.repaid)


class Expectation(NamedTuple):
    """How a night values the balances: days passed and to come, rate, losses."""

    days: IntegerArray
    expected_days: FloatArray
    daily_rates: FloatArray
    allowance: IntegerArray


class Night(NamedTuple):
    """What a night adds, int64 [advances], and the position it ends with.

    carrying: opens + disbursed + income + catch_up - repaid - used = closes.
    allowance: opens + charged - used = closes.
    """

    disbursed: IntegerArray
    fee: IntegerArray
    repaid: IntegerArray
    recovered: IntegerArray
    written_off: IntegerArray
    forgone_fee: IntegerArray
    income: IntegerArray
    catch_up: IntegerArray
    charged: IntegerArray
    used: IntegerArray
    closing: Position


def roll_forward(opening: Position, facts: Facts, expected: Expectation) -> Night:
    """Return what leads from one position to what is known on a later night.

    Whatever the facts say differently now, of whichever day, is a movement of tonight:
    nothing earlier is touched. Income is at most the fee still deferred, and takes back
    at most what was income. A write-off uses the carrying amount out of the allowance,
    which is first charged up to it, and forgoes the fee deferred until then.
    """
    disbursed = facts.advance - opening.advance
    repaid = facts.repaid - opening.repaid
    owed = facts.advance + facts.fee
    written_off = np.where(facts.is_written_off, owed - facts.repaid, 0)
    lost = written_off - opening.written_off
    base = opening.carrying + disbursed
    accrued = accrued_income(base, repaid, expected.days, expected.daily_rates)
    fee = facts.fee - opening.fee
    income = _bounded(accrued, opening, fee)
    carried = base + income - repaid
    # Where nothing is written off (any more), the whole of it is taken back.
    forgone: IntegerArray = np.where(
        facts.is_written_off, lost - carried, -opening.forgone_fee
    )
    used = lost - forgone
    worth = present_values(facts.balance, expected.expected_days, expected.daily_rates)
    carrying = round_half_up(worth)
    closing = Position(
        facts.advance,
        facts.fee,
        facts.repaid,
        facts.recovered,
        written_off,
        opening.forgone_fee + forgone,
        carrying,
        np.minimum(expected.allowance, carrying),
    )
    return Night(
        disbursed=disbursed,
        fee=fee,
        repaid=repaid,
        recovered=facts.recovered - opening.recovered,
        written_off=lost,
        forgone_fee=forgone,
        income=income,
        catch_up=carrying - (carried - used),
        charged=closing.allowance - opening.allowance + used,
        used=used,
        closing=closing,
    )


def _bounded(
    accrued: FloatArray, opening: Position, fee_change: IntegerArray
) -> IntegerArray:
    """Income of at most the fee deferred, taking back at most what was income."""
    # As a float: a rate by day grows past any whole number over idle years.
    earned = np.maximum(opening.recognised_fee, 0)
    most = opening.deferred_fee + fee_change
    return round_half_up(np.clip(accrued, -earned, most))
