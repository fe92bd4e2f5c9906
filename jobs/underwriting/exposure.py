"""Exposure of names: what a seller and a legal entity may owe in one currency.

What is owed counts: open balances and offers with their fees, and advances written off
with a balance left. A seller accepts one offer, so only its largest counts, and of one
that settles an advance only what is above the balance of that. These caps
and those of the portfolio are the only places where one seller's offer depends on
another's.
"""

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.health import numbers
from jobs.underwriting.money import round_down
from jobs.underwriting.policy import Policy
from jobs.underwriting.sizing import NO_LIMIT_MINOR

_ENTITY = ["legal_entity_id", "currency_code"]
_NAME = ["seller_id", "currency_code", "legal_entity_id"]


def commitments(health: pd.DataFrame, promised_minor: IntegerArray) -> pd.DataFrame:
    """Health rows with ``committed_minor``: open balance plus what was promised.

    ``promised_minor`` is the most each seller would owe by an open offer that holds,
    beyond what the offer would settle [rows of ``health``].
    """
    owing = np.maximum(numbers(health, "open_advance_balance_minor"), 0.0)
    return health.assign(committed_minor=owing + promised_minor)


def entity_limits(
    rows: pd.DataFrame,
    largest_owed_minor: IntegerArray,
    replaced_minor: IntegerArray,
    committed: pd.DataFrame,
    policy: Policy,
) -> IntegerArray:
    """Return the most each seller may owe by a new offer under its name and entity.

    ``rows`` are the health rows of the sellers offered something,
    ``largest_owed_minor`` the most each would owe by an offer before this cap, fee
    included, ``replaced_minor`` by what the offer would take the place of [rows]: one
    that holds, or an advance that it settles. ``committed`` are the rows of all sellers
    of the night with ``committed_minor``, promises included. What goes beyond what is
    replaced is new. Where an entity's new amounts are more than its room each is scaled
    by the same share and rounded down, so that they fit; and no new offer, not even one
    below a promise, is larger than the limit less what others of its entity are
    committed to. Where nothing binds the limit is ``NO_LIMIT_MINOR``.
    """
    new = np.maximum(largest_owed_minor - replaced_minor, 0)
    offered = rows[_ENTITY].assign(amount=new)
    owing = committed[_NAME].assign(amount=committed["committed_minor"])
    book = _looked_up(_book(offered, owing), rows, ["currency_code"])
    floor = policy.currency_amounts(
        rows["currency_code"], "entity_exposure_floor_minor"
    )
    name_left = entity_limit(floor, book, policy.name_book_share_rate) - _looked_up(
        _sums(owing, _NAME[:2]), rows, _NAME[:2]
    )
    left = entity_limit(floor, book, policy.sizing.entity_book_share_rate) - _looked_up(
        _sums(owing, _ENTITY), rows, _ENTITY
    )
    room = entity_room(left)
    wanted = _looked_up(_sums(offered, _ENTITY), rows, _ENTITY)
    share = np.minimum(room / np.maximum(wanted, 1.0), 1.0)
    by_share = np.where(
        wanted > room, replaced_minor + round_down(new * share), NO_LIMIT_MINOR
    )
    alone = entity_room(np.minimum(left, name_left) + replaced_minor)
    by_room = np.where(largest_owed_minor > alone, round_down(alone), NO_LIMIT_MINOR)
    return np.asarray(np.minimum(by_share, by_room), dtype=np.int64)


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


def entity_room(left_minor: FloatArray) -> FloatArray:
    """Room = max(0, limit - outstanding): how much more an entity may owe."""
    return np.maximum(left_minor, 0.0)


def _book(offered: pd.DataFrame, outstanding: pd.DataFrame) -> pd.Series:
    both = pd.concat([offered, outstanding], ignore_index=True)
    return _sums(both, ["currency_code"])


def _sums(amounts: pd.DataFrame, keys: list[str]) -> pd.Series:
    return amounts.groupby(keys)["amount"].sum()


def _looked_up(sums: pd.Series, rows: pd.DataFrame, keys: list[str]) -> FloatArray:
    """Return the sum of each row's group, 0 where the group has none [rows]."""
    found = rows[keys].merge(sums.reset_index(), on=keys, how="left")["amount"]
    return found.fillna(0.0).to_numpy(dtype=np.float64)
