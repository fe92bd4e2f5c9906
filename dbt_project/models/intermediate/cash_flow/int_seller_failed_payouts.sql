-- Grain: one row per seller_id and currency_code with a failed payout in 91 days.
with payouts as (

    select * from {{ ref('stg_payouts') }}

),

final as (

    select
        seller_id,
        currency_code,
        count(*) as failed_payouts_91_days_count
    from payouts
    where
        payout_status in ('failed', 'returned')
        and cast(initiated_at as date) > {{ as_of_date(-91) }}
    group by seller_id, currency_code

)

select * from final
