{{ config(
    materialized='incremental',
    incremental_strategy=incremental_strategy(),
    unique_key='refund_id',
    on_schema_change='fail',
    meta={'touched': none},
    cluster_by=by_seller()
) }}

with source as (

    select * from {{ source('raw', 'refunds') }}
    where
        {{ is_known() }}
        {% if is_incremental() %}
            and ingest_date >= {{ first_new_date() }}
        {% endif %}

),

newest as (

    select * from source
    qualify {{ is_newest_version('refund_id') }}

),

renamed as (

    select
        ---------- ids
        refund_id,
        order_item_id,
        seller_id,

        ---------- dimensions
        currency_code,
        reason,

        ---------- numerics
        amount_minor as refunded_minor,

        ---------- times
        refunded_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
