"""The journal of the book: a debit and a credit for whatever moved an advance."""

import uuid
from typing import NamedTuple

import numpy as np
import pandas as pd

_NAMESPACE = uuid.UUID("0d0c2c9e-5b7e-5d57-8f0e-6c1d3f0b9a24")

CASH = "cash"
RECEIVABLE = "advances_receivable"  # what is owed, fee included
DEFERRED = "deferred_fees"  # against it: the fee that is not income yet
ALLOWANCE = "allowance"  # against it: what is expected to be lost
INCOME = "fee_income"
IMPAIRMENT = "impairment_expense"
RECOVERIES = "recoveries"
DISCOUNTS = "fee_discounts"  # old fee waived by a refill, against income


class Posting(NamedTuple):
    """How one movement is booked; a negative one swaps the sides."""

    kind: str
    column: str
    debit: str
    credit: str


#: Every kind of entry, by the column of the book that it posts.
POSTINGS = (
    Posting("disbursement", "disbursed_change_minor", RECEIVABLE, CASH),
    Posting("fee", "fee_change_minor", RECEIVABLE, DEFERRED),
    Posting("repayment", "repaid_change_minor", CASH, RECEIVABLE),
    Posting("income", "income_minor", DEFERRED, INCOME),
    Posting("catch_up", "catch_up_minor", DEFERRED, INCOME),
    Posting("allowance_charge", "allowance_charge_minor", IMPAIRMENT, ALLOWANCE),
    Posting("write_off", "allowance_use_minor", ALLOWANCE, RECEIVABLE),
    Posting("forgone_fee", "forgone_fee_change_minor", DEFERRED, RECEIVABLE),
    Posting("recovery", "recovered_change_minor", CASH, RECOVERIES),
    Posting("fee_discount", "discount_change_minor", DISCOUNTS, CASH),
)
_KEY = ["advance_id", "seller_id", "as_of_date", "currency_code"]


def journal_entries(days: pd.DataFrame) -> pd.DataFrame:
    """Return two lines for each movement other than 0 of one night's rows of the book.

    The id of an entry is the UUIDv5 of night, advance and kind, and its lines add the
    side: the same movement has the same ids however often it is made. Every entry, so
    every night and currency, balances.
    """
    lines = [_lines(days, posting) for posting in POSTINGS]
    return pd.concat(lines, ignore_index=True)


def _lines(days: pd.DataFrame, posting: Posting) -> pd.DataFrame:
    moved = days.loc[days[posting.column] != 0, [*_KEY, posting.column]]
    amount = moved.pop(posting.column)
    night = f"{days['as_of_date'].max():%Y-%m-%d}" if len(moved) else ""
    entry_ids = [
        str(uuid.uuid5(_NAMESPACE, f"{night}\n{posting.kind}\n{advance_id}"))
        for advance_id in moved["advance_id"]
    ]
    moved = moved.assign(journal_entry_id=entry_ids, kind=posting.kind)
    sides = [
        moved.assign(
            journal_line_id=[f"{entry_id}-{number}" for entry_id in entry_ids],
            account=account,
            debit_minor=np.maximum(signed, 0),
            credit_minor=np.maximum(-signed, 0),
        )
        for number, account, signed in (
            (1, posting.debit, amount),
            (2, posting.credit, -amount),
        )
    ]
    return pd.concat(sides, ignore_index=True)
