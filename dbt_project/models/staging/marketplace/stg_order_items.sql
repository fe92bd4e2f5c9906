{{ config(
    materialized='incremental',
    incremental_strategy=incremental_strategy(),
    unique_key='order_item_id',
    on_schema_change='fail',
    meta={'touched': 'days_of_new_order_items'},
    partition_by=by_day('ordered_date'),
    cluster_by=by_seller()
) }}

with source as (

    select * from {{ source('raw', 'order_items') }}
    where
        {{ is_known() }}
        {% if is_incremental() %}
            and ingest_date >= {{ first_new_date() }}
        {% endif %}

),

newest as (

    select * from source
    qualify {{ is_newest_version('order_item_id') }}

),

renamed as (

    select
        ---------- ids
        order_item_id,
        order_id,
        seller_id,

        ---------- dimensions
        currency_code,
        status,

        ---------- numerics
        gross_minor,
        commission_minor,

        ---------- dates
        cast(ordered_at as date) as ordered_date,
        ingest_date,

        ---------- times
        ordered_at,
        captured_at,
        delivered_at,
        updated_at

    from newest

)

select * from renamed
