"""Offers: the ladder under the caps of the night, as the two tables that are kept."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.exposure import entity_limits
from jobs.underwriting.health import require_health
from jobs.underwriting.ladder import (
    OFFERED,
    OUTCOMES,
    Rungs,
    make_rungs,
)
from jobs.underwriting.policy import Policy
from jobs.underwriting.sizing import CAPS, NO_LIMIT_MINOR

#: Fixed for ever: another namespace would give every past offer another id.
_OFFER_NAMESPACE = uuid.UUID("6f0b5b1e-3d0c-5c56-9a53-2b1f0c7d8e41")


@dataclass(frozen=True)
class Offers:
    """Evaluations, one row a seller and tier, and the offers among them."""

    evaluations: pd.DataFrame
    offers: pd.DataFrame


def make_offers(
    eligible: pd.DataFrame,
    grid: QuantileGrid,
    policy: Policy,
    as_of_date: dt.date,
    *,
    health: pd.DataFrame,
) -> Offers:
    """Make up to three offers for every eligible seller and currency.

    ``eligible`` are health rows, aligned by row with ``grid``; ``health`` are the rows
    of all sellers of the night, eligible or not, because an advance that is open
    anywhere in a legal entity leaves less room for its other sellers.
    The frames have the columns of ``offer_evaluations`` and ``advance_offers`` but for
    versions, sorted by seller, currency and term. Nothing depends on the order of the
    rows, nor on other sellers but through the caps of entity and book.

    Raises:
        ValueError: rows that cannot be read, that are not aligned, or a term beyond
            the grid.
        KeyError: a currency the policy does not know.

    """
    require_health(eligible, as_of_date)
    require_health(health, as_of_date)
    if len(eligible) != len(grid.values):
        message = f"{len(eligible)} sellers but quantiles of {len(grid.values)}."
        raise ValueError(message)
    order = eligible.reset_index(drop=True).sort_values(["seller_id", "currency_code"])
    places = order.index.to_numpy(dtype=np.int64)
    rows = order.reset_index(drop=True)
    rungs = _within_entities(rows, grid.take(places), policy, health)
    evaluations = _evaluations(rows, rungs, policy, as_of_date)
    return Offers(evaluations, _offers(rows, rungs, policy, as_of_date))


def offer_id(
    key: tuple[str, str, str, str],
    terms: tuple[int, int, int, float],
) -> str:
    """Return the UUIDv5 of a night's offer.

    ``key`` is seller, currency, as_of_date and policy_version; ``terms`` are target
    term in days, advance and fee in minor units, and holdback rate. Written as JSON,
    so that no two lists of them read the same.
    """
    return str(uuid.uuid5(_OFFER_NAMESPACE, json.dumps([*key, *terms])))


def _within_entities(
    rows: pd.DataFrame,
    grid: QuantileGrid,
    policy: Policy,
    health: pd.DataFrame,
) -> Rungs:
    """Make the rungs, and make them again where a legal entity has too little room."""
    free = np.full(len(rows), NO_LIMIT_MINOR, dtype=np.int64)
    rungs = make_rungs(rows, grid, policy, free)
    largest = rungs.largest_owed()
    limits = entity_limits(rows, largest, health, policy)
    is_over = largest > limits
    if not is_over.any():
        return rungs
    places = np.flatnonzero(is_over)
    again = make_rungs(rows[is_over], grid.take(places), policy, limits[is_over])
    return rungs.replaced(is_over, again)


def _evaluations(
    rows: pd.DataFrame,
    rungs: Rungs,
    policy: Policy,
    as_of_date: dt.date,
) -> pd.DataFrame:
    is_offered = (rungs.outcome == OFFERED).ravel()
    codes = _names(OUTCOMES, rungs.outcome)
    return pd.DataFrame(
        {
            **_keys(rows, policy, as_of_date),
            "outcome": _names(("offered", "declined"), (~is_offered).astype(np.int64)),
            "reason_code": codes.where(~is_offered),
            "binding_cap": _names(CAPS, rungs.binding_cap),
            "sized_owed_minor": rungs.sized_owed_minor.ravel(),
            "capped_advance_minor": rungs.capped_advance_minor.ravel(),
            "offered_advance_minor": np.where(
                is_offered,
                rungs.advance_minor.ravel(),
                0,
            ),
            "fee_rate": rungs.fee_rate.ravel(),
        },
    )


def _offers(
    rows: pd.DataFrame,
    rungs: Rungs,
    policy: Policy,
    as_of_date: dt.date,
) -> pd.DataFrame:
    expires_date = as_of_date + dt.timedelta(days=policy.offers.life_days)
    keys = _keys(rows, policy, as_of_date)
    offers = pd.DataFrame(
        {
            "offer_id": "",
            "seller_id": keys["seller_id"],
            "as_of_date": keys["as_of_date"],
            "expires_date": pd.Timestamp(expires_date),
            "currency_code": keys["currency_code"],
            "country_code": _repeated(rows["country_code"], len(policy.tiers)),
            "target_term_days": keys["target_term_days"],
            "advance_minor": rungs.advance_minor.ravel(),
            "fee_minor": rungs.fee_minor.ravel(),
            "owed_minor": (rungs.advance_minor + rungs.fee_minor).ravel(),
            "expected_shortfall_minor": rungs.expected_shortfall_minor.ravel(),
            "fee_rate": rungs.fee_rate.ravel(),
            "holdback_rate": policy.sizing.holdback_rate,
            "repayment_probability_rate": rungs.repayment_probability_rate.ravel(),
            "repayment_p10_days": _whole_days(rungs.repayment_p10_days),
            "repayment_p50_days": _whole_days(rungs.repayment_p50_days),
            "repayment_p90_days": _whole_days(rungs.repayment_p90_days),
        },
    )
    is_offered = (rungs.outcome == OFFERED).ravel()
    kept = offers.iloc[np.flatnonzero(is_offered)].reset_index(drop=True)
    return kept.assign(offer_id=_ids(kept, policy, as_of_date))


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
    names += ["fee_minor", "holdback_rate"]
    columns = (offers[name].tolist() for name in names)
    ids = [
        offer_id((seller, currency, *night), (term, advance, fee, rate))
        for seller, currency, term, advance, fee, rate in zip(*columns, strict=True)
    ]
    return pd.Series(ids, dtype="str")


def _repeated(column: pd.Series, times: int) -> pd.Series:
    return column.repeat(times).reset_index(drop=True)


def _names(names: tuple[str, ...], numbers: IntegerArray) -> pd.Series:
    return pd.Series(np.array(names, dtype=object)[numbers.ravel()], dtype="str")


def _whole_days(days: FloatArray) -> pd.Series:
    """Days as nullable integers, missing beyond the last horizon."""
    return pd.Series(days.ravel()).astype("Int64")
