"""The tables of the book of advances: what became of them, and whether it ties."""

from jobs.warehouse.table import VERSIONS, Table

#: What settlement files and the ledger say of each other. What matched stays with the
#: night that found it; everything else is told again on every night that finds it.
RECONCILIATION_FINDINGS = Table(
    "underwriting",
    "reconciliation_findings",
    {
        "finding_id": "text",  # file and row, ledger line, or file and batch
        "as_of_date": "date",
        "finding": "text",  # matched | amount_differs | missing_in_ledger | ...
        "processor": "text",  # adyen | stripe; null: of the ledger alone
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
