-- Grain: one row per order_item_id, of items with something new tonight.
{{ config(materialized='table') }}

with final as (

    select order_item_id
    from {{ ref('stg_order_items') }}
    where {{ is_new() }}
    union distinct
    select order_item_id
    from {{ ref('stg_refunds') }}
    where {{ is_new() }}
    union distinct
    select order_item_id
    from {{ ref('stg_chargebacks') }}
    where {{ is_new() }}

)

select * from final
