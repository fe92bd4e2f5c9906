with source as (

    select * from {{ source('raw', 'sellers') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('seller_id') }}

),

renamed as (

    select
        ---------- ids
        seller_id,
        legal_entity_id,

        ---------- dimensions
        country_code,
        currency_code,
        status as seller_status,

        ---------- times
        onboarded_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
