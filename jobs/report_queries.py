"""The questions of the nightly report, in the SQL that both warehouses understand."""

from jobs.report_book_queries import BOOK_QUESTIONS
from jobs.warehouse.offer_tables import CHANGE_DRIVERS

#: Offers that the night leaves open: those it opened, and those it kept.
OPEN_OFFERS = """
    open_offers as (
        select seller_id, currency_code, target_term_days, advance_minor, fee_rate
        from underwriting.advance_offers
        where as_of_date = $as_of_date and policy_version = $policy_version
        union all
        select seller_id, currency_code, target_term_days, advance_minor, fee_rate
        from underwriting.open_offers
        where as_of_date = $as_of_date and policy_version = $policy_version
            and outcome = 'kept'
    )"""
_TONIGHT = "as_of_date = $as_of_date and policy_version = $policy_version"


def _ranked(source: str, value: str, *by: str) -> str:
    """Return rows of ``source`` with their place in the order of ``value``."""
    groups = ", ".join(by)
    return f"""
        select *,
            row_number() over (partition by {groups} order by {value}) as place,
            count(*) over (partition by {groups}) as of_count
        from {source} where {value} is not null"""


#: The middle one of an odd number of rows, the middle two of an even one.
_IN_THE_MIDDLE = "2 * place >= of_count and 2 * place <= of_count + 2"

OFFERS_BY_CURRENCY = f"""
    with {OPEN_OFFERS},
    sellers as (
        select seller_id, currency_code, max(advance_minor) as advance_minor
        from open_offers group by seller_id, currency_code
    ),
    of_sellers as (
        select currency_code, count(*) as seller_count,
            cast(sum(advance_minor) as int64) as largest_advance_minor
        from sellers group by currency_code
    ),
    ranked as ({_ranked("open_offers", "fee_rate", "currency_code")}),
    of_offers as (
        select currency_code, max(of_count) as offer_count,
            avg(case when {_IN_THE_MIDDLE} then fee_rate end) as median_fee_rate
        from ranked group by currency_code
    )
    select of_sellers.currency_code, seller_count, offer_count,
        largest_advance_minor, median_fee_rate
    from of_sellers
    inner join of_offers on of_sellers.currency_code = of_offers.currency_code
    order by of_sellers.currency_code"""

OFFERS_BY_COUNTRY = f"""
    with {OPEN_OFFERS},
    sellers as (
        select seller_id, currency_code, count(*) as offer_count,
            max(advance_minor) as advance_minor
        from open_offers group by seller_id, currency_code
    )
    select decisions.country_code, decisions.currency_code,
        count(*) as evaluated_count, count(sellers.seller_id) as seller_count,
        cast(coalesce(sum(sellers.offer_count), 0) as int64) as offer_count,
        cast(coalesce(sum(sellers.advance_minor), 0) as int64)
            as largest_advance_minor
    from underwriting.eligibility_decisions as decisions
    left join sellers on decisions.seller_id = sellers.seller_id
        and decisions.currency_code = sellers.currency_code
    where decisions.as_of_date = $as_of_date
        and decisions.policy_version = $policy_version
    group by decisions.country_code, decisions.currency_code
    order by decisions.country_code, decisions.currency_code"""

OFFERS_BY_TERM = f"""
    with {OPEN_OFFERS},
    fees as ({_ranked("open_offers", "fee_rate", "currency_code", "target_term_days")}),
    sizes as (
        {_ranked("open_offers", "advance_minor", "currency_code", "target_term_days")}
    ),
    of_fees as (
        select currency_code, target_term_days, max(of_count) as offer_count,
            avg(case when {_IN_THE_MIDDLE} then fee_rate end) as median_fee_rate
        from fees group by currency_code, target_term_days
    ),
    of_sizes as (
        select currency_code, target_term_days,
            avg(case when {_IN_THE_MIDDLE} then advance_minor end)
                as median_advance_minor,
            max(advance_minor) as largest_advance_minor
        from sizes group by currency_code, target_term_days
    )
    select of_fees.currency_code, of_fees.target_term_days, offer_count,
        median_advance_minor, largest_advance_minor, median_fee_rate
    from of_fees
    inner join of_sizes on of_fees.currency_code = of_sizes.currency_code
        and of_fees.target_term_days = of_sizes.target_term_days
    order by of_fees.currency_code, of_fees.target_term_days"""

FUNNEL = """
    select as_of_date, currency_code,
        cast(sum(evaluated_count) as int64) as evaluated,
        cast(sum(eligible_count) as int64) as eligible,
        cast(sum(offered_count) as int64) as opened,
        cast(sum(kept_count) as int64) as kept,
        cast(sum(served_count) as int64) as offered,
        cast(sum(delivered_count) as int64) as delivered,
        cast(sum(accepted_count) as int64) as accepted,
        cast(sum(funded_count) as int64) as funded,
        cast(sum(review_count) as int64) as review
    from offers.rpt_offer_funnel
    where policy_version = $policy_version
        and as_of_date > $history_date and as_of_date <= $as_of_date
    group by as_of_date, currency_code order by as_of_date, currency_code"""

OUTCOMES = f"""
    select outcome, count(*) as seller_count
    from underwriting.eligibility_decisions where {_TONIGHT}
    group by outcome order by outcome"""

#: Of sellers without an open offer: each rule or tier that stood in the way, and how
#: far it was from being met as a share of its threshold.
REASONS = f"""
    with {OPEN_OFFERS},
    offered as (select distinct seller_id, currency_code from open_offers),
    tiers as (
        select seller_id, currency_code, reason_code,
            min(case when reason_code = 'BELOW_MINIMUM_ADVANCE'
                then 1 - 1.0 * capped_advance_minor / (:smallest) end)
                as relative_distance
        from underwriting.offer_evaluations
        where {_TONIGHT} and reason_code is not null
        group by seller_id, currency_code, reason_code
    ),
    found as (
        select seller_id, currency_code, reason_code, category, unit, value, threshold,
            distance, relative_distance
        from offers.fct_eligibility_reasons where {_TONIGHT}
        union all
        select seller_id, currency_code, reason_code, null as category,
            null as unit, null as value, null as threshold, null as distance,
            relative_distance
        from tiers
    ),
    reasons as (
        select found.* from found
        left join offered on found.seller_id = offered.seller_id
            and found.currency_code = offered.currency_code
        where offered.seller_id is null
    ),
    counted as (
        select reason_code, max(category) as category, count(distinct concat(
            seller_id, ' ', currency_code)) as seller_count
        from reasons group by reason_code
    ),
    measured as (
        select * from reasons
        where coalesce(unit, 'minor') <> 'flag' and relative_distance is not null
    ),
    ranked as ({_ranked("measured", "relative_distance", "reason_code")}),
    distances as (
        select reason_code, count(*) as measured_count,
            avg(case when {_IN_THE_MIDDLE} then relative_distance end)
                as middle_distance_rate,
            sum(case when relative_distance <= 0.1 then 1 else 0 end) as near_count
        from ranked group by reason_code
    )
    select counted.reason_code, counted.category, counted.seller_count,
        distances.measured_count, distances.middle_distance_rate,
        cast(distances.near_count as int64) as near_count
    from counted
    left join distances on counted.reason_code = distances.reason_code
    order by counted.seller_count desc, counted.reason_code"""

REPAYMENT_DAYS = f"""
    select target_term_days,
        15 * cast(floor(repayment_p50_days / 15.0) as int64) as from_days,
        count(*) as offer_count
    from underwriting.advance_offers
    where {_TONIGHT} and repayment_p50_days is not null
    group by target_term_days, from_days order by target_term_days, from_days"""

FORECASTS = """
    select count(distinct concat(seller_id, ' ', currency_code)) as series_count,
        count(distinct case when is_extrapolated
            then concat(seller_id, ' ', currency_code) end) as extrapolated_count,
        min(horizon_days) as first_horizon_days, max(horizon_days) as last_horizon_days
    from underwriting.forecast_quantiles
    where as_of_date = $as_of_date and model_version = $model_version"""

FIRST_FORECAST = """
    select min(as_of_date) as first_date, count(distinct as_of_date) as night_count
    from underwriting.forecast_models
    where as_of_date <= $as_of_date and model_version = $model_version"""

_SHARES = ("60", "80", "95", "110")
_COUNTED = ("series", "inside_80", "inside_95", "event")
_REACHED = tuple(f"reached_{share}" for share in _SHARES)
#: A sum of chances, so that it stays a float.
_EXPECTED = tuple(f"expected_{share}_count" for share in _SHARES)
ACCURACY = f"""
    select horizon_days, min(matured_date) as first_date,
        max(matured_date) as last_date,
        {
    ", ".join(
        f"cast(sum({name}_count) as int64) as {name}_count"
        for name in (*_COUNTED, *_REACHED)
    )
},
        {", ".join(f"sum({name}) as {name}" for name in _EXPECTED)}
    from accuracy.rpt_forecast_accuracy
    where is_champion and model_version = $model_version
        and matured_date > $history_date and matured_date <= $as_of_date
    group by horizon_days order by horizon_days"""

WATCHED = f"""
    select check_name, group_name, value, threshold, sample_count, verdict, sentence,
        reference_date
    from underwriting.watch_findings where {_TONIGHT}
    order by check_name, group_name"""

CHANGES = f"""
    select currency_code, kind, driver, max(before_date) as before_date,
        count(*) as seller_count, cast(sum(change_minor) as int64) as change_minor
    from offers.fct_offer_changes where {_TONIGHT}
    group by currency_code, kind, driver order by currency_code, kind, driver"""

DRIVERS = f"""
    select currency_code, cast(sum(change_minor) as int64) as change_minor,
        {
    ", ".join(
        f"cast(sum(by_{each}_minor) as int64) as by_{each}_minor"
        for each in CHANGE_DRIVERS
    )
}
    from offers.fct_offer_changes where {_TONIGHT}
    group by currency_code order by currency_code"""

PUBLICATION = f"""
    select as_of_date, state, reason, audited_count, open_count, held_back_count
    from underwriting.publications where {_TONIGHT}"""

FATES = f"""
    select outcome, count(*) as offer_count
    from underwriting.open_offers where {_TONIGHT}
    group by outcome order by outcome"""

QUESTIONS: dict[str, str] = {
    "offers_by_currency": OFFERS_BY_CURRENCY,
    "offers_by_country": OFFERS_BY_COUNTRY,
    "offers_by_term": OFFERS_BY_TERM,
    "funnel": FUNNEL,
    "outcomes": OUTCOMES,
    "reasons": REASONS,
    "repayment_days": REPAYMENT_DAYS,
    "forecasts": FORECASTS,
    "first_forecast": FIRST_FORECAST,
    "accuracy": ACCURACY,
    "watched": WATCHED,
    "changes": CHANGES,
    "drivers": DRIVERS,
    "fates": FATES,
    "publication": PUBLICATION,
    **BOOK_QUESTIONS,
}
