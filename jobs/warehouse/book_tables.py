"""The tables of the book: where every advance stands each night, and the journal."""

from jobs.warehouse.table import VERSIONS, Table

#: An advance on a night on which something was owed or moved. A night has one book, by
#: whatever policy staged it, so a re-run replaces the night whole.
ADVANCE_DAYS = Table(
    "underwriting",
    "advance_days",
    {
        "advance_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "before_date": "date",  # the night of the row it continues; null: the first
        "disbursed_date": "date",
        "planned_payoff_date": "date",
        "expected_payoff_p10_date": "date",  # null: repaid, or beyond the forecast
        "expected_payoff_p50_date": "date",
        "expected_payoff_p90_date": "date",
        "currency_code": "text",
        "status": "text",
        "stage": "integer",  # 1 | 2 | 3; null: nothing is owed any more
        "planned_days": "integer",
        "past_plan_days": "integer",  # days since the planned payoff; 0 before it
        # What the night ends with, in total.
        "advance_minor": "integer",
        "fee_minor": "integer",
        "repaid_minor": "integer",  # before a write-off
        "recovered_minor": "integer",  # after it
        "written_off_minor": "integer",
        "balance_minor": "integer",
        "planned_balance_minor": "integer",
        "carrying_minor": "integer",
        "allowance_minor": "integer",
        "recognised_fee_minor": "integer",
        "deferred_fee_minor": "integer",
        "forgone_fee_minor": "integer",
        # What it began with, and what moved since.
        "opening_balance_minor": "integer",
        "opening_carrying_minor": "integer",
        "opening_allowance_minor": "integer",
        "disbursed_change_minor": "integer",
        "fee_change_minor": "integer",
        "repaid_change_minor": "integer",
        "recovered_change_minor": "integer",
        "written_off_change_minor": "integer",
        "forgone_fee_change_minor": "integer",
        "income_minor": "integer",
        "catch_up_minor": "integer",
        "allowance_charge_minor": "integer",
        "allowance_use_minor": "integer",
        "pace_rate": "rate",  # repaid over planned; null: nothing is planned yet
        "effective_daily_rate": "rate",
        **VERSIONS,
    },
    key=("as_of_date", "advance_id"),
    partition=("as_of_date",),
    cluster=("advance_id",),
)

#: Two lines, a debit and a credit, for whatever moved an advance on a night.
JOURNAL_ENTRIES = Table(
    "underwriting",
    "journal_entries",
    {
        "journal_line_id": "text",  # the entry's, and 1 or 2
        "journal_entry_id": "text",
        "advance_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "kind": "text",  # disbursement | fee | repayment | income | ...
        "account": "text",
        "debit_minor": "integer",
        "credit_minor": "integer",
        **VERSIONS,
    },
    key=("journal_line_id",),
    partition=("as_of_date",),
    cluster=("account",),
)
