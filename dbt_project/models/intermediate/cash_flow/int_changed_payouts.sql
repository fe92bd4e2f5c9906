-- Grain: one row per payout_id, of payouts with something new tonight.
{{ config(materialized='table') }}

with final as (

    select payout_id
    from {{ ref('stg_payouts') }}
    where {{ is_new() }}
    union distinct
    select payout_id
    from {{ ref('stg_changed_lines') }}
    where payout_id is not null

)

select * from final
