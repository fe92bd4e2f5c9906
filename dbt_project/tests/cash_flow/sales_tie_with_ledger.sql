-- Days on which a seller's captured order items are not the sale lines of the ledger.
-- A source may be late with one of the two, so this only tells.
{{ config(severity='warn') }}

with sales as (

    select
        seller_id,
        cast(captured_at as date) as flow_date,
        currency_code,
        {{ sum_minor('captured_minor') }} as captured_minor
    from {{ ref('fct_sales') }}
    where
        captured_at is not null
        and {{ only_changed_days('cast(captured_at as date)') }}
    group by seller_id, cast(captured_at as date), currency_code

),

flows as (

    select
        seller_id,
        flow_date,
        currency_code,
        captured_minor
    from {{ ref('fct_seller_cash_flows_daily') }}
    where captured_count > 0 and {{ only_changed_days('flow_date') }}

)

select
    coalesce(sales.seller_id, flows.seller_id) as seller_id,
    coalesce(sales.flow_date, flows.flow_date) as flow_date,
    coalesce(sales.currency_code, flows.currency_code) as currency_code,
    sales.captured_minor,
    flows.captured_minor as ledger_captured_minor
from sales
full outer join flows
    on
        sales.seller_id = flows.seller_id
        and sales.flow_date = flows.flow_date
        and sales.currency_code = flows.currency_code
where coalesce(sales.captured_minor, 0) <> coalesce(flows.captured_minor, 0)
