-- Sellers whose weeks do not add up to their days.
with daily as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('captured_minor') }} as captured_minor,
        {{ sum_minor('repayable_minor') }} as repayable_minor,
        {{ sum_minor('paid_out_minor') }} as paid_out_minor
    from {{ ref('fct_seller_cash_flows_daily') }}
    group by seller_id, currency_code

),

weekly as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('captured_minor') }} as captured_minor,
        {{ sum_minor('repayable_minor') }} as repayable_minor,
        {{ sum_minor('paid_out_minor') }} as paid_out_minor
    from {{ ref('fct_seller_cash_flows_weekly') }}
    group by seller_id, currency_code

)

select
    daily.seller_id,
    daily.currency_code
from daily
full outer join weekly
    on
        daily.seller_id = weekly.seller_id
        and daily.currency_code = weekly.currency_code
        and daily.captured_minor = weekly.captured_minor
        and daily.repayable_minor = weekly.repayable_minor
        and daily.paid_out_minor = weekly.paid_out_minor
where daily.seller_id is null or weekly.seller_id is null
