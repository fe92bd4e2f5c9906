with source as (

    select * from {{ source('underwriting', 'eligibility_reasons') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        seller_id,
        as_of_date,
        currency_code,
        reason_code,
        category,
        unit,
        value,
        threshold,
        distance,
        policy_version

    from source

)

select * from renamed
