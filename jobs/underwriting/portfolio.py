"""The portfolio: who has a place where a night's budget or a group's room is short.

Places go by risk-adjusted return, best first, and a tie by seller_id. Where something
is short, everyone after the first who does not fit waits: no smaller advance jumps the
queue.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import (
    BooleanArray,
    FloatArray,
    IntegerArray,
    TextArray,
)
from jobs.underwriting.exposure import entity_limit
from jobs.underwriting.health import numbers
from jobs.underwriting.policy import Policy

#: Returns are told apart to a ten-thousandth of a per cent.
_RETURN_DECIMALS = 6


@dataclass(frozen=True)
class Wanted:
    """What each seller's new offers would add to what was promised, all [sellers].

    ``advance_minor`` is the cash and ``owed_minor`` the exposure beyond the largest of
    the offers that hold; 0 where the new ones add nothing.
    """

    advance_minor: IntegerArray
    owed_minor: IntegerArray
    annual_return_rate: FloatArray


def places(
    rows: pd.DataFrame,
    wanted: Wanted,
    committed: pd.DataFrame,
    policy: Policy,
    as_of_date: dt.date,
) -> BooleanArray:
    """Return who has a place under the budget and the groups' caps [sellers].

    ``rows`` are the health rows of the sellers with new offers; ``committed`` those of
    all sellers of the night, with ``committed_minor``: what each owes already and would
    owe by an offer that holds. Who adds nothing always has a place. Without
    [portfolio] in the policy everyone has.
    """
    has_place = np.ones(len(rows), dtype=bool)
    if policy.portfolio is None or rows.empty:
        return has_place
    queue = _queue(rows, wanted.annual_return_rate)
    fits = np.empty(len(rows), dtype=bool)
    for groups, amount, room in _cuts(rows, wanted, committed, policy, as_of_date):
        asked = np.where(has_place, amount, 0)
        taken = pd.Series(asked[queue]).groupby(groups[queue]).cumsum()
        fits[queue] = taken.to_numpy() <= room[queue]
        has_place &= fits | (asked == 0)
    return has_place


def cohort_months(health: pd.DataFrame, as_of_date: dt.date) -> pd.Series:
    """Month of each seller's first sale, such as 2026-03 [rows]."""
    since = pd.to_timedelta(np.maximum(numbers(health, "tenure_days") - 1, 0), unit="D")
    return pd.Series((pd.Timestamp(as_of_date) - since).strftime("%Y-%m"))


def _queue(rows: pd.DataFrame, annual_return_rate: FloatArray) -> IntegerArray:
    known = np.where(np.isfinite(annual_return_rate), annual_return_rate, 0.0)
    best_first = -np.round(known, _RETURN_DECIMALS)
    return np.lexsort((rows["seller_id"].to_numpy(dtype=str), best_first))


def _cuts(
    rows: pd.DataFrame,
    wanted: Wanted,
    committed: pd.DataFrame,
    policy: Policy,
    as_of_date: dt.date,
) -> Iterator[tuple[TextArray, IntegerArray, FloatArray]]:
    """Yield each row's group, what it asks of the group, and the group's room."""
    codes = rows["currency_code"]
    floor = policy.currency_amounts(codes, "group_exposure_floor_minor")
    both = pd.concat(
        [
            committed[["currency_code", "committed_minor"]],
            pd.DataFrame(
                {"currency_code": codes, "committed_minor": wanted.owed_minor}
            ),
        ]
    )
    book = codes.map(both.groupby("currency_code")["committed_minor"].sum()).to_numpy()
    for name, share in _shares(policy).items():
        mine = _group(name, rows, as_of_date)
        all_of = pd.Series(committed["committed_minor"].to_numpy(dtype=np.float64))
        owed_by = all_of.groupby(_group(name, committed, as_of_date)).sum()
        limit = entity_limit(floor, book, share)
        limit = np.where(_is_free(name, rows, policy), np.inf, limit)
        yield (
            mine,
            wanted.owed_minor,
            limit - owed_by.reindex(mine, fill_value=0.0).to_numpy(),
        )
    budget = policy.currency_amounts(codes, "nightly_budget_minor")
    yield codes.to_numpy(), wanted.advance_minor, budget.astype(np.float64)


def _shares(policy: Policy) -> dict[str, float]:
    if policy.portfolio is None:
        return {}
    return {
        "cohort": policy.portfolio.cohort_book_share_rate,
        "country": policy.portfolio.country_book_share_rate,
    }


def _group(name: str, health: pd.DataFrame, as_of_date: dt.date) -> TextArray:
    """Return currency and cohort, or currency and country, of each row."""
    if name == "cohort":
        group = cohort_months(health, as_of_date).to_numpy()
    else:
        group = health["country_code"].to_numpy()
    return np.asarray(health["currency_code"].to_numpy() + "/" + group, dtype=object)


def _is_free(name: str, rows: pd.DataFrame, policy: Policy) -> BooleanArray:
    """Whether the cap of a row's group means nothing [rows].

    Old sellers are no cohort, and a country alone in its currency is the whole book.
    """
    if name == "cohort" and policy.portfolio:
        return numbers(rows, "tenure_days") > policy.portfolio.cohort_within_days
    of_each = [code for each in policy.countries.values() for code in each.currencies]
    sharing = rows["currency_code"].map(pd.Series(of_each).value_counts())
    return np.asarray(sharing == 1, dtype=bool)
