"""The tables of offers: how each came about, the ledger of them, and their changes."""

from jobs.warehouse.table import VERSIONS, Table

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

#: What sizing and pricing made of every eligible seller and tier, offered or not.
OFFER_EVALUATIONS = Table(
    "underwriting",
    "offer_evaluations",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "target_term_days": "integer",
        "outcome": "text",  # offered | kept (an open offer holds) | declined | review
        "reason_code": "text",  # why the tier would not be offered tonight, if so
        "binding_cap": "text",  # what set the size: confidence | sales_share | ...
        "sized_owed_minor": "integer",
        "capped_advance_minor": "integer",
        "offered_advance_minor": "integer",
        "fee_rate": "rate",
        "annual_return_rate": "rate",  # risk-adjusted: who goes first under a budget
        **VERSIONS,
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
        # Of a refill, an offer that settles the open advance; null for any other.
        "refilled_advance_id": "text",
        "settled_balance_minor": "integer",  # on the night; less once more is repaid
        "discount_minor": "integer",  # part of the old fee that is waived
        "net_advance_minor": "integer",  # paid out: advance - settled + discount
        "settled_fee_minor": "integer",  # old fee in what is settled, without discount
        "fee_on_old_fee_minor": "integer",
        **VERSIONS,
    },
    key=("offer_id",),
    partition=("as_of_date", "policy_version"),
)

#: What each offer that a night opened costs, by either method, and how it was found.
OFFER_DISCLOSURES = Table(
    "underwriting",
    "offer_disclosures",
    {
        "offer_id": "text",
        "seller_id": "text",
        "as_of_date": "date",
        "currency_code": "text",
        "method": "text",  # historical | underwriting
        "law": "text",  # us | eu
        "months": "integer",  # whose mean sales are; null: none, or fewer than four
        "unit_period": "text",
        "unit_periods_a_year": "rate",
        "decimals": "integer",  # with which the rate is told
        "apr_percent": "rate",  # unrounded; null where outcome says why
        "outcome": "text",  # found | negative | never_repays | ... | too_few_months
        "term_days": "integer",  # null: not known
        "finance_charge_minor": "integer",
        "total_payment_minor": "integer",
        "estimated_payment_minor": "integer",  # a day; 0 where the term is not known
        "monthly_cost_minor": "integer",
        **VERSIONS,
    },
    key=("as_of_date", "policy_version", "offer_id", "method"),
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
        "refilled_advance_id": "text",  # what it settles; null for nothing
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

#: What became of a night's offers at the last try to put them before the product. The
#: product's own record of what is on show is in its database.
PUBLICATIONS = Table(
    "underwriting",
    "publications",
    {
        "as_of_date": "date",
        "state": "text",  # published | audited: no product | superseded | failed
        "reason": "text",  # why it failed
        "audited_count": "integer",  # open offers that passed the audit
        "open_count": "integer",  # those on show since; less where accepted meanwhile
        "held_back_count": "integer",
        "offers_hash": "text",
        "policy_version": "text",
        "code_version": "text",
    },
    key=("as_of_date", "policy_version"),
    partition=("as_of_date", "policy_version"),
    cluster=("state",),
)

#: Every seller whose largest offer is another than after the night before, and why.
OFFER_CHANGES = Table(
    "underwriting",
    "offer_changes",
    {
        "seller_id": "text",
        "as_of_date": "date",
        "before_date": "date",  # the last night before that decided anything
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
