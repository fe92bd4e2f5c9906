-- Refunds and chargebacks in another currency than their order item, which fct_sales
-- cannot count. Those of an unknown item are the relationship tests' to tell.
{{ config(severity='warn', tags=['whole']) }}

with order_items as (

    select * from {{ ref('stg_order_items') }}
    where {{ only_changed('items') }}

),

given_back as (

    select
        refund_id as given_back_id,
        order_item_id,
        currency_code
    from {{ ref('stg_refunds') }}
    where {{ only_changed('items') }}
    union all
    select
        chargeback_id as given_back_id,
        order_item_id,
        currency_code
    from {{ ref('stg_chargebacks') }}
    where {{ only_changed('items') }}

)

select
    given_back.given_back_id,
    given_back.order_item_id,
    given_back.currency_code,
    order_items.currency_code as item_currency_code
from given_back
inner join order_items
    on given_back.order_item_id = order_items.order_item_id
where given_back.currency_code <> order_items.currency_code
