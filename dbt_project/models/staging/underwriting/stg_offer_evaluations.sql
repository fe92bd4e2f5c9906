with source as (

    select * from {{ source('underwriting', 'offer_evaluations') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        seller_id,
        as_of_date,
        currency_code,
        target_term_days,
        outcome,
        reason_code,
        binding_cap,
        sized_owed_minor,
        capped_advance_minor,
        offered_advance_minor,
        fee_rate,
        annual_return_rate,
        policy_version,
        model_version,
        code_version,
        data_as_of

    from source

)

select * from renamed
