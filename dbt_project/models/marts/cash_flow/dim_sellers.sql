-- Grain: one row per seller_id.
with sellers as (

    select * from {{ ref('stg_sellers') }}

),

standing as (

    select * from {{ ref('int_seller_standing') }}

),

final as (

    select
        sellers.seller_id,
        sellers.legal_entity_id,
        sellers.onboarded_at,
        standing.restricted_at,
        sellers.country_code,
        sellers.currency_code,
        sellers.seller_status,
        standing.kyb_outcome,
        standing.sanctions_outcome,
        standing.tax_id_outcome,
        {{ seller_bucket('sellers.seller_id') }} as seller_bucket,
        coalesce(standing.has_payout_hold, false) as has_payout_hold,
        coalesce(standing.has_listing_suspended, false) as has_listing_suspended,
        coalesce(standing.has_fraud_review, false) as has_fraud_review
    from sellers
    left join standing
        on sellers.seller_id = standing.seller_id

)

select * from final
