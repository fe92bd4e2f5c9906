"""Offer changes: why a seller's largest offer is another than the night before.

A waterfall in money. Starting from what stood behind the old offer, one thing after
another is put at its new value and the size is worked out again; what is between the
size and the offer on show goes to whatever barred or limited it, then and now. So the
shares add up to the change, to the minor unit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import IntegerArray, TextArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.ladder import OFFERED, make_rungs
from jobs.underwriting.policy import Policy
from jobs.underwriting.reasons import BY_CODE
from jobs.underwriting.sizing import NO_LIMIT_MINOR

#: What can move an offer: sales and forecast; price, by another policy or fee; the caps
#: of names; the night's budget; a restriction of standing or a review; the data; an
#: advance that was taken or is owed; the promise of an older offer.
DRIVERS = (
    "sales",
    "forecast",
    "price",
    "cap",
    "budget",
    "restriction",
    "data",
    "advance",
    "promise",
)
_OF_CATEGORY = {
    "credit": "sales",
    "standing": "restriction",
    "review": "restriction",
    "data": "data",
    "budget": "budget",
}
_OF_CODE = {
    "ADVANCE_ACCEPTED": "advance",
    "OPEN_ADVANCE_NOT_PAID_DOWN": "advance",
    "MINIMUM_MISSED": "advance",
    "COOLING_OFF": "advance",
    "REPAYMENT_UNLIKELY": "forecast",
    "PRICE_ABOVE_CAP": "price",
    "EXPOSURE_LIMIT": "cap",
}


def driver_of(reason_code: str) -> str:
    """Return the driver that a reason speaks for."""
    return _OF_CODE.get(reason_code) or _OF_CATEGORY[BY_CODE[reason_code].category]


@dataclass(frozen=True)
class Side:
    """What stood behind the offers on show, one row a seller and currency.

    ``rows`` has what sizing reads of health, ``grid`` is aligned with it, ``policy``
    was in force, ``shown_minor`` is the largest advance on show, and
    ``barred_by`` the driver of what stood between size and show.
    """

    rows: pd.DataFrame
    grid: QuantileGrid
    policy: Policy
    shown_minor: IntegerArray
    barred_by: TextArray


def waterfall(before: Side, after: Side) -> pd.DataFrame:
    """Return the share of each driver, ``by_<driver>_minor``, in the change [rows].

    The sides are aligned by row. Shares of a row add up to what is on show after less
    what was on show before.
    """
    steps = [
        _sizes(before.rows, before.grid, before.policy),
        _sizes(after.rows, before.grid, before.policy),
        _sizes(after.rows, after.grid, before.policy),
    ]
    # Most nights have the policy of the night before, and nothing moves by it.
    is_same = after.policy == before.policy
    last = steps[-1] if is_same else _sizes(after.rows, after.grid, after.policy)
    steps.append(last)
    shares = dict.fromkeys(DRIVERS, np.zeros(len(before.rows), dtype=np.int64))
    for driver, low, high in zip(DRIVERS, steps, steps[1:], strict=False):
        shares[driver] = high - low
    for driver in DRIVERS:
        gained = np.where(after.barred_by == driver, after.shown_minor - steps[-1], 0)
        lost = np.where(before.barred_by == driver, before.shown_minor - steps[0], 0)
        shares[driver] = shares[driver] + gained - lost
    return pd.DataFrame({f"by_{driver}_minor": shares[driver] for driver in DRIVERS})


def main_driver(shares: pd.DataFrame, change_minor: IntegerArray) -> pd.Series:
    """Return the driver that moved each offer most in the direction it went [rows].

    An offer of the same amount is another by its fee: its driver is the price.
    """
    towards = shares.to_numpy() * np.where(change_minor < 0, -1, 1)[:, None]
    chosen = np.array(DRIVERS, dtype=object)[towards.argmax(axis=1)]
    return pd.Series(np.where(change_minor == 0, "price", chosen), dtype="str")


def _sizes(rows: pd.DataFrame, grid: QuantileGrid, policy: Policy) -> IntegerArray:
    """Largest advance that the policy would offer each row alone [rows]."""
    sizes = np.zeros(len(rows), dtype=np.int64)
    known = np.flatnonzero(rows["currency_code"].isin(policy.currencies))
    free = np.full(len(known), NO_LIMIT_MINOR, dtype=np.int64)
    rungs = make_rungs(rows.iloc[known], grid.take(known), policy, free)
    offered = np.where(rungs.outcome == OFFERED, rungs.advance_minor, 0)
    sizes[known] = offered.max(axis=1, initial=0)
    return sizes
