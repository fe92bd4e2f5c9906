"""Names, columns, keys and partitions of every table that jobs write.

The raw tables follow from the input contract; the others are listed here. dbt reads
all of them as sources, so a name changes here and in its staging models only.
"""

from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "integer", "rate", "timestamp", "date", "boolean"]


@dataclass(frozen=True)
class Table:
    """One table: where it lives, its columns, its grain and what a re-run replaces.

    The first date of ``partition`` and ``cluster`` are how BigQuery lays it out;
    ``requires_partition_filter`` makes it refuse a query that would read every day.
    """

    schema: str
    name: str
    columns: dict[str, Type]
    key: tuple[str, ...]
    partition: tuple[str, ...]
    cluster: tuple[str, ...] = ("seller_id",)
    requires_partition_filter: bool = False

    @property
    def address(self) -> str:
        """Schema and name, as SQL writes them."""
        return f"{self.schema}.{self.name}"


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

#: Whose shares a change of an offer is made of.
CHANGE_DRIVERS = (
    "sales",
    "forecast",
    "price",
    "cap",
    "budget",
    "restriction",
    "data",
    "advance",
    "promise",
)

_VERSIONS: dict[str, Type] = {
    "policy_version": "text",
    "model_version": "text",
    "code_version": "text",
    "data_as_of": "timestamp",
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
        **_VERSIONS,
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

#: What sizing and pricing made of every eligible seller and tier, offered or not.
OFFER_EVALUATIONS = Table(
    "underwriting",
    "offer_evaluations",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "target_term_days": "integer",
        "outcome": "text",  # offered | kept (an open offer holds) | declined
        "reason_code": "text",  # why the tier would not be offered tonight, if so
        "binding_cap": "text",  # what set the size: confidence | sales_share | ...
        "sized_owed_minor": "integer",
        "capped_advance_minor": "integer",
        "offered_advance_minor": "integer",
        "fee_rate": "rate",
        "annual_return_rate": "rate",  # risk-adjusted: who goes first under a budget
        **_VERSIONS,
    },
    key=(
        "as_of_date",
        "policy_version",
        "seller_id",
        "currency_code",
        "target_term_days",
    ),
    partition=("as_of_date", "policy_version"),
)

#: The offers that a night opened; none of its columns ever changes.
ADVANCE_OFFERS = Table(
    "underwriting",
    "advance_offers",
    {
        "offer_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "expires_date": "date",
        "currency_code": "text",
        "country_code": "text",
        "target_term_days": "integer",
        "advance_minor": "integer",
        "fee_minor": "integer",
        "owed_minor": "integer",
        "expected_shortfall_minor": "integer",
        "fee_rate": "rate",
        "holdback_rate": "rate",
        "repayment_probability_rate": "rate",
        "repayment_p10_days": "integer",  # null: later than the last horizon
        "repayment_p50_days": "integer",
        "repayment_p90_days": "integer",
        **_VERSIONS,
    },
    key=("offer_id",),
    partition=("as_of_date", "policy_version"),
)

#: Every offer that was open when the night began, as the night saw it, and what the
#: night made of it. With ``advance_offers`` this is the ledger of offers.
OPEN_OFFERS = Table(
    "underwriting",
    "open_offers",
    {
        "offer_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "opened_date": "date",
        "expires_date": "date",
        "currency_code": "text",
        "target_term_days": "integer",
        "advance_minor": "integer",
        "owed_minor": "integer",
        "fee_rate": "rate",
        "holdback_rate": "rate",
        "accepted_offer_id": "text",  # behind the advance accepted since, if any
        "outcome": "text",  # kept | accepted | expired | withdrawn | replaced
        "reason_code": "text",  # why it was withdrawn or replaced
        "superseded_by_offer_id": "text",
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "policy_version", "offer_id"),
    partition=("as_of_date", "policy_version"),
)

#: Every seller whose largest offer is another than after the night before, and why.
OFFER_CHANGES = Table(
    "underwriting",
    "offer_changes",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "before_date": "date",  # the night that the offer before was made on
        "currency_code": "text",
        "kind": "text",  # appeared | grew | changed | shrank | vanished
        "driver": "text",  # what moved it most in that direction
        "before_minor": "integer",  # the largest advance open to the seller; 0 for none
        "after_minor": "integer",
        "change_minor": "integer",
        **{f"by_{driver}_minor": "integer" for driver in CHANGE_DRIVERS},
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "policy_version", "seller_id", "currency_code"),
    partition=("as_of_date", "policy_version"),
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
        **_VERSIONS,
    },
    key=("as_of_date", "policy_version", "check_name", "group_name"),
    partition=("as_of_date", "policy_version"),
    cluster=("check_name",),
)

TABLES: tuple[Table, ...] = (
    QUARANTINE,
    LOADS,
    FORECAST_MODELS,
    FORECAST_QUANTILES,
    ELIGIBILITY_DECISIONS,
    ELIGIBILITY_REASONS,
    OFFER_EVALUATIONS,
    ADVANCE_OFFERS,
    OPEN_OFFERS,
    OFFER_CHANGES,
    WATCH_FINDINGS,
    POLICIES,
)
