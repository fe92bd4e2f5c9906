"""The ledger of offers: which were open when a night began, as that night sees it.

A night comes after every night of an earlier date, and after those of its own date
whose policy_version is smaller; it reads those and no later one, so that a re-run sees
what the first run saw.
"""

from datetime import datetime, time, timedelta

import pandas as pd

from jobs.night import Night, as_frame
from jobs.underwriting.offers import OPEN_OFFER_COLUMNS
from jobs.warehouse.protocol import Warehouse

#: No policy lets an offer live longer than a year, so an older one was ended, unless
#: no night has run since.
_SEEN_DAYS = 2 * 366

_EARLIER = (
    "(as_of_date < $as_of_date"
    " or as_of_date = $as_of_date and policy_version < $policy_version)"
    " and as_of_date >= $since"
)


def read_open_offers(night: Night, warehouse: Warehouse) -> pd.DataFrame:
    """Return the offers of earlier nights that no night has ended.

    ``accepted_offer_id`` names the offer behind an advance that the seller accepted in
    the currency since: the offer itself where it is among them, else the last one.
    """
    versions = night.versions
    opened = as_frame(
        warehouse.query(
            "select offer_id, seller_id, currency_code, target_term_days,"
            " advance_minor, owed_minor, fee_rate, holdback_rate,"
            " as_of_date as opened_date, expires_date, refilled_advance_id"
            " from underwriting.advance_offers as offers"
            f" where {_EARLIER}"
            " and not exists (select 1 from underwriting.open_offers as seen"
            f" where seen.offer_id = offers.offer_id and {_EARLIER}"
            " and seen.outcome <> 'kept')",
            as_of_date=night.as_of_date,
            policy_version=versions["policy_version"],
            since=night.as_of_date - timedelta(days=_SEEN_DAYS),
        )
    )
    accepted = as_frame(
        warehouse.query(
            "select seller_id, currency_code, accepted_at,"
            " coalesce(offer_id, advance_id) as accepted_offer_id"
            " from cash_flow.fct_advances where accepted_at < $night_end",
            night_end=datetime.combine(night.as_of_date + timedelta(days=1), time()),
        )
    )
    return _with_acceptances(opened, accepted)[list(OPEN_OFFER_COLUMNS)]


def _with_acceptances(opened: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    pairs = opened[["offer_id", "seller_id", "currency_code", "opened_date"]].merge(
        accepted, on=["seller_id", "currency_code"]
    )
    pairs["is_own"] = pairs["offer_id"] == pairs["accepted_offer_id"]
    # The night that opened an offer knew what was accepted on its own day.
    opened_at = pairs["opened_date"] + pd.Timedelta(days=1)
    since = pairs[pairs["is_own"] | (pairs["accepted_at"] >= opened_at)]
    last = since.sort_values(["is_own", "accepted_at", "accepted_offer_id"])
    newest = last.groupby("offer_id")["accepted_offer_id"].last()
    return opened.assign(accepted_offer_id=opened["offer_id"].map(newest).astype("str"))
