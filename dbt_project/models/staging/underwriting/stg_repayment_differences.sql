{{ config(tags=['book']) }}

with source as (

    select * from {{ source('underwriting', 'repayment_differences') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        advance_id,
        seller_id,
        as_of_date,
        difference_date,
        currency_code,
        kind,
        expected_minor,
        taken_minor,
        difference_minor,
        reason,
        gate_event,
        policy_version

    from source

)

select * from renamed
