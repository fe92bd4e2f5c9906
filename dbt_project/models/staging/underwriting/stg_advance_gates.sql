{{ config(tags=['book']) }}

with source as (

    select * from {{ source('underwriting', 'advance_gates') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        advance_id,
        seller_id,
        as_of_date,
        starts_date,
        currency_code,
        gate_event,
        holdback,
        minimum,
        offers,
        policy_version

    from source

)

select * from renamed
