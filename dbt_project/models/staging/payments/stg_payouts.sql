with source as (

    select * from {{ source('raw', 'payouts') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('payout_id') }}

),

renamed as (

    select
        ---------- ids
        payout_id,
        seller_id,

        ---------- dimensions
        currency_code,
        status as payout_status,

        ---------- numerics
        amount_minor,

        ---------- times
        period_start_date,
        period_end_date,
        initiated_at,
        paid_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
