"""Policies replayed on past days: what was lent, and what sales then repaid.

Rows are cases: a seller and currency that passed the gate at an origin, the last day
known. Every policy compared decides on the same cases, under the same cap on a single
name. Amounts are in units of the smallest advance of the case's currency, the policy's
own measure of a like amount, so that currencies can be added up.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.distribution import (
    QuantileLine,
    expected_minimum,
    probability_at_least,
)
from jobs.underwriting.sizing import annual_sales, run_rate

_QUARTER_DAYS = 91
_BISECTIONS = 60
#: A seller who stops sooner has shown no level, so the oracle knows no more than we.
_LEAST_LEVEL_DAYS = 28


@dataclass(frozen=True)
class Cases:
    """Who passed the gate, and what they then sold.

    ``rows`` are their health rows; ``origin`` and ``seller`` [rows] are numbers of the
    origin and of the seller and currency; ``unit_minor`` [rows] is one unit of money.
    ``sold`` [rows, window days] is cumulative sales after the origin, in units.
    """

    rows: pd.DataFrame
    origin: IntegerArray
    seller: IntegerArray
    unit_minor: FloatArray
    sold: FloatArray


@dataclass(frozen=True)
class Promise:
    """What the forecast said of the cases, in units; lines are [edges, rows].

    ``at_term`` and ``at_window`` are the quantile functions of cumulative sales by the
    term and by the end of the window. ``is_extrapolated`` [rows] marks forecasts of the
    term that no past origin has taught.
    """

    at_term: QuantileLine
    at_window: QuantileLine
    is_extrapolated: BooleanArray


@dataclass(frozen=True)
class Lending:
    """What one policy lent: advance and owed amount, 0 where nothing [rows]."""

    name: str
    advance: FloatArray
    owed: FloatArray
    holdback_rate: float


@dataclass(frozen=True)
class Outcome:
    """What became of a lending, every array [rows]; sums and means need ``is_funded``.

    ``loss`` is what of the advance did not come back in the window, all cash counted
    to the advance first, so no fee can hide it. ``payoff_days`` is NaN where the window
    ended first. ``money_days`` adds up what of the advance was out, day by day.
    """

    lending: Lending
    is_funded: BooleanArray
    is_repaid: BooleanArray
    collected: FloatArray
    loss: FloatArray
    shortfall: FloatArray
    payoff_days: FloatArray
    money_days: FloatArray
    probability: FloatArray
    expected_shortfall: FloatArray


def replay(cases: Cases, lending: Lending, promise: Promise, term_days: int) -> Outcome:
    """Let each advance be repaid by the sales that really followed.

    By day t the holdback has collected min(T, r S_t), whole only once r S_t >= T.
    ``is_repaid`` says whether that was by the term, ``probability`` how likely the
    forecast called it, and ``expected_shortfall`` is E[(T - r S_W)+] of the window's
    end W, all at the origin.
    """
    advance, owed, rate = lending.advance, lending.owed, lending.holdback_rate
    cash = np.minimum(rate * cases.sold, owed[:, None])
    window = cases.sold.shape[1]
    short_days = np.count_nonzero(rate * cases.sold < owed[:, None], axis=1)
    out = np.maximum(advance[:, None] - cash, 0.0)
    level = owed / rate
    expected = rate * expected_minimum(promise.at_window, level)
    return Outcome(
        lending=lending,
        is_funded=advance > 0,
        is_repaid=short_days < term_days,
        collected=cash[:, -1],
        loss=out[:, -1],
        shortfall=owed - cash[:, -1],
        payoff_days=np.where(short_days < window, short_days + 1.0, np.nan),
        # What is out as each day begins, the first with all of the advance.
        money_days=advance + out[:, :-1].sum(axis=1),
        probability=probability_at_least(promise.at_term, level),
        expected_shortfall=np.maximum(owed - expected, 0.0),
    )


def join_cases(parts: list[Cases]) -> Cases:
    """Join the cases of several origins, row after row."""
    return Cases(
        pd.concat([part.rows for part in parts], ignore_index=True),
        np.concatenate([part.origin for part in parts]),
        np.concatenate([part.seller for part in parts]),
        np.concatenate([part.unit_minor for part in parts]),
        np.concatenate([part.sold for part in parts]),
    )


def join_lendings(parts: list[Lending]) -> Lending:
    """Join what one policy lent at several origins, row after row."""
    return replace(
        parts[0],
        advance=np.concatenate([part.advance for part in parts]),
        owed=np.concatenate([part.owed for part in parts]),
    )


def join_promises(parts: list[Promise]) -> Promise:
    """Join what was said at several origins, row after row."""
    return Promise(
        _join_lines([part.at_term for part in parts]),
        _join_lines([part.at_window for part in parts]),
        np.concatenate([part.is_extrapolated for part in parts]),
    )


def _join_lines(lines: list[QuantileLine]) -> QuantileLine:
    levels = [np.asarray(line.values) for line in lines]
    return QuantileLine(lines[0].edges, np.concatenate(levels, axis=1))


def rules_of_thumb(cases: Cases) -> dict[str, FloatArray]:
    """Return the sizes of the rules that a policy must beat, in units [rows].

    12 % of annualised sales; a share of the last 91 days; the smaller of both. Their
    shares do not matter: they are rescaled to the policy's volume.
    """
    quarter = cases.rows["repayable_91_days_minor"].to_numpy(dtype=np.float64)
    sizes = {
        "12 % of a year": annual_sales(cases.rows),
        "share of 91 days": quarter,
        "smaller of both": run_rate(cases.rows),
    }
    return {name: size / cases.unit_minor for name, size in sizes.items()}


def level_oracle(cases: Cases) -> FloatArray:
    """Return what a sizer knows who is told the true level but not who stops [rows].

    Sales a day from the origin to the last sale in the window, the level while selling;
    the last 91 days' where that is within four weeks.
    """
    total = cases.sold[:, -1]
    last_day = np.count_nonzero(cases.sold < total[:, None], axis=1) + 1
    quarter = cases.rows["repayable_91_days_minor"].to_numpy(dtype=np.float64)
    known = quarter / cases.unit_minor / _QUARTER_DAYS
    has_level = (last_day >= _LEAST_LEVEL_DAYS) & (total > 0)
    return np.where(has_level, total / last_day, known)


def within_name_cap(
    size: FloatArray, origin: IntegerArray, book_share_rate: float
) -> FloatArray:
    """Return min(size, share x the origin's book before the cap) [rows].

    A share of the policy's own book, so that a constant in front of all sizes changes
    nothing: capping and rescaling commute. The volume is left to fall.
    """
    book = np.bincount(origin, weights=size)
    return np.asarray(np.minimum(size, book_share_rate * book[origin]))


def at_volume(
    name: str,
    size: FloatArray,
    cases: Cases,
    policy: Lending,
    book_share_rate: float,
) -> Lending:
    """Lend k x size, with the one constant k that gives the policy's volume.

    Below one unit, the smallest advance, nobody is lent to, as by a policy; then the
    cap on a single name holds. The last per mille of volume, which no k reaches because
    sellers come in whole, is scaled. The policy's average fee is charged, so that terms
    and yields compare too; the loss does not depend on it.
    """

    def lent(constant: float) -> FloatArray:
        wanted = constant * size
        offered = np.where(wanted >= 1.0, wanted, 0.0)
        return within_name_cap(offered, cases.origin, book_share_rate)

    volume = float(policy.advance.sum())
    low, high = 0.0, 1.0 / float(size[size > 0].min(initial=1.0))
    while lent(high).sum() < volume:
        high *= 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if lent(middle).sum() < volume else (low, middle)
    advance = lent(high)
    advance = advance * (volume / advance.sum())
    owed = advance * (policy.owed.sum() / volume)
    return Lending(name, advance, owed, policy.holdback_rate)


def capped(lending: Lending, origin: IntegerArray, book_share_rate: float) -> Lending:
    """Return the lending under the cap on a single name, each fee rate kept."""
    advance = within_name_cap(lending.advance, origin, book_share_rate)
    kept = advance / np.where(lending.advance > 0, lending.advance, 1.0)
    return replace(lending, advance=advance, owed=lending.owed * kept)
