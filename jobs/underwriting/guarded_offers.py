"""Offers under the guard: smaller where it limits, none until a person has looked."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from jobs.underwriting.distribution import QuantileGrid, joined
from jobs.underwriting.guard import LIMIT, limited
from jobs.underwriting.offers import Offers

#: What a tier is called that waits for a person, and why.
HELD, UNUSUAL_SALES = "review", "UNUSUAL_SALES"
#: The cap that the guard sets, beside those of ``sizing.CAPS``.
GUARD_CAP = "unusual_sales"
#: Where one of these set the size, it was by inputs that the guard made smaller.
_CAPS_BY_SALES = ("confidence", "sales_share", "annual_share")

_ACCOUNT = ["seller_id", "currency_code"]
_TIER = [*_ACCOUNT, "target_term_days"]


def guarded_offers(
    eligible: pd.DataFrame,
    grid: QuantileGrid,
    findings: pd.DataFrame,
    past: QuantileGrid | None,
    make: Callable[[pd.DataFrame, QuantileGrid], Offers],
) -> Offers:
    """Make the offers of ``eligible`` by ``make``, under the guard's ``findings``.

    ``past`` is what was forecast 28 days ago, aligned with the findings of verdict
    limit, in their order; None without any. A tier that would be offered without the
    guard and is not under it has the outcome review and the reason UNUSUAL_SALES: the
    guard declines nobody. Sellers without a finding are what ``make`` makes of them.

    Raises:
        ValueError: a finding of a seller that is not eligible.

    """
    places = eligible[_ACCOUNT].reset_index(drop=True).reset_index()
    found = findings.reset_index(drop=True).merge(places, on=_ACCOUNT, how="left")
    if found["index"].isna().any():
        message = "The guard found sellers that are not eligible: run `decide` again."
        raise ValueError(message)
    if found.empty:
        return make(eligible, grid)
    where = found["index"].to_numpy(dtype=np.int64)
    free = make(eligible.iloc[where], grid.take(where)).evaluations
    is_limited = (found["verdict"] == LIMIT).to_numpy()
    usual = np.setdiff1d(np.arange(len(eligible)), where)
    rows, values = eligible.iloc[usual], grid.take(usual)
    if past is not None:
        chosen = where[is_limited]
        smaller = limited(
            eligible.iloc[chosen], grid.take(chosen), found[is_limited], past
        )
        rows, values = pd.concat([rows, smaller[0]]), joined(values, smaller[1])
    made = make(rows, values)
    held = free.merge(found.loc[~is_limited, _ACCOUNT], on=_ACCOUNT)
    evaluations = pd.concat([made.evaluations, held], ignore_index=True)
    return replace(made, evaluations=_told(evaluations, held, free))


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
    waits = was_offered & (is_held | (evaluations["outcome"] != "offered"))
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
