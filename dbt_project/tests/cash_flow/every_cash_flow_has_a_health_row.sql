-- Sellers and currencies with cash flows but no health on the night, who would get
-- neither an offer nor a reason.
with flows as (

    select distinct
        seller_id,
        currency_code
    from {{ ref('fct_seller_cash_flows_daily') }}

),

health as (

    select * from {{ ref('fct_seller_health_daily') }}
    where as_of_date = {{ as_of_date() }}

)

select
    flows.seller_id,
    flows.currency_code
from flows
left join health
    on
        flows.seller_id = health.seller_id
        and flows.currency_code = health.currency_code
where health.seller_id is null
