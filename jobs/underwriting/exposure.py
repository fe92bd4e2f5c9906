"""Exposure of legal entities: what one may owe in one currency, on one night.

What is owed counts: open balances and offers with their fees, and advances written off
with a balance left. A seller accepts one offer, so only its largest counts. The caps
are the only place where one seller's offer depends on another's.
"""

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.health import numbers
from jobs.underwriting.money import round_down
from jobs.underwriting.policy import Policy
from jobs.underwriting.sizing import NO_LIMIT_MINOR

_ENTITY = ["legal_entity_id", "currency_code"]


def entity_limits(
    rows: pd.DataFrame,
    largest_owed_minor: IntegerArray,
    health: pd.DataFrame,
    policy: Policy,
) -> IntegerArray:
    """Return the most each seller may newly owe under its legal entity's limit.

    ``rows`` are the health rows of the sellers offered something,
    ``largest_owed_minor`` the most each would owe by an offer before this cap, fee
    included [rows], and ``health`` the rows of all sellers of the night, whose open
    balances count too. Where an entity would owe more than its room each amount is
    scaled by the same share and rounded down, so that they fit; elsewhere the limit
    is ``NO_LIMIT_MINOR``.
    """
    offered = rows[_ENTITY].assign(amount=largest_owed_minor)
    outstanding = health[_ENTITY].assign(
        amount=np.maximum(numbers(health, "open_advance_balance_minor"), 0.0),
    )
    entity_outstanding = _looked_up(_sums(outstanding, _ENTITY), rows, _ENTITY)
    room = entity_room(
        entity_limit(
            policy.currency_amounts(
                rows["currency_code"], "entity_exposure_floor_minor"
            ),
            _looked_up(_book(offered, outstanding), rows, ["currency_code"]),
            policy.sizing.entity_book_share_rate,
        ),
        entity_outstanding,
    )
    wanted = _looked_up(_sums(offered, _ENTITY), rows, _ENTITY)
    share = np.where(wanted > room, room / np.maximum(wanted, 1.0), np.inf)
    scaled = np.where(wanted > room, largest_owed_minor * np.minimum(share, 1.0), 0.0)
    return np.where(wanted > room, round_down(scaled), NO_LIMIT_MINOR)


def entity_limit(
    floor_minor: IntegerArray,
    book_minor: FloatArray,
    book_share_rate: float,
) -> FloatArray:
    """Limit = max(floor, share of the night's book), whole minor units.

    The book of a currency is what is outstanding plus the most every seller would owe
    by an offer before this cap.
    """
    return np.maximum(floor_minor, np.floor(book_share_rate * book_minor))


def entity_room(limit_minor: FloatArray, outstanding_minor: FloatArray) -> FloatArray:
    """Room = max(0, limit - outstanding): how much more an entity may owe."""
    return np.maximum(limit_minor - outstanding_minor, 0.0)


def _book(offered: pd.DataFrame, outstanding: pd.DataFrame) -> pd.Series:
    both = pd.concat([offered, outstanding], ignore_index=True)
    return _sums(both, ["currency_code"])


def _sums(amounts: pd.DataFrame, keys: list[str]) -> pd.Series:
    return amounts.groupby(keys)["amount"].sum()


def _looked_up(sums: pd.Series, rows: pd.DataFrame, keys: list[str]) -> FloatArray:
    """Return the sum of each row's group, 0 where the group has none [rows]."""
    found = rows[keys].merge(sums.reset_index(), on=keys, how="left")["amount"]
    return found.fillna(0.0).to_numpy(dtype=np.float64)
