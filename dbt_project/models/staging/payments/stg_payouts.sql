{{ config(
    materialized='incremental',
    incremental_strategy=incremental_strategy(),
    unique_key='payout_id',
    on_schema_change='fail',
    meta={'touched': 'days_of_new_payouts'},
    partition_by=by_day('period_end_date'),
    cluster_by=by_seller()
) }}

with source as (

    select * from {{ source('raw', 'payouts') }}
    where
        {{ is_known() }}
        {% if is_incremental() %}
            and ingest_date >= {{ first_new_date() }}
        {% endif %}

),

newest as (

    select * from source
    qualify {{ is_newest_version('payout_id') }}

),

renamed as (

    select
        ---------- ids
        payout_id,
        seller_id,

        ---------- dimensions
        currency_code,
        status as payout_status,

        ---------- numerics
        amount_minor,

        ---------- times
        period_start_date,
        period_end_date,
        initiated_at,
        paid_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
