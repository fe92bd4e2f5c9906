"""Refills: a new advance that settles what is left of the open one.

Nothing else about an offer changes: it is sized and priced on the sales ahead, all of
which repay it once the old advance is settled. What it settles is withheld from what
is paid out, so the least that may be advanced is more by that much, and the seller
comes to owe only what the new advance is above the old balance.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, IntegerArray, TextArray
from jobs.underwriting.disclosure import double_dipping, unpaid_fee
from jobs.underwriting.health import numbers
from jobs.underwriting.money import round_down
from jobs.underwriting.policy import Policy

#: What an offer says of what it settles; all are missing where it is no refill.
REFILL_COLUMNS = (
    "refilled_advance_id",
    "settled_balance_minor",
    "discount_minor",
    "net_advance_minor",
    "settled_fee_minor",
    "fee_on_old_fee_minor",
)


@dataclass(frozen=True)
class Settled:
    """What the next advance of each seller settles; 0, and no id, for nothing.

    ``balance_minor`` is what is left of the old advance, ``discount_minor`` what of it
    is waived, and ``fee_minor`` the old fee in the rest; all are [sellers].
    """

    advance_id: TextArray
    balance_minor: IntegerArray
    discount_minor: IntegerArray
    fee_minor: IntegerArray

    def repeated(self, times: int) -> "Settled":
        """Return the same with every seller so many times in a row."""
        return Settled(
            np.repeat(self.advance_id, times),
            np.repeat(self.balance_minor, times),
            np.repeat(self.discount_minor, times),
            np.repeat(self.fee_minor, times),
        )

    @property
    def is_refill(self) -> BooleanArray:
        """Whether there is anything to settle [sellers]."""
        return np.asarray(self.balance_minor > 0, dtype=np.bool_)

    @property
    def withheld_minor(self) -> IntegerArray:
        """Withheld = balance - discount: what is not paid out [sellers]."""
        return self.balance_minor - self.discount_minor


def refillable_advances(health: pd.DataFrame) -> TextArray:
    """Return the id of the advance that an offer could settle, None for none [rows].

    The marts name one where a seller owes a single advance of the currency, and it was
    paid out and not written off. Health rows of older nights name none.
    """
    if "refillable_advance_id" not in health:
        return np.full(len(health), None, dtype=object)
    ids = health["refillable_advance_id"].astype(object)
    return np.asarray(ids.where(ids.notna(), None), dtype=object)


def settled_by(rows: pd.DataFrame, policy: Policy) -> Settled:
    """Return what new advances to these sellers would settle under the policy.

    Old fee = balance x fee / owed of the old advance, rounded up; of it the policy's
    share is waived, rounded down. Without [refills] nothing is settled.
    """
    nothing = np.zeros(len(rows), dtype=np.int64)
    ids = refillable_advances(rows)
    is_refill = pd.notna(ids)
    if policy.refills is None or not is_refill.any():
        return Settled(np.full(len(rows), None), nothing, nothing, nothing)
    balance, owed, fee = (
        np.where(is_refill, np.nan_to_num(numbers(rows, name)), 0).astype(np.int64)
        for name in (
            "open_advance_balance_minor",
            "refillable_owed_minor",
            "refillable_fee_minor",
        )
    )
    old_fee = unpaid_fee(balance, fee, np.maximum(owed, 1))
    discount = round_down(policy.refills.old_fee_discount_rate * old_fee)
    return Settled(ids, balance, discount, old_fee - discount)


def refill_terms(
    settled: Settled, advance_minor: IntegerArray, fee_minor: IntegerArray
) -> dict[str, pd.Series]:
    """Return ``REFILL_COLUMNS`` of offers aligned with what they settle [offers].

    Paid out = advance - balance + discount. The advance is above 0 where the offer is a
    refill.
    """
    dipped = double_dipping(fee_minor, np.maximum(advance_minor, 1), settled.fee_minor)
    amounts = (
        settled.balance_minor,
        settled.discount_minor,
        advance_minor - settled.withheld_minor,
        settled.fee_minor,
        dipped,
    )
    columns = {
        name: pd.Series(amount).astype("Int64").where(settled.is_refill)
        for name, amount in zip(REFILL_COLUMNS[1:], amounts, strict=True)
    }
    return {REFILL_COLUMNS[0]: pd.Series(settled.advance_id, dtype="str"), **columns}


def settles_what_is_owed(offers: pd.DataFrame, health: pd.DataFrame) -> BooleanArray:
    """Whether each open offer, once accepted, leaves its seller with one advance.

    So it is where nothing is owed, or where the offer settles all that is. Rows of
    older nights name no advance that could be settled; of them nothing is said.
    """
    if "refillable_advance_id" not in health:
        return np.ones(len(offers), dtype=bool)
    account = ["seller_id", "currency_code"]
    owing = health[account].assign(
        balance=numbers(health, "open_advance_balance_minor"),
        advance_id=refillable_advances(health),
    )
    found = offers[[*account, "refilled_advance_id"]].merge(
        owing, on=account, how="left"
    )
    is_owing = found["balance"].to_numpy(dtype=np.float64) > 0
    is_same = (found["advance_id"] == found["refilled_advance_id"]).fillna(value=False)
    return np.asarray(~is_owing | is_same.to_numpy(dtype=bool), dtype=np.bool_)
