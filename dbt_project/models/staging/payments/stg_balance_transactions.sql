{{ config(
    materialized='incremental',
    incremental_strategy=adding_strategy(),
    unique_key='balance_transaction_id',
    on_schema_change='fail',
    meta={'touched': 'days_of_new_balance_transactions'},
    pre_hook='{{ delete_known_lines() }}',
    partition_by=by_day('occurred_date'),
    cluster_by=by_seller()
) }}

-- depends_on: {{ ref('stg_changed_lines') }}
with source as (

    select * from {{ source('raw', 'balance_transactions') }}
    where
        {{ is_known() }}
        {% if is_incremental() %}
            and ingest_date >= {{ first_new_date() }}
        {% endif %}

),

newest as (

    select * from source
    qualify {{ is_newest_version('balance_transaction_id') }}

),

renamed as (

    select
        ---------- ids
        balance_transaction_id,
        seller_id,
        payout_id,
        source_id,

        ---------- dimensions
        currency_code,
        kind,

        ---------- numerics
        amount_minor,

        ---------- dates
        cast(occurred_at as date) as occurred_date,
        ingest_date,

        ---------- times
        occurred_at,
        available_at,
        updated_at

    from newest

)

select * from renamed
