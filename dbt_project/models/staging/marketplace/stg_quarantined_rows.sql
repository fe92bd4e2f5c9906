with source as (

    select * from {{ source('raw', 'quarantine') }}
    where ingest_date <= {{ as_of_date() }}

),

renamed as (

    select
        ---------- ids
        row_key,
        seller_id,

        ---------- dimensions
        table_name,
        reason,
        origin,
        content,

        ---------- times
        row_updated_at,
        ingest_date

    from source

)

select * from renamed
