"""Book: where every advance stands on the night, and what moved it, as a journal."""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa

from jobs.night import Night, as_frame, require_marts
from jobs.sources.protocol import DataError
from jobs.stored_forecasts import as_grid, read_quantiles
from jobs.underwriting.advance_days import (
    PLAN_WINDOW_DAYS,
    advance_days,
    continued,
    planned_days,
)
from jobs.underwriting.journal import POSTINGS, journal_entries
from jobs.underwriting.policy import Staging
from jobs.warehouse.book_tables import ADVANCE_DAYS, JOURNAL_ENTRIES
from jobs.warehouse.protocol import Warehouse, Write
from jobs.warehouse.table import Table

#: An offer is accepted within a year; one more is slack for nights that did not run.
_OFFERED_DAYS = 2 * 366
#: The newest earlier row of every advance, and what the marts know of the advances that
#: are owed, or are not as they were booked. When their rows came in does not matter: a
#: night that was booked may have been ingested again since.
_BOOKED_AND_KNOWN = """
    with newest as (
        select advance_id, max(as_of_date) as as_of_date
        from underwriting.advance_days
        where as_of_date <= $before
        group by advance_id
    ),
    booked as (
        select days.*
        from underwriting.advance_days as days
        inner join newest
            on days.advance_id = newest.advance_id
            and days.as_of_date = newest.as_of_date
    ),
    facts as (
        select *,
            case when status = 'cancelled' then 0 else advance_minor end as given_minor,
            case when status = 'cancelled' then 0 else fee_minor end as charged_minor
        from cash_flow.fct_advances
    ),
    known as (
        select facts.*, booked.advance_id is null as is_new
        from facts
        left join booked on facts.advance_id = booked.advance_id
        where facts.is_open
            or facts.balance_minor > 0
            or booked.advance_id is null
            or booked.balance_minor <> facts.balance_minor
            or booked.advance_minor <> facts.given_minor
            or booked.fee_minor <> facts.charged_minor
            or booked.repaid_minor <> facts.repaid_minor
            or booked.recovered_minor <> facts.recovered_minor
    )
"""
_KNOWN = """
    select advance_id, seller_id, currency_code, status, holdback_rate,
        current_holdback_rate, cast(disbursed_at as date) as disbursed_date,
        cast(closed_at as date) as closed_date, given_minor as advance_minor,
        charged_minor as fee_minor, repaid_minor, recovered_minor
    from known
"""
#: What the plans of new advances are made of: the days that our offer promised, and the
#: repayable sales of 91 days before.
_PLANS = f"""
    select known.advance_id, max(offers.repayment_p50_days) as offered_days,
        cast(sum(flows.repayable_minor) as int64) as sold_minor
    from known
    left join underwriting.advance_offers as offers
        on known.offer_id = offers.offer_id and offers.as_of_date >= $since
    left join cash_flow.fct_seller_cash_flows_daily as flows
        on known.seller_id = flows.seller_id
        and known.currency_code = flows.currency_code
        and flows.flow_date < cast(known.accepted_at as date)
        and date_add(flows.flow_date, interval {PLAN_WINDOW_DAYS} day)
        >= cast(known.accepted_at as date)
    where known.is_new
    group by known.advance_id
"""
#: What the offers that were accepted waive of the fee of an advance they settle.
_DISCOUNTS = """
    select known.advance_id, max(offers.discount_minor) as discount_minor
    from known
    inner join underwriting.advance_offers as offers
        on known.offer_id = offers.offer_id and offers.as_of_date >= $since
    where offers.discount_minor > 0
    group by known.advance_id
"""
_OPENING = """
    select booked.*
    from booked
    inner join known on booked.advance_id = known.advance_id
"""


@dataclass(frozen=True)
class Booked:
    """How many advances have a row for the night, and how many lines its journal."""

    advance_count: int
    line_count: int


def book(night: Night) -> Booked | None:
    """Book the night's movements; replace its rows and journal.

    What is known now and was not when an earlier night was booked, is a movement of
    tonight: a night that a later one has continued stays as it is, and None is
    returned, as where the policy has no [staging]. Raises DataError where an advance
    is in another currency than it was booked in.
    """
    staging = night.policy.staging
    if staging is None:
        night.say(f"not booked: policy {night.policy.policy_version} has no [staging]")
        return None
    with night.warehouse() as warehouse:
        require_marts(night, warehouse)
        before, newest = _nights_around(night, warehouse)
        if newest > night.as_of_date:
            night.say(f"not booked again: {newest} continues what is booked already")
            return None
        known = _read_known(night, warehouse, before, staging)
        try:
            rows = continued(known, _read_opening(warehouse, before))
        except ValueError as error:
            raise DataError(str(error)) from error
        posted = {posting.column for posting in POSTINGS}
        days = pd.DataFrame(columns=sorted(posted | set(ADVANCE_DAYS.columns)))
        if not rows.empty:
            grid = as_grid(read_quantiles(night, warehouse), rows, may_lack=True)
            days = advance_days(rows, grid, night.as_of_date, staging)
        (built,) = warehouse.query(
            "select data_as_of from cash_flow.rpt_built_night"
        ).to_pylist()
        versions = {**night.versions, **built}
        lines = journal_entries(days)
        warehouse.replace(
            [
                _write(night, ADVANCE_DAYS, days.assign(**versions)),
                _write(night, JOURNAL_ENTRIES, lines.assign(**versions)),
            ]
        )
    return Booked(len(days), len(lines))


def _write(night: Night, table: Table, frame: pd.DataFrame) -> Write:
    """Return the write that replaces the night, by whatever policy it was booked."""
    # Rows of the night's own policy alone would leave a second book beside this one.
    rows = pa.Table.from_pandas(frame[list(table.columns)], preserve_index=False)
    return Write(table, {"as_of_date": night.as_of_date}, rows)


def _nights_around(night: Night, warehouse: Warehouse) -> tuple[date, date]:
    """Return the last night booked before this one, and the last one of all."""
    (found,) = warehouse.query(
        "select max(case when as_of_date < $as_of_date then as_of_date end) as before,"
        " max(as_of_date) as newest from underwriting.advance_days",
        as_of_date=night.as_of_date,
    ).to_pylist()
    return found["before"] or date.min, found["newest"] or date.min


def _read_known(
    night: Night, warehouse: Warehouse, before: date, staging: Staging
) -> pd.DataFrame:
    """Return what the marts know of each advance that is owed or may have moved.

    New advances have their plan beside it, all of them what is waived of an old fee.
    """
    known = as_frame(warehouse.query(_BOOKED_AND_KNOWN + _KNOWN, before=before))
    since = night.as_of_date - timedelta(days=_OFFERED_DAYS)
    for offered in (_PLANS, _DISCOUNTS):
        found = warehouse.query(_BOOKED_AND_KNOWN + offered, before=before, since=since)
        known = known.merge(as_frame(found), on="advance_id", how="left")
    return known.assign(
        discount_minor=known["discount_minor"].fillna(0).astype("int64"),
        planned_days=planned_days(
            (known["advance_minor"] + known["fee_minor"]).to_numpy(),
            known["holdback_rate"].to_numpy(),
            known["offered_days"].to_numpy(dtype="float64"),
            known["sold_minor"].fillna(0).to_numpy(dtype="float64"),
            staging.longest_expected_days,
        ),
    )


def _read_opening(warehouse: Warehouse, before: date) -> pd.DataFrame:
    """Return the newest earlier row of each known advance that has one."""
    return as_frame(warehouse.query(_BOOKED_AND_KNOWN + _OPENING, before=before))
