with source as (

    select * from {{ source('raw', 'refunds') }}
    where {{ is_known() }}

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
