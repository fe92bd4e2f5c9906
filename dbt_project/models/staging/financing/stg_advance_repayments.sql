with source as (

    select * from {{ source('raw', 'advance_repayments') }}
    where {{ is_known() }}

),

newest as (

    select * from source
    qualify {{ is_newest_version('advance_repayment_id') }}

),

renamed as (

    select
        ---------- ids
        advance_repayment_id,
        advance_id,
        balance_transaction_id,
        reversed_repayment_id,

        ---------- dimensions
        currency_code,
        kind,

        ---------- numerics
        amount_minor,

        ---------- times
        repaid_at,
        updated_at,
        ingest_date

    from newest

)

select * from renamed
