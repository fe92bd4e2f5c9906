"""Check: what was due of each advance against what was taken, differences named."""

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from jobs.night import Night, as_frame, require_marts, write_of
from jobs.underwriting.repayment_check import (
    Book,
    check_repayments,
    gates_in_force,
)
from jobs.warehouse.book_tables import (
    ADVANCE_GATES,
    REPAYMENT_CHECKS,
    REPAYMENT_DIFFERENCES,
)
from jobs.warehouse.protocol import Warehouse

#: Advances closed for longer are not looked at again, so that a night's cost does not
#: grow with the age of the book; a quarter covers late facts and disputes.
CHECKED_AFTER_CLOSING_DAYS = 91


@dataclass(frozen=True)
class Checked:
    """How many advances were looked at, and the differences by reason."""

    advance_count: int
    gated_count: int
    reasons: dict[str, int]


def check(night: Night) -> Checked:
    """Check the repayments as the night knows them; replace what the night found."""
    with night.warehouse() as warehouse:
        require_marts(night, warehouse)
        book = _read_book(night, warehouse)
        gates = night.policy.gates or ()
        found = check_repayments(book, gates, night.as_of_date)
        in_force = gates_in_force(book, gates, night.as_of_date)
        done = pd.DataFrame(
            {
                "pausing_events": [",".join(sorted(night.policy.pausing_events))],
                "advance_count": [len(book.advances)],
                "difference_count": [len(found)],
            }
        )
        versions = night.versions | {"as_of_date": pd.Timestamp(night.as_of_date)}
        warehouse.replace(
            [
                write_of(night, table, rows.assign(**versions))
                for table, rows in (
                    (REPAYMENT_DIFFERENCES, found),
                    (REPAYMENT_CHECKS, done),
                    (ADVANCE_GATES, in_force),
                )
            ]
        )
    counts = found["reason"].value_counts()
    reasons = {str(reason): int(count) for reason, count in counts.items()}
    return Checked(len(book.advances), in_force["advance_id"].nunique(), reasons)


#: What is read, of the advances open or closed lately (looked_at).
_ADVANCES = """
    select advance_id, seller_id, currency_code, owed_minor, holdback_rate,
        minimum_minor, minimum_interval_days, status,
        cast(disbursed_at as date) as disbursed_date,
        cast(closed_at as date) as closed_date
    from looked_at
"""
_REPAYMENTS = """
    select advance_id, cast(repaid_at as date) as repaid_date, kind, applied_minor,
        excess_minor, is_recovery
    from cash_flow.fct_advance_repayments
    where advance_id in (select advance_id from looked_at)
"""
_SALES = """
    select flows.seller_id, flows.currency_code, flows.flow_date, flows.repayable_minor
    from cash_flow.fct_seller_cash_flows_daily as flows
    inner join (
        select seller_id, currency_code, min(cast(disbursed_at as date)) as first_date
        from looked_at
        group by seller_id, currency_code
    ) as sellers
        on flows.seller_id = sellers.seller_id
        and flows.currency_code = sellers.currency_code
        and flows.flow_date >= sellers.first_date
"""
_CHANGES = """
    select advance_id, cast(effective_at as date) as effective_date, holdback_rate
    from cash_flow.fct_advance_changes
    where advance_id in (select advance_id from looked_at)
    order by effective_at
"""
_GATES = """
    select gate_event, seller_id, currency_code, starts_date, ends_date
    from cash_flow.fct_seller_gates
    where seller_id in (select seller_id from looked_at)
"""


def _read_book(night: Night, warehouse: Warehouse) -> Book:
    """Return the advances to look at, with everything that bears on them."""
    since = night.as_of_date - timedelta(days=CHECKED_AFTER_CLOSING_DAYS)
    looked_at = (
        "with looked_at as (select * from cash_flow.fct_advances"
        " where disbursed_at is not null"
        " and (closed_at is null or cast(closed_at as date) > $since))"
    )
    return Book(
        *(
            as_frame(warehouse.query(f"{looked_at} {sql}", since=since))
            for sql in (_ADVANCES, _REPAYMENTS, _SALES, _CHANGES, _GATES)
        )
    )
