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
)
_KEY = ["advance_id", "seller_id", "as_of_date", "currency_code"]


def journal_entries(days: pd.DataFrame) -> pd.DataFrame:
    """Return two lines for each movement other than 0 of the rows of the book.

    Ids are UUIDv5 of night, advance, kind and side: the same movement has the same id
    however often it is exported. Every entry, so every night and currency, balances.
    """
    parts = [_lines(days, posting) for posting in POSTINGS]
    lines = pd.concat(parts, ignore_index=True)
    return lines.sort_values(["advance_id", "kind", "account"], ignore_index=True)


def _lines(days: pd.DataFrame, posting: Posting) -> pd.DataFrame:
    moved = days.loc[days[posting.column] != 0, [*_KEY, posting.column]]
    amount = moved.pop(posting.column)
    entry_ids = [
        _id(f"{day:%Y-%m-%d}", advance_id, posting.kind)
        for day, advance_id in zip(
            moved["as_of_date"], moved["advance_id"], strict=True
        )
    ]
    moved = moved.assign(journal_entry_id=entry_ids, kind=posting.kind)
    sides = []
    for account, signed in ((posting.debit, amount), (posting.credit, -amount)):
        sides.append(
            moved.assign(
                journal_line_id=[_id(entry_id, account) for entry_id in entry_ids],
                account=account,
                debit_minor=np.maximum(signed, 0),
                credit_minor=np.maximum(-signed, 0),
            )
        )
    return pd.concat(sides, ignore_index=True)


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\n".join(parts)))
