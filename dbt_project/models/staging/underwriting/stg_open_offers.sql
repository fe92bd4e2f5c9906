with source as (

    select * from {{ source('underwriting', 'open_offers') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        offer_id,
        seller_id,
        as_of_date,
        opened_date,
        expires_date,
        currency_code,
        target_term_days,
        outcome,
        reason_code,
        superseded_by_offer_id,
        policy_version

    from source

)

select * from renamed
