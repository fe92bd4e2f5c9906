{{ config(tags='book') }}

with source as (

    select * from {{ source('underwriting', 'early_warnings') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        advance_id,
        seller_id,
        legal_entity_id,
        as_of_date,
        currency_code,
        risk_rank,
        at_risk_minor,
        balance_minor,
        expected_shortfall_minor,
        main_sign,
        signs,
        evidence,
        policy_version,
        model_version,
        code_version,
        data_as_of

    from source

)

select * from renamed
