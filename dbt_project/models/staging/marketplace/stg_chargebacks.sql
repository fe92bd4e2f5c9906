with source as (

    select * from {{ source('raw', 'chargebacks') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('chargeback_id') }}

),

renamed as (

    select
        ---------- ids
        chargeback_id,
        order_item_id,
        seller_id,

        ---------- dimensions
        currency_code,
        outcome,

        ---------- numerics
        amount_minor as charged_back_minor,

        ---------- times
        opened_at,
        closed_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
