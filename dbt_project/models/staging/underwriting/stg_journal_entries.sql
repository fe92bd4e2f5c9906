{{ config(tags=['book']) }}

with source as (

    select * from {{ source('underwriting', 'journal_entries') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        journal_line_id,
        journal_entry_id,
        advance_id,
        seller_id,
        as_of_date,
        currency_code,
        kind,
        account,
        debit_minor,
        credit_minor,
        policy_version,
        model_version,
        code_version,
        data_as_of

    from source

)

select * from renamed
