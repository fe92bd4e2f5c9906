-- Grain: one row.
with order_items as (

    select * from {{ ref('stg_order_items') }}

),

lines as (

    select * from {{ ref('stg_balance_transactions') }}

),

newest_changes as (

    select max(updated_at) as updated_at from order_items
    union all
    select max(updated_at) as updated_at from lines

),

final as (

    -- The least of the two, so that neither hides that the other stopped coming; one
    -- that is empty says nothing.
    select min(updated_at) as data_as_of from newest_changes

)

select * from final
