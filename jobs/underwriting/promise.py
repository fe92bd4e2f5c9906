"""The validity promise: an open offer holds for its life; only listed events end it.

A night looks at every offer that was open when it began, says which hold, and opens
new ones only where none holds or where the new terms are better for the seller.
"""

import datetime as dt

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.health import numbers
from jobs.underwriting.ladder import OFFERED, Rungs, spaced
from jobs.underwriting.policy import Policy
from jobs.underwriting.pricing import TOLERANCE_MINOR
from jobs.underwriting.reasons import BY_CODE, REASONS
from jobs.underwriting.refills import settles_what_is_owed

#: What ends an open offer, beside its last day and every reason of standing.
ADVANCE_ACCEPTED = "ADVANCE_ACCEPTED"  # the seller took another offer of the currency
BETTER_TERMS = "BETTER_TERMS"  # replaced by terms better for the seller
LAST_DAY = "LAST_DAY"  # replaced on the last day of its life
NIGHT_REPEATED = "NIGHT_REPEATED"  # an earlier night, run again, made another offer
ADVANCE_OWED = "ADVANCE_OWED"  # an advance is owed that the offer would not settle
EVENTS = (ADVANCE_ACCEPTED, BETTER_TERMS, LAST_DAY, NIGHT_REPEATED, ADVANCE_OWED)

_TOLERANCE_RATE = 1e-12
_ACCOUNT = ["seller_id", "currency_code"]
_TIER = [*_ACCOUNT, "target_term_days"]
_TERMS = ("advance_minor", "fee_rate", "holdback_rate")


def review(
    open_offers: pd.DataFrame,
    reasons: pd.DataFrame,
    as_of_date: dt.date,
    health: pd.DataFrame,
) -> pd.DataFrame:
    """Say which of the offers that were open still hold, and why the others do not.

    ``open_offers`` has one row an offer: offer_id, seller_id, currency_code,
    target_term_days, the night it was ``opened_date`` on, ``refilled_advance_id``: the
    advance it settles, if any, and ``accepted_offer_id``: the offer behind the advance
    that the seller accepted since, if any. ``reasons`` are the night's failed rules,
    ``health`` its rows. Reasons of credit and faults of the data end nothing. An offer
    whose old advance was paid off meanwhile holds, and settles nothing.

    Returns the rows in order of seller, currency, term and night, with ``outcome``
    (kept | accepted | expired | withdrawn | replaced), the ``reason_code`` of the end
    and ``superseded_by_offer_id``.
    """
    offers = open_offers.sort_values([*_TIER, "opened_date", "offer_id"])
    offers = offers.reset_index(drop=True)
    newest = offers.groupby(_TIER)["offer_id"].transform("last")
    standing = _first_standing(reasons)
    barred = offers[_ACCOUNT].merge(standing, on=_ACCOUNT, how="left")["reason_code"]
    accepted = offers["accepted_offer_id"]
    events = {
        "accepted": (accepted == offers["offer_id"], None),
        "expired": (offers["expires_date"] < pd.Timestamp(as_of_date), None),
        "withdrawn": (accepted.notna(), ADVANCE_ACCEPTED),
        "barred": (barred.notna(), barred),
        "owing": (~settles_what_is_owed(offers, health), ADVANCE_OWED),
        "replaced": (newest != offers["offer_id"], NIGHT_REPEATED),
    }
    outcome = pd.Series("kept", index=offers.index, dtype="str")
    code = pd.Series(None, index=offers.index, dtype="str")
    for name, (happened, cause) in reversed(events.items()):
        is_so = np.asarray(happened, dtype=bool)
        outcome[is_so] = "withdrawn" if name in ("barred", "owing") else name
        code[is_so] = cause[is_so] if isinstance(cause, pd.Series) else cause
    successor = newest.where(outcome == "replaced").astype("str")
    return offers.assign(
        outcome=outcome, reason_code=code, superseded_by_offer_id=successor
    )


def openings(
    rows: pd.DataFrame,
    rungs: Rungs,
    kept: pd.DataFrame,
    policy: Policy,
    as_of_date: dt.date,
) -> tuple[Rungs, BooleanArray, BooleanArray]:
    """Decide which rungs become offers beside, or in the place of, those that hold.

    ``rows`` are the health rows of ``rungs``, ``kept`` the offers of ``review`` that
    hold. Returns the rungs, with those declined that advance too little more than a
    shorter offer that holds; whether each tier has an offer that holds; and whether
    tonight's terms leave it in force [sellers, tiers].
    """
    held = _held(rows, kept, policy)
    is_held = held["advance_minor"] > 0
    is_better = _is_better(rungs, held, policy) | (
        held["expires_day"] <= np.datetime64(as_of_date, "D").astype(np.int64)
    )
    stays = is_held & ~((rungs.outcome == OFFERED) & is_better)
    holding = np.where(stays, held["advance_minor"], 0.0)
    return spaced(rungs, policy.sizing.minimum_tier_ratio, holding), is_held, stays


def succeeded(
    reviewed: pd.DataFrame, offers: pd.DataFrame, as_of_date: dt.date
) -> pd.DataFrame:
    """Return ``reviewed`` with the kept offers replaced whose tier was opened anew.

    ``offers`` are those opened tonight; a link leads to the one that took the place.
    """
    successor = reviewed[_TIER].merge(
        offers[[*_TIER, "offer_id"]], on=_TIER, how="left"
    )["offer_id"]
    is_replaced = (reviewed["outcome"] == "kept") & successor.notna()
    is_last_day = reviewed["expires_date"] <= pd.Timestamp(as_of_date)
    cause = pd.Series(np.where(is_last_day, LAST_DAY, BETTER_TERMS), dtype="str")
    links = reviewed["superseded_by_offer_id"]
    return reviewed.assign(
        outcome=reviewed["outcome"].where(~is_replaced, "replaced"),
        reason_code=reviewed["reason_code"].where(~is_replaced, cause),
        superseded_by_offer_id=links.where(~is_replaced, successor),
    )


def _held(
    rows: pd.DataFrame, kept: pd.DataFrame, policy: Policy
) -> dict[str, FloatArray]:
    """Return the terms of each offer that holds, 0 for none [sellers, tiers]."""
    days = kept["expires_date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    terms = {
        **{name: numbers(kept, name) for name in _TERMS},
        "expires_day": days.astype(np.float64),
    }
    held = {name: np.zeros((len(rows), len(policy.tiers))) for name in terms}
    accounts = pd.MultiIndex.from_frame(rows[_ACCOUNT])
    for tier, each in enumerate(policy.tiers):
        places = np.flatnonzero(kept["target_term_days"] == each.target_term_days)
        of_tier = pd.MultiIndex.from_frame(kept[_ACCOUNT].iloc[places])
        # Of an offer to a seller that is not priced tonight the row is -1.
        row = accounts.get_indexer(of_tier)
        for name, values in terms.items():
            held[name][row[row >= 0], tier] = values[places[row >= 0]]
    return held


def promised(rows: pd.DataFrame, kept: pd.DataFrame, name: str) -> IntegerArray:
    """Return ``name``, advance_minor or owed_minor, of each seller's largest offer.

    Among the offers that hold; 0 where there is none [rows].
    """
    largest = kept.groupby(_ACCOUNT, as_index=False)[name].max()
    found = rows[_ACCOUNT].merge(largest, on=_ACCOUNT, how="left")[name]
    return found.fillna(0).to_numpy(dtype=np.int64)


def promised_beyond(health: pd.DataFrame, kept: pd.DataFrame) -> IntegerArray:
    """Return the most each seller would owe by an offer that holds, above its balance.

    Above, where the offer settles that balance; else beside it. 0 for none [rows].
    """
    refills = kept[kept["refilled_advance_id"].notna()]
    balance = np.maximum(numbers(health, "open_advance_balance_minor"), 0.0)
    is_refill = promised(health, refills, "owed_minor") > 0
    settled = np.where(is_refill, balance, 0.0).astype(np.int64)
    beyond = promised(health, kept, "owed_minor") - settled
    return np.asarray(np.maximum(beyond, 0), dtype=np.int64)


def _first_standing(reasons: pd.DataFrame) -> pd.DataFrame:
    """Return each seller's first reason of standing, in the order of the catalogue."""
    order = {reason.code: place for place, reason in enumerate(REASONS)}
    is_standing = reasons["reason_code"].map(
        lambda code: BY_CODE[code].category == "standing"
    )
    found = reasons.loc[is_standing.to_numpy(dtype=bool), [*_ACCOUNT, "reason_code"]]
    ranked = found.assign(place=found["reason_code"].map(order))
    return ranked.sort_values("place").drop_duplicates(_ACCOUNT).drop(columns="place")


def _is_better(
    rungs: Rungs, held: dict[str, FloatArray], policy: Policy
) -> BooleanArray:
    """Nothing worse, and the advance or the fee rate better by the policy's margin."""
    margin = policy.offers.minimum_improvement_rate
    if margin is None:
        return np.zeros(rungs.outcome.shape, dtype=bool)
    advance, fee_rate = held["advance_minor"], held["fee_rate"]
    nothing_worse = (
        (rungs.advance_minor >= advance)
        & (rungs.fee_rate <= fee_rate)
        & (policy.sizing.holdback_rate <= held["holdback_rate"])
    )
    # The thousandth, and its like of a rate, forgive that 0.1 is not exact in binary.
    clearly = (rungs.advance_minor >= advance * (1 + margin) - TOLERANCE_MINOR) | (
        rungs.fee_rate <= fee_rate * (1 - margin) + _TOLERANCE_RATE
    )
    return np.asarray(nothing_worse & clearly, dtype=bool)
