-- Sellers whose weeks do not add up to their days.
with daily as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('captured_minor') }} as captured_minor,
        {{ sum_minor('repayable_minor') }} as repayable_minor,
        {{ sum_minor('paid_out_minor') }} as paid_out_minor
    from {{ ref('fct_seller_cash_flows_daily') }}
    where {{ only_changed_weeks('flow_date') }}
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
    where {{ only_changed_weeks('week_start_date') }}
    group by seller_id, currency_code

)

-- A seller whose weeks are quiet has no days to compare them with.
select
    coalesce(daily.seller_id, weekly.seller_id) as seller_id,
    coalesce(daily.currency_code, weekly.currency_code) as currency_code
from daily
full outer join weekly
    on
        daily.seller_id = weekly.seller_id
        and daily.currency_code = weekly.currency_code
where
    weekly.seller_id is null
    or coalesce(daily.captured_minor, 0) <> weekly.captured_minor
    or coalesce(daily.repayable_minor, 0) <> weekly.repayable_minor
    or coalesce(daily.paid_out_minor, 0) <> weekly.paid_out_minor
