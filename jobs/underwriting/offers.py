"""Offers: the ladder under the caps of the night, as the two tables that are kept."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.exposure import commitments, entity_limits
from jobs.underwriting.health import require_health
from jobs.underwriting.ladder import (
    EXHAUSTED,
    OFFERED,
    OUTCOMES,
    Rungs,
    make_rungs,
)
from jobs.underwriting.policy import Policy
from jobs.underwriting.portfolio import Wanted, places
from jobs.underwriting.promise import (
    openings,
    promised,
    promised_beyond,
    succeeded,
)
from jobs.underwriting.refills import REFILL_COLUMNS, refill_terms, settled_by
from jobs.underwriting.sizing import CAPS, NO_LIMIT_MINOR

#: Fixed for ever: another namespace would give every past offer another id.
_OFFER_NAMESPACE = uuid.UUID("6f0b5b1e-3d0c-5c56-9a53-2b1f0c7d8e41")
_HASHED_NAMESPACE = hashlib.sha1(_OFFER_NAMESPACE.bytes, usedforsecurity=False)

#: What a night reads of an offer that was open when it began.
OPEN_OFFER_COLUMNS = (
    "offer_id",
    "seller_id",
    "currency_code",
    "target_term_days",
    "advance_minor",
    "owed_minor",
    "fee_rate",
    "holdback_rate",
    "opened_date",
    "expires_date",
    "refilled_advance_id",
    "accepted_offer_id",
)


_ACCOUNT = ["seller_id", "currency_code"]


#: What becomes of a tier tonight; the number of one is its place.
_STATUSES = ("offered", "kept", "declined")


@dataclass(frozen=True)
class Book:
    """What a night knows beside the sellers it prices.

    ``health`` are the rows of all sellers, eligible or not, because an advance that is
    open anywhere in a legal entity leaves less room for its other sellers.
    ``reviewed`` are the open offers as ``promise.review`` left them: one that is kept
    stays in force in its tier unless tonight's terms are better. Places in the
    portfolio are given only where it ``is_rationed``.
    """

    health: pd.DataFrame
    reviewed: pd.DataFrame
    is_rationed: bool = True


@dataclass(frozen=True)
class _Night:
    """The same for every seller: offers that outlive the night, and commitments."""

    policy: Policy
    as_of_date: dt.date
    lasting: pd.DataFrame
    committed: pd.DataFrame


@dataclass(frozen=True)
class Offers:
    """What a night made of offers.

    ``evaluations`` has a row a seller and tier, ``offers`` those opened, and
    ``open_offers`` what became of those that were open before.
    """

    evaluations: pd.DataFrame
    offers: pd.DataFrame
    open_offers: pd.DataFrame


def no_open_offers() -> pd.DataFrame:
    """Return the open offers of a first night: none."""
    dates = dict.fromkeys(("opened_date", "expires_date"), "datetime64[us]")
    names = ("offer_id", *_ACCOUNT, "refilled_advance_id", "accepted_offer_id")
    texts = dict.fromkeys(names, "str")
    return pd.DataFrame(columns=list(OPEN_OFFER_COLUMNS)).astype({**dates, **texts})


def first_book(health: pd.DataFrame) -> Book:
    """Return the book of a first night, unrationed, on which nobody has an offer."""
    ended = {"outcome": "", "reason_code": None, "superseded_by_offer_id": None}
    return Book(health, no_open_offers().assign(**ended), is_rationed=False)


def make_offers(
    eligible: pd.DataFrame,
    grid: QuantileGrid,
    policy: Policy,
    as_of_date: dt.date,
    book: Book,
) -> Offers:
    """Make up to three offers for every eligible seller and currency.

    ``eligible`` are health rows, aligned by row with ``grid``.
    The frames have the columns of their tables but for versions, sorted by seller,
    currency and term. Nothing depends on the order of the rows, nor on other sellers
    but through the caps of name, entity and portfolio.

    Raises:
        ValueError: rows that cannot be read, that are not aligned, or a term beyond
            the grid.
        KeyError: a currency the policy does not know.

    """
    require_health(eligible, as_of_date)
    require_health(book.health, as_of_date)
    if len(eligible) != len(grid.values):
        message = f"{len(eligible)} sellers but quantiles of {len(grid.values)}."
        raise ValueError(message)
    order = eligible.reset_index(drop=True).sort_values(_ACCOUNT)
    order_of_grid = order.index.to_numpy(dtype=np.int64)
    rows = order.reset_index(drop=True)
    kept = book.reviewed[book.reviewed["outcome"] == "kept"]
    # On its last night an offer is over: what follows it is new money.
    lasting = kept[kept["expires_date"] > pd.Timestamp(as_of_date)]
    owed = promised_beyond(book.health, lasting)
    night = _Night(policy, as_of_date, lasting, commitments(book.health, owed))
    rungs = _within_limits(rows, grid.take(order_of_grid), night)
    rungs, is_held, stays = openings(rows, rungs, kept, policy, as_of_date)
    opens = (rungs.outcome == OFFERED) & ~stays
    if book.is_rationed:
        loses = _without_a_place(rows, rungs, opens, night)
        rungs = replace(rungs, outcome=np.where(loses, EXHAUSTED, rungs.outcome))
        opens = opens & ~loses
    offers = _offers(rows, rungs, opens, policy, as_of_date)
    status = np.where(opens, 0, np.where(is_held, 1, 2))
    return Offers(
        _evaluations(rows, rungs, status, policy, as_of_date),
        offers,
        succeeded(book.reviewed, offers, as_of_date),
    )


def offer_id(
    key: tuple[str, str, str, str],
    terms: tuple[int, int, int, float],
    refilled: Sequence[object] = (),
) -> str:
    """Return the UUIDv5 of a night's offer.

    ``key`` is seller, currency, as_of_date and policy_version; ``terms`` are target
    term in days, advance and fee in minor units, and holdback rate; ``refilled`` of a
    refill are the old advance, its balance and the discount. Written as JSON, so that
    no two lists of them read the same.
    """
    hashed = _HASHED_NAMESPACE.copy()
    hashed.update(json.dumps([*key, *terms, *refilled]).encode())
    text = hashed.hexdigest()
    # RFC 9562: version 5 and the variant bits 10 take the place of the hash's own. What
    # uuid.uuid5 makes, in half its time.
    variant = "89ab"[int(text[16], 16) % 4]
    return (
        f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
    )


def _within_limits(rows: pd.DataFrame, grid: QuantileGrid, night: _Night) -> Rungs:
    """Make the rungs, and again where a name or entity has too little room."""
    free = np.full(len(rows), NO_LIMIT_MINOR, dtype=np.int64)
    rungs = make_rungs(rows, grid, night.policy, free)
    largest = rungs.largest_owed()
    limits = entity_limits(
        rows,
        largest,
        _replaced(rows, night)[1],
        night.committed,
        night.policy,
    )
    is_over = largest > limits
    if not is_over.any():
        return rungs
    again = make_rungs(
        rows[is_over], grid.take(np.flatnonzero(is_over)), night.policy, limits[is_over]
    )
    return rungs.replaced(is_over, again)


def _without_a_place(
    rows: pd.DataFrame, rungs: Rungs, opens: BooleanArray, night: _Night
) -> BooleanArray:
    """Return the new tiers for which the portfolio has no place [sellers, tiers].

    A seller queues with the return and the money of its largest new advance; without a
    place it still gets what asks for no more than it was promised, or owes and settles.
    """
    advance = np.where(opens, rungs.advance_minor, 0)
    owed = np.where(opens, rungs.advance_minor + rungs.fee_minor, 0)
    paid_before, owed_before = _replaced(rows, night)
    more_advance = advance - paid_before[:, None]
    more_owed = owed - owed_before[:, None]
    largest = advance.argmax(axis=1)[:, None]
    returns = np.take_along_axis(rungs.annual_return_rate, largest, axis=1)
    wanted = Wanted(
        np.maximum(more_advance.max(axis=1, initial=0), 0),
        np.maximum(more_owed.max(axis=1, initial=0), 0),
        returns.ravel(),
    )
    has_place = places(rows, wanted, night.committed, night.policy, night.as_of_date)
    asks_more = (more_advance > 0) | (more_owed > 0)
    return opens & asks_more & ~has_place[:, None]


def _replaced(rows: pd.DataFrame, night: _Night) -> tuple[IntegerArray, IntegerArray]:
    """Cash and owed amount that a new offer would take the place of, each [sellers].

    By an offer that holds, or by the open advance that the new one settles.
    """
    settled = settled_by(rows, night.policy)
    return (
        np.maximum(
            promised(rows, night.lasting, "advance_minor"), settled.withheld_minor
        ),
        np.maximum(promised(rows, night.lasting, "owed_minor"), settled.balance_minor),
    )


def _evaluations(
    rows: pd.DataFrame,
    rungs: Rungs,
    status: IntegerArray,
    policy: Policy,
    as_of_date: dt.date,
) -> pd.DataFrame:
    """One row a seller and tier; ``kept`` where an earlier offer stays in force."""
    codes = _names(OUTCOMES, rungs.outcome)
    is_offered = status == _STATUSES.index("offered")
    return pd.DataFrame(
        {
            **_keys(rows, policy, as_of_date),
            "outcome": _names(_STATUSES, status),
            "reason_code": codes.where((rungs.outcome != OFFERED).ravel()),
            "binding_cap": _names(CAPS, rungs.binding_cap),
            "sized_owed_minor": rungs.sized_owed_minor.ravel(),
            "capped_advance_minor": rungs.capped_advance_minor.ravel(),
            "offered_advance_minor": np.where(
                is_offered, rungs.advance_minor, 0
            ).ravel(),
            "fee_rate": rungs.fee_rate.ravel(),
            "annual_return_rate": rungs.annual_return_rate.ravel(),
        },
    )


def _offers(
    rows: pd.DataFrame,
    rungs: Rungs,
    opens: BooleanArray,
    policy: Policy,
    as_of_date: dt.date,
) -> pd.DataFrame:
    expires_date = as_of_date + dt.timedelta(days=policy.offers.life_days)
    keys = _keys(rows, policy, as_of_date)
    settled = settled_by(rows, policy).repeated(len(policy.tiers))
    advance, fee = rungs.advance_minor.ravel(), rungs.fee_minor.ravel()
    offers = pd.DataFrame(
        {
            "offer_id": "",
            "seller_id": keys["seller_id"],
            "as_of_date": keys["as_of_date"],
            "expires_date": pd.Timestamp(expires_date),
            "currency_code": keys["currency_code"],
            "country_code": _repeated(rows["country_code"], len(policy.tiers)),
            "target_term_days": keys["target_term_days"],
            "advance_minor": advance,
            "fee_minor": fee,
            "owed_minor": advance + fee,
            "expected_shortfall_minor": rungs.expected_shortfall_minor.ravel(),
            "fee_rate": rungs.fee_rate.ravel(),
            "holdback_rate": policy.sizing.holdback_rate,
            "repayment_probability_rate": rungs.repayment_probability_rate.ravel(),
            "repayment_p10_days": _whole_days(rungs.repayment_p10_days),
            "repayment_p50_days": _whole_days(rungs.repayment_p50_days),
            "repayment_p90_days": _whole_days(rungs.repayment_p90_days),
            **refill_terms(settled, advance, fee),
        },
    )
    opened = offers.iloc[np.flatnonzero(opens)].reset_index(drop=True)
    return opened.assign(offer_id=_ids(opened, policy, as_of_date))


def _keys(rows: pd.DataFrame, policy: Policy, as_of_date: dt.date) -> dict[str, object]:
    """Key columns of one row a seller and tier, tiers together."""
    terms = [tier.target_term_days for tier in policy.tiers]
    return {
        "seller_id": _repeated(rows["seller_id"], len(terms)),
        "as_of_date": pd.Timestamp(as_of_date),
        "currency_code": _repeated(rows["currency_code"], len(terms)),
        "target_term_days": np.tile(np.array(terms, dtype=np.int64), len(rows)),
    }


def _ids(offers: pd.DataFrame, policy: Policy, as_of_date: dt.date) -> pd.Series:
    night = (as_of_date.isoformat(), policy.policy_version)
    names = ["seller_id", "currency_code", "target_term_days", "advance_minor"]
    names += ["fee_minor", "holdback_rate", *REFILL_COLUMNS[:3]]
    columns = (offers[name].tolist() for name in names)
    ids = [
        offer_id(
            (seller, currency, *night),
            (term, advance, fee, rate),
            refilled if isinstance(refilled[0], str) else (),
        )
        for seller, currency, term, advance, fee, rate, *refilled in zip(
            *columns, strict=True
        )
    ]
    return pd.Series(ids, dtype="str")


def _repeated(column: pd.Series, times: int) -> pd.Series:
    return column.repeat(times).reset_index(drop=True)


def _names(names: tuple[str, ...], numbers: IntegerArray) -> pd.Series:
    return pd.Series(np.array(names, dtype=object)[numbers.ravel()], dtype="str")


def _whole_days(days: FloatArray) -> pd.Series:
    """Days as nullable integers, missing beyond the last horizon."""
    return pd.Series(days.ravel()).astype("Int64")
