with source as (

    select * from {{ source('raw', 'seller_restrictions') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('seller_restriction_id') }}

),

renamed as (

    select
        ---------- ids
        seller_restriction_id,
        seller_id,

        ---------- dimensions
        kind as restriction_kind,

        ---------- times
        starts_at,
        ends_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
