"""Offers under the guard: smaller where it limits, none until a person has looked."""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from jobs.underwriting.distribution import QuantileGrid, joined
from jobs.underwriting.guard import LIMIT, limited
from jobs.underwriting.offers import Book, Offers, make_offers
from jobs.underwriting.policy import Policy

#: What a tier is called that waits for a person, and why.
HELD, UNUSUAL_SALES = "review", "UNUSUAL_SALES"
#: The cap that the guard sets, beside those of ``sizing.CAPS``.
GUARD_CAP = "unusual_sales"
#: Where one of these set the size, it was by inputs that the guard made smaller.
_CAPS_BY_SALES = ("confidence", "sales_share", "annual_share")

_ACCOUNT = ["seller_id", "currency_code"]
_TIER = [*_ACCOUNT, "target_term_days"]


@dataclass(frozen=True)
class Inputs:
    """All that a night's offers are made of.

    ``eligible`` are health rows aligned with ``grid``; ``findings`` are the guard's,
    and ``past`` is what was forecast 28 days ago, aligned with the findings of verdict
    limit, in their order; None without any.
    """

    eligible: pd.DataFrame
    grid: QuantileGrid
    book: Book
    findings: pd.DataFrame
    past: QuantileGrid | None


def guarded_offers(inputs: Inputs, policy: Policy, as_of_date: dt.date) -> Offers:
    """Make the night's offers under the guard's findings.

    A tier that would be offered without the guard and is not under it has the outcome
    review and the reason UNUSUAL_SALES: the guard declines nobody. Sellers without a
    finding are what ``make_offers`` makes of them.

    Raises:
        ValueError: a finding of a seller that is not eligible.

    """
    eligible, grid, book = inputs.eligible, inputs.grid, inputs.book
    found = _placed(inputs)
    if found.empty:
        return make_offers(eligible, grid, policy, as_of_date, book)
    where = found["index"].to_numpy(dtype=np.int64)
    # Not under the night's budget: what the guard holds back takes nobody's place.
    free = make_offers(
        eligible.iloc[where],
        grid.take(where),
        policy,
        as_of_date,
        replace(book, is_rationed=False),
    ).evaluations
    made = make_offers(*underwritten(inputs), policy, as_of_date, book)
    held = free.merge(found.loc[found["verdict"] != LIMIT, _ACCOUNT], on=_ACCOUNT)
    evaluations = pd.concat([made.evaluations, held], ignore_index=True)
    return replace(made, evaluations=_told(evaluations, held, free))


def underwritten(inputs: Inputs) -> tuple[pd.DataFrame, QuantileGrid]:
    """Return what offers are made of: the sellers as the guard lets them be seen.

    Health rows aligned with their quantiles: those of limited sellers are smaller and
    come last, those of sellers under review are left out.
    """
    eligible, grid, found = inputs.eligible, inputs.grid, _placed(inputs)
    if found.empty:
        return eligible, grid
    where = found["index"].to_numpy(dtype=np.int64)
    usual = np.setdiff1d(np.arange(len(eligible)), where)
    rows, values = eligible.iloc[usual], grid.take(usual)
    if inputs.past is None:
        return rows, values
    is_limited = (found["verdict"] == LIMIT).to_numpy()
    chosen = where[is_limited]
    smaller = limited(
        eligible.iloc[chosen], grid.take(chosen), found[is_limited], inputs.past
    )
    return pd.concat([rows, smaller[0]]), joined(values, smaller[1])


def _placed(inputs: Inputs) -> pd.DataFrame:
    """Return the findings with the place of their seller among the eligible."""
    places = inputs.eligible[_ACCOUNT].reset_index(drop=True).reset_index()
    found = inputs.findings.reset_index(drop=True)
    found = found.merge(places, on=_ACCOUNT, how="left")
    if found["index"].isna().any():
        message = "The guard found sellers that are not eligible: run `decide` again."
        raise ValueError(message)
    return found


def _told(
    evaluations: pd.DataFrame, held: pd.DataFrame, free: pd.DataFrame
) -> pd.DataFrame:
    """Say of each tier what the guard made of it, compared with ``free`` of it."""
    without = evaluations[_TIER].merge(free, on=_TIER, how="left")
    accounts = held[_ACCOUNT].drop_duplicates()
    is_held = (
        evaluations[_ACCOUNT].merge(accounts, how="left", indicator=True)["_merge"]
        == "both"
    )
    was_offered = without["outcome"] == "offered"
    # What is short of a place in the portfolio is not short of it by the guard.
    is_refused = (evaluations["outcome"] == "declined") & (
        evaluations["reason_code"] != "BUDGET_EXHAUSTED"
    )
    waits = was_offered & (is_held | is_refused)
    is_smaller = (
        evaluations["capped_advance_minor"] < without["capped_advance_minor"]
    ) & evaluations["binding_cap"].isin(_CAPS_BY_SALES)
    told = evaluations.assign(
        outcome=evaluations["outcome"].mask(waits, HELD),
        reason_code=evaluations["reason_code"].mask(waits, UNUSUAL_SALES),
        binding_cap=evaluations["binding_cap"].mask(is_smaller | waits, GUARD_CAP),
        offered_advance_minor=evaluations["offered_advance_minor"].mask(waits, 0),
    )
    return told.sort_values(_TIER, ignore_index=True)
