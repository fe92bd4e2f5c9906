with source as (

    select * from {{ source('raw', 'offer_events') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('offer_event_id') }}

),

renamed as (

    select
        ---------- ids
        offer_event_id,
        offer_id,
        seller_id,

        ---------- dimensions
        kind as event_kind,

        ---------- times
        occurred_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
