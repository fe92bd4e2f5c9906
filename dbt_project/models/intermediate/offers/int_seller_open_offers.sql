-- Grain: one row per seller_id, currency_code, as_of_date and policy_version.
with opened_offers as (

    select * from {{ ref('stg_advance_offers') }}

),

kept_offers as (

    select * from {{ ref('stg_open_offers') }}
    where outcome = 'kept'

),

offers as (

    select
        seller_id,
        currency_code,
        as_of_date,
        policy_version,
        1 as opened,
        0 as kept
    from opened_offers
    union all
    select
        seller_id,
        currency_code,
        as_of_date,
        policy_version,
        0 as opened,
        1 as kept
    from kept_offers

),

final as (

    select
        seller_id,
        currency_code,
        as_of_date,
        policy_version,
        cast(sum(opened) as int64) as offer_count,
        cast(sum(kept) as int64) as kept_count
    from offers
    group by seller_id, currency_code, as_of_date, policy_version

)

select * from final
