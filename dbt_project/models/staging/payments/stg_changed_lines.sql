{{ config(
    materialized='table',
    pre_hook={
        'sql': "{{ forget_night('cash_flow', 'rpt_built_night') }}",
        'transaction': target.type == 'bigquery',
    }
) }}

with new_versions as (

    select * from {{ source('raw', 'balance_transactions') }}
    where {{ is_known() }} and {{ is_new() }}

),

known_lines as (

    -- Most nights have none: then keys are read, and nothing else of what was known.
    select distinct balance_transaction_id
    from {{ source('raw', 'balance_transactions') }}
    where
        {{ is_known() }}
        and not ({{ is_new() }})
        and balance_transaction_id in (
            select new_versions.balance_transaction_id from new_versions
        )

),

known_versions as (

    select * from {{ source('raw', 'balance_transactions') }}
    where
        {{ is_known() }}
        and not ({{ is_new() }})
        and balance_transaction_id in (
            select known_lines.balance_transaction_id from known_lines
        )

),

versions as (

    select
        *,
        false as was_known
    from new_versions
    union all
    select
        *,
        true as was_known
    from known_versions

),

renamed as (

    select
        ---------- ids
        balance_transaction_id,
        seller_id,
        payout_id,

        ---------- dimensions
        currency_code,
        was_known,

        ---------- dates and times
        cast(occurred_at as date) as occurred_date,
        updated_at,
        ingest_date

    from versions

)

select * from renamed
