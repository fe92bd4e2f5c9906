{{ config(tags='accuracy') }}

with source as (

    select * from {{ source('underwriting', 'eligibility_decisions') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        seller_id,
        as_of_date,
        currency_code,
        country_code,
        outcome,
        reason_count,
        inputs,
        policy_version,
        model_version,
        code_version,
        data_as_of

    from source

)

select * from renamed
