"""Audit rates: what paid-off advances really cost, against what was disclosed."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa

from jobs.night import Night, as_frame, require_marts
from jobs.underwriting.audit_laws import LAWS, LawName
from jobs.underwriting.rate_audit import INACCURATE, audit_rates, window_start
from jobs.warehouse.book_tables import RATE_AUDITS
from jobs.warehouse.protocol import Warehouse, Write


@dataclass(frozen=True)
class RateAudit:
    """The audit of a window: its first day, and a row an advance paid off in it.

    ``rows`` has the columns of the table. It is passed unless a disclosed rate was
    inaccurate.
    """

    law: LawName
    first_date: date
    rows: pd.DataFrame

    @property
    def inaccurate(self) -> pd.DataFrame:
        """The rows that fail the audit, furthest off first."""
        failed = self.rows.loc[self.rows["verdict"] == INACCURATE]
        order = failed["difference_percent"].abs().sort_values(ascending=False)
        return failed.loc[order.index]


def audit_paid_off(night: Night, law: LawName) -> RateAudit:
    """Audit the advances paid off in the window that ends with the night; keep it.

    Raises DataError where the marts are not of the night.
    """
    first = window_start(night.as_of_date, LAWS[law].months)
    with night.warehouse() as warehouse:
        require_marts(night, warehouse)
        rows = audit_rates(
            _read_advances(night, warehouse, first),
            _read_repayments(warehouse),
            _read_disclosed(night, warehouse),
            LAWS[law],
        ).assign(
            as_of_date=pd.Timestamp(night.as_of_date),
            law=law,
            window_start_date=pd.Timestamp(first),
            policy_version=night.versions["policy_version"],
            code_version=night.versions["code_version"],
        )[list(RATE_AUDITS.columns)]
        partition = {"as_of_date": night.as_of_date, "law": law}
        arrow = pa.Table.from_pandas(rows, preserve_index=False)
        warehouse.replace([Write(RATE_AUDITS, partition, arrow)])
    return RateAudit(law, first, rows)


def _read_advances(night: Night, warehouse: Warehouse, first: date) -> pd.DataFrame:
    """Return what was repaid in full in the window; a write-off never is."""
    found = warehouse.query(
        "select advance_id, offer_id, seller_id, currency_code, advance_minor,"
        " owed_minor, cast(disbursed_at as date) as disbursed_date,"
        " cast(closed_at as date) as paid_off_date"
        " from cash_flow.fct_advances as advances where status = 'repaid'"
        " and cast(closed_at as date) >= $first"
        " and cast(closed_at as date) <= $as_of_date"
        # Changed terms are not those that were disclosed: 10 CCR 931 (a) (4) (A) (iii).
        " and not exists (select 1 from cash_flow.fct_advance_changes as changes"
        " where changes.advance_id = advances.advance_id"
        " and changes.effective_at <= advances.closed_at) order by advance_id",
        first=first,
        as_of_date=night.as_of_date,
    )
    return as_frame(found)


def _read_repayments(warehouse: Warehouse) -> pd.DataFrame:
    """Return the repayments of repaid advances, in their own currency only."""
    found = warehouse.query(
        "select repayments.advance_id, cast(repaid_at as date) as repaid_date,"
        " repayments.applied_minor as amount_minor"
        " from cash_flow.fct_advance_repayments as repayments"
        " inner join cash_flow.fct_advances as advances"
        " on repayments.advance_id = advances.advance_id"
        " and repayments.currency_code = advances.currency_code"
        " where advances.status = 'repaid' and not repayments.is_recovery"
    )
    return as_frame(found)


def _read_disclosed(night: Night, warehouse: Warehouse) -> pd.DataFrame:
    """Return what was told of every offer by our own forecast; ids are told once."""
    found = warehouse.query(
        "select offer_id, apr_percent, decimals from underwriting.offer_disclosures"
        " where method = 'underwriting' and as_of_date <= $as_of_date",
        as_of_date=night.as_of_date,
    )
    return as_frame(found)
