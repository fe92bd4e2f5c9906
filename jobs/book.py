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
from jobs.underwriting.journal import journal_entries
from jobs.underwriting.policy import Staging
from jobs.warehouse.book_tables import ADVANCE_DAYS, JOURNAL_ENTRIES
from jobs.warehouse.protocol import Warehouse, Write
from jobs.warehouse.table import Table

#: An offer is accepted within a year; one more is slack for nights that did not run.
_OFFERED_DAYS = 2 * 366
#: Advances whose terms, or whose repayments, came in since the last night booked.
_NEW_TERMS = (
    "select advance_id from raw.advances"
    " where ingest_date > $before and ingest_date <= $as_of_date"
)
_TOUCHED = (
    f"{_NEW_TERMS} union distinct select advance_id from raw.advance_repayments"
    " where ingest_date > $before and ingest_date <= $as_of_date"
)


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
            rows = continued(known, _read_opening(night, warehouse, before))
        except ValueError as error:
            raise DataError(str(error)) from error
        days = pd.DataFrame(columns=list(ADVANCE_DAYS.columns))
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

    New advances have their plan beside it.
    """
    known = as_frame(
        warehouse.query(
            "select advance_id, seller_id, currency_code, status, holdback_rate,"
            " cast(disbursed_at as date) as disbursed_date,"
            " cast(closed_at as date) as closed_date,"
            " case when status = 'cancelled' then 0 else advance_minor end"
            " as advance_minor,"
            " case when status = 'cancelled' then 0 else fee_minor end as fee_minor,"
            " repaid_minor, recovered_minor"
            " from cash_flow.fct_advances where is_open or balance_minor > 0"
            f" or advance_id in ({_TOUCHED})",
            as_of_date=night.as_of_date,
            before=before,
        )
    )
    plans = _read_plans(night, warehouse, before)
    known = known.merge(plans, on="advance_id", how="left")
    return known.assign(
        planned_days=planned_days(
            (known["advance_minor"] + known["fee_minor"]).to_numpy(),
            known["holdback_rate"].to_numpy(),
            known["offered_days"].to_numpy(dtype="float64"),
            known["sold_minor"].fillna(0).to_numpy(dtype="float64"),
            staging.longest_expected_days,
        )
    )


def _read_plans(night: Night, warehouse: Warehouse, before: date) -> pd.DataFrame:
    """Return what the plans of advances with new terms are made of.

    The days that our offer promised, and the repayable sales of 91 days before.
    """
    return as_frame(
        warehouse.query(
            "select advances.advance_id,"
            " max(offers.repayment_p50_days) as offered_days,"
            " cast(sum(flows.repayable_minor) as int64) as sold_minor"
            " from cash_flow.fct_advances as advances"
            " left join underwriting.advance_offers as offers"
            " on advances.offer_id = offers.offer_id and offers.as_of_date >= $since"
            " left join cash_flow.fct_seller_cash_flows_daily as flows"
            " on advances.seller_id = flows.seller_id"
            " and advances.currency_code = flows.currency_code"
            " and flows.flow_date < cast(advances.accepted_at as date)"
            f" and date_add(flows.flow_date, interval {PLAN_WINDOW_DAYS} day)"
            " >= cast(advances.accepted_at as date)"
            f" where advances.advance_id in ({_NEW_TERMS})"
            " group by advances.advance_id",
            as_of_date=night.as_of_date,
            before=before,
            since=night.as_of_date - timedelta(days=_OFFERED_DAYS),
        )
    )


def _read_opening(night: Night, warehouse: Warehouse, before: date) -> pd.DataFrame:
    """Return the newest earlier row of each advance that has one and may move.

    Whatever was owed has a row on the night before; older rows are of what was closed,
    and read only for advances that something came in for.
    """
    last = as_frame(
        warehouse.query(
            "select * from underwriting.advance_days where as_of_date = $before",
            before=before,
        )
    )
    older = as_frame(
        warehouse.query(
            "select * from underwriting.advance_days"
            f" where as_of_date < $before and advance_id in ({_TOUCHED})"
            " qualify row_number() over"
            " (partition by advance_id order by as_of_date desc) = 1",
            before=before,
            as_of_date=night.as_of_date,
        )
    )
    found = last if older.empty else pd.concat([last, older])
    return found.drop_duplicates("advance_id")
