{{ config(tags=['book']) }}

with source as (

    select * from {{ source('underwriting', 'reconciliation_findings') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        ---------- ids
        finding_id,
        balance_transaction_id,
        source_id,
        seller_id,

        ---------- dimensions
        as_of_date,
        finding,
        processor,
        file_name,
        row_number as file_row_number,
        batch_id,
        line_kind,
        reference,
        currency_code,

        ---------- numerics
        settled_minor,
        ledger_minor,
        difference_minor,

        ---------- times
        happened_at,
        settled_at,

        ---------- versions
        policy_version,
        code_version

    from source

)

select * from renamed
