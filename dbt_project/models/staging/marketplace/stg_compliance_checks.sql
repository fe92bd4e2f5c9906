with source as (

    select * from {{ source('raw', 'compliance_checks') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('compliance_check_id') }}

),

renamed as (

    select
        ---------- ids
        compliance_check_id,
        seller_id,

        ---------- dimensions
        kind as check_kind,
        outcome,

        ---------- times
        checked_at,
        expires_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
