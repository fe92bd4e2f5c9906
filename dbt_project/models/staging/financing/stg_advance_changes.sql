with source as (

    select * from {{ source('raw', 'advance_changes') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('advance_change_id') }}

),

renamed as (

    select
        ---------- ids
        advance_change_id,
        advance_id,

        ---------- dimensions
        reason,

        ---------- numerics
        holdback_rate,

        ---------- times
        effective_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
