with source as (

    select * from {{ source('raw', 'balance_transactions') }}
    where {{ is_known() }}

),

renamed as (

    select
        ---------- ids
        balance_transaction_id,
        seller_id,
        payout_id,

        ---------- dimensions
        currency_code,

        ---------- dates and times
        cast(occurred_at as date) as occurred_date,
        updated_at,
        ingest_date

    from source

)

select * from renamed
