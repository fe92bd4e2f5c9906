-- Grain: one row per as_of_date, policy_version, country, currency and size band.
with decisions as (

    select * from {{ ref('fct_eligibility_decisions') }}

),

health as (

    select * from {{ ref('fct_seller_health_daily') }}

),

offers as (

    select * from {{ ref('fct_advance_offers') }}

),

offer_events as (

    select * from {{ ref('stg_offer_events') }}

),

advances as (

    select * from {{ ref('fct_advances') }}

),

delivered_offers as (

    select distinct offer_id
    from offer_events
    where event_kind = 'delivered' and occurred_at < {{ as_of_end() }}

),

funded_offers as (

    select distinct offer_id
    from advances
    where disbursed_at < {{ as_of_end() }}

),

seller_offers as (

    -- The tiers of a night exclude each other, so a seller counts with the largest.
    select
        offers.seller_id,
        offers.currency_code,
        offers.as_of_date,
        offers.policy_version,
        max(offers.advance_minor) as largest_advance_minor,
        count(delivered_offers.offer_id) as delivered_count,
        count(offers.accepted_at) as accepted_count,
        count(funded_offers.offer_id) as funded_count
    from offers
    left join delivered_offers
        on offers.offer_id = delivered_offers.offer_id
    left join funded_offers
        on offers.offer_id = funded_offers.offer_id
    group by
        offers.seller_id,
        offers.currency_code,
        offers.as_of_date,
        offers.policy_version

),

evaluated as (

    select
        decisions.as_of_date,
        decisions.country_code,
        decisions.currency_code,
        decisions.policy_version,
        decisions.outcome,
        decisions.kept_count,
        decisions.is_offered,
        decisions.main_reason_code,
        seller_offers.largest_advance_minor,
        coalesce(seller_offers.delivered_count, 0) as delivered_count,
        coalesce(seller_offers.accepted_count, 0) as accepted_count,
        coalesce(seller_offers.funded_count, 0) as funded_count,
        {{ size_band('health.active_91_days') }} as size_band
    from decisions
    left join health
        on
            decisions.seller_id = health.seller_id
            and decisions.currency_code = health.currency_code
            and decisions.as_of_date = health.as_of_date
    left join seller_offers
        on
            decisions.seller_id = seller_offers.seller_id
            and decisions.currency_code = seller_offers.currency_code
            and decisions.as_of_date = seller_offers.as_of_date
            and decisions.policy_version = seller_offers.policy_version

),

final as (

    select
        as_of_date,
        country_code,
        currency_code,
        size_band,
        {{ sum_minor('largest_advance_minor') }} as offered_advance_minor,
        count(*) as evaluated_count,
        count(case when outcome = 'eligible' then 1 end) as eligible_count,
        count(case when main_reason_code = 'UNUSUAL_SALES' then 1 end) as review_count,
        count(largest_advance_minor) as offered_count,
        count(case when kept_count > 0 then 1 end) as kept_count,
        count(case when is_offered then 1 end) as served_count,
        count(case when delivered_count > 0 then 1 end) as delivered_count,
        count(case when accepted_count > 0 then 1 end) as accepted_count,
        count(case when funded_count > 0 then 1 end) as funded_count,
        policy_version
    from evaluated
    group by as_of_date, country_code, currency_code, size_band, policy_version

)

select * from final
