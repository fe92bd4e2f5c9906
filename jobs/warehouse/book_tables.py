"""The tables of the book of advances: what became of them, and whether it ties."""

from jobs.warehouse.table import VERSIONS, Table

#: What settlement files and the ledger say of each other. What matched stays with the
#: night that found it; everything else is told again on every night that finds it.
RECONCILIATION_FINDINGS = Table(
    "underwriting",
    "reconciliation_findings",
    {
        "finding_id": "text",  # ledger line, else file and row, or file and batch
        "as_of_date": "date",
        "finding": "text",  # matched | amount_differs | missing_in_ledger | ...
        "processor": "text",  # adyen | stripe | ...; null: of the ledger alone
        "file_name": "text",
        "row_number": "integer",
        "batch_id": "text",
        "line_kind": "text",
        "reference": "text",  # by which it was found, or its most specific one
        "balance_transaction_id": "text",
        "source_id": "text",
        "seller_id": "text",
        "currency_code": "text",
        "settled_minor": "integer",  # null: not in a file
        "ledger_minor": "integer",  # null: not in the ledger
        "difference_minor": "integer",  # settled less ledger
        "happened_at": "timestamp",
        "settled_at": "timestamp",
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "policy_version", "finding_id"),
    partition=("as_of_date", "policy_version"),
    cluster=("finding",),
)

#: Open advances whose seller shows signs of trouble, by the money at risk.
EARLY_WARNINGS = Table(
    "underwriting",
    "early_warnings",
    {
        "advance_id": "text",
        "seller_id": "text",
        "legal_entity_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "risk_rank": "integer",  # 1 has most at risk in the currency
        "at_risk_minor": "integer",
        "balance_minor": "integer",
        "expected_shortfall_minor": "integer",
        "main_sign": "text",
        "signs": "text",  # joined by commas
        "evidence": "text",  # a JSON list of name, value and threshold
        **VERSIONS,
    },
    key=("as_of_date", "policy_version", "advance_id"),
    partition=("as_of_date", "policy_version"),
)

#: Advances paid off in an audit's window: the rate disclosed and the one that came out.
RATE_AUDITS = Table(
    "underwriting",
    "rate_audits",
    {
        "advance_id": "text",
        "offer_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "window_start_date": "date",
        "disbursed_date": "date",
        "paid_off_date": "date",
        "law": "text",  # california | new_york
        "currency_code": "text",
        "advance_minor": "integer",
        "owed_minor": "integer",
        "disclosed_percent": "rate",  # as it was shown; null: none was stored, or found
        "true_percent": "rate",  # unrounded; null where there is none
        "difference_percent": "rate",  # in points, true less disclosed
        "verdict": "text",  # accurate | inaccurate | undisclosed | no_rate
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "law", "advance_id"),
    partition=("as_of_date", "law"),
)

#: Every holdback and true-up that was not as it was due, as the night knows it.
REPAYMENT_DIFFERENCES = Table(
    "underwriting",
    "repayment_differences",
    {
        "advance_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "difference_date": "date",
        "currency_code": "text",
        "kind": "text",  # holdback | minimum
        "expected_minor": "integer",
        "taken_minor": "integer",
        "difference_minor": "integer",
        "reason": "text",
        "gate_event": "text",  # what was wrong with the seller that day, if anything
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "policy_version", "advance_id", "difference_date", "kind"),
    partition=("as_of_date", "policy_version"),
)

#: That the repayments of a night were checked, differences or not.
REPAYMENT_CHECKS = Table(
    "underwriting",
    "repayment_checks",
    {
        "as_of_date": "date",
        "pausing_events": "text",  # of gates that pause a minimum, joined by commas
        "advance_count": "integer",
        "difference_count": "integer",
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "policy_version"),
    partition=("as_of_date", "policy_version"),
    cluster=("policy_version",),
)

#: What is wrong with the sellers of open advances, and what the policy makes of it.
ADVANCE_GATES = Table(
    "underwriting",
    "advance_gates",
    {
        "advance_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "starts_date": "date",
        "currency_code": "text",
        "gate_event": "text",
        "holdback": "text",  # goes_on | stops
        "minimum": "text",  # runs | pauses
        "offers": "text",  # end | stay
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "policy_version", "advance_id", "gate_event"),
    partition=("as_of_date", "policy_version"),
)

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
