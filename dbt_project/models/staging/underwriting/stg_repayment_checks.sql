{{ config(tags=['book']) }}

with source as (

    select * from {{ source('underwriting', 'repayment_checks') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        as_of_date,
        pausing_events,
        advance_count,
        difference_count,
        policy_version

    from source

)

select * from renamed
