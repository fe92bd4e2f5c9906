"""Names, columns, keys and partitions of every table that jobs write.

The raw tables follow from the input contract, those of offers and of the book are in
files beside; the others are listed here. dbt reads all of them as sources, so a name
changes here and in its staging models only.
"""

from jobs.warehouse.book_tables import (
    ADVANCE_DAYS,
    ADVANCE_GATES,
    EARLY_WARNINGS,
    JOURNAL_ENTRIES,
    RATE_AUDITS,
    RECONCILIATION_FINDINGS,
    REPAYMENT_CHECKS,
    REPAYMENT_DIFFERENCES,
)
from jobs.warehouse.offer_tables import (
    ADVANCE_OFFERS,
    OFFER_CHANGES,
    OFFER_DISCLOSURES,
    OFFER_EVALUATIONS,
    OPEN_OFFERS,
    PUBLICATIONS,
)
from jobs.warehouse.table import VERSIONS, Table

QUANTILE_COLUMNS: dict[str, float] = {
    "quantile_01_minor": 0.01,
    "quantile_025_minor": 0.025,
    "quantile_05_minor": 0.05,
    "quantile_10_minor": 0.10,
    "quantile_25_minor": 0.25,
    "quantile_50_minor": 0.50,
    "quantile_75_minor": 0.75,
    "quantile_90_minor": 0.90,
    "quantile_95_minor": 0.95,
    "quantile_975_minor": 0.975,
    "quantile_99_minor": 0.99,
}

QUARANTINE = Table(
    "raw",
    "quarantine",
    {
        "ingest_date": "date",
        "table_name": "text",
        "row_key": "text",
        "seller_id": "text",
        "row_updated_at": "timestamp",  # null where it could not be read
        "reason": "text",
        "origin": "text",
        "content": "text",
    },
    key=("ingest_date", "table_name", "origin", "content", "reason"),
    partition=("ingest_date", "table_name"),
    cluster=("table_name",),
)

LOADS = Table(
    "raw",
    "loads",
    {
        "ingest_date": "date",
        "table_name": "text",
        "source_name": "text",
        "window_start_at": "timestamp",
        "window_end_at": "timestamp",
        "loaded_count": "integer",
        "quarantined_count": "integer",
        "collapsed_duplicate_count": "integer",
        "derived_columns": "text",
    },
    key=("ingest_date", "table_name"),
    partition=("ingest_date", "table_name"),
    cluster=("table_name",),
)

FORECAST_MODELS = Table(
    "underwriting",
    "forecast_models",
    {
        "as_of_date": "date",
        "model_version": "text",
        "model": "text",
        "code_version": "text",
        "data_as_of": "timestamp",
    },
    key=("as_of_date", "model_version"),
    partition=("as_of_date", "model_version"),
    cluster=("model_version",),
)

FORECAST_QUANTILES = Table(
    "underwriting",
    "forecast_quantiles",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "seller_bucket": "integer",
        "horizon_days": "integer",
        **dict.fromkeys(QUANTILE_COLUMNS, "integer"),
        "is_extrapolated": "boolean",
        "model_version": "text",
        "code_version": "text",
        "data_as_of": "timestamp",
    },
    key=("as_of_date", "model_version", "seller_id", "currency_code", "horizon_days"),
    partition=("as_of_date", "model_version", "seller_bucket"),
)

#: Outcome of the eligibility rules for every seller, with the inputs they saw.
ELIGIBILITY_DECISIONS = Table(
    "underwriting",
    "eligibility_decisions",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "country_code": "text",
        "outcome": "text",  # eligible | declined | not_assessed (a data fault)
        "reason_count": "integer",
        "inputs": "text",  # the health row as JSON, as the rules saw it
        "policy_hash": "text",
        "model_hash": "text",  # of the fitted forecast; null where there was none
        **VERSIONS,
    },
    key=("as_of_date", "policy_version", "seller_id", "currency_code"),
    partition=("as_of_date", "policy_version"),
)

#: Every rule a seller failed, and by how much.
ELIGIBILITY_REASONS = Table(
    "underwriting",
    "eligibility_reasons",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "reason_code": "text",
        "category": "text",  # credit | standing | data
        "unit": "text",  # days | minor | rate | count | flag
        "value": "rate",
        "threshold": "rate",
        "distance": "rate",
        "policy_version": "text",
    },
    key=("as_of_date", "policy_version", "seller_id", "currency_code", "reason_code"),
    partition=("as_of_date", "policy_version"),
)

#: Eligible sellers whose sales are unusual: offered less, or nothing until a person has
#: looked. Who has no row is as usual, or nothing was forecast for it 28 days ago.
GUARD_FINDINGS = Table(
    "underwriting",
    "guard_findings",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "verdict": "text",  # limit | review
        "evidence": "text",  # a JSON list of name, value and threshold
        # What the size of 28 days ago is made of, beside the quantiles stored then.
        "repayable_91_days_before_minor": "integer",
        "repayable_364_days_before_minor": "integer",
        **VERSIONS,
    },
    key=("as_of_date", "policy_version", "seller_id", "currency_code"),
    partition=("as_of_date", "policy_version"),
)

#: What the watch compared on a night, and how it came out.
WATCH_FINDINGS = Table(
    "underwriting",
    "watch_findings",
    {
        "as_of_date": "date",
        "reference_date": "date",  # the night compared with; null where there is none
        "check_name": "text",  # stability | approval | impact | coverage | repayment
        "group_name": "text",  # an input, a country, a horizon; all: the whole check
        "value": "rate",  # null: not checked
        "threshold": "rate",
        "sample_count": "integer",
        "verdict": "text",  # ok | amber | unchecked
        "sentence": "text",
        **VERSIONS,
    },
    key=("as_of_date", "policy_version", "check_name", "group_name"),
    partition=("as_of_date", "policy_version"),
    cluster=("check_name",),
)

#: Every policy that decided anything, to the letter: a changed one is refused.
POLICIES = Table(
    "underwriting",
    "policies",
    {
        "first_used_date": "date",
        "policy_version": "text",
        "policy_hash": "text",
        "content": "text",  # every value as JSON
    },
    key=("policy_version",),
    partition=("first_used_date", "policy_version"),
    cluster=("policy_version",),
)

TABLES: tuple[Table, ...] = (
    QUARANTINE,
    LOADS,
    FORECAST_MODELS,
    FORECAST_QUANTILES,
    ELIGIBILITY_DECISIONS,
    ELIGIBILITY_REASONS,
    GUARD_FINDINGS,
    OFFER_EVALUATIONS,
    ADVANCE_OFFERS,
    OFFER_DISCLOSURES,
    OPEN_OFFERS,
    OFFER_CHANGES,
    PUBLICATIONS,
    REPAYMENT_DIFFERENCES,
    REPAYMENT_CHECKS,
    ADVANCE_GATES,
    WATCH_FINDINGS,
    RECONCILIATION_FINDINGS,
    EARLY_WARNINGS,
    RATE_AUDITS,
    POLICIES,
    ADVANCE_DAYS,
    JOURNAL_ENTRIES,
)
