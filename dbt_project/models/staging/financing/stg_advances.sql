with source as (

    select * from {{ source('raw', 'advances') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('advance_id') }}

),

renamed as (

    select
        ---------- ids
        advance_id,
        offer_id,
        seller_id,

        ---------- dimensions
        currency_code,
        status,

        ---------- numerics
        advance_minor,
        fee_minor,
        minimum_minor,
        minimum_interval_days,
        holdback_rate,

        ---------- times
        accepted_at,
        disbursed_at,
        closed_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
