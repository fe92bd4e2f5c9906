-- Sellers whose repayment lines are not the repayments of the ledger. A source may be
-- late with one of the two, so this only tells.
{{ config(severity='warn') }}

with repayments as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('amount_minor') }} as repaid_minor
    from {{ ref('fct_advance_repayments') }}
    group by seller_id, currency_code

),

flows as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('repaid_minor') }} as repaid_minor
    from {{ ref('fct_seller_cash_flows_daily') }}
    group by seller_id, currency_code

)

select
    coalesce(repayments.seller_id, flows.seller_id) as seller_id,
    coalesce(repayments.currency_code, flows.currency_code) as currency_code,
    repayments.repaid_minor,
    flows.repaid_minor as ledger_repaid_minor
from repayments
full outer join flows
    on
        repayments.seller_id = flows.seller_id
        and repayments.currency_code = flows.currency_code
where coalesce(repayments.repaid_minor, 0) <> coalesce(flows.repaid_minor, 0)
