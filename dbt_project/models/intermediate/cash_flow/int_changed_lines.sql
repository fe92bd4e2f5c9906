-- Grain: one row per balance_transaction_id, updated_at and ingest_date, of lines new
-- tonight.
{{ config(materialized='table') }}

with versions as (

    select * from {{ ref('stg_balance_transaction_versions') }}

),

new_lines as (

    select balance_transaction_id
    from {{ ref('stg_balance_transactions') }}
    where {{ is_new() }}

),

final as (

    select
        versions.balance_transaction_id,
        versions.seller_id,
        versions.payout_id,
        versions.currency_code,
        versions.occurred_date,
        versions.updated_at,
        versions.ingest_date
    from versions
    inner join new_lines
        on versions.balance_transaction_id = new_lines.balance_transaction_id

)

select * from final
