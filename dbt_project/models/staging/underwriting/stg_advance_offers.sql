{{ config(pre_hook="{{ forget_night('offers', 'rpt_audited_night') }}") }}

with source as (

    select * from {{ source('underwriting', 'advance_offers') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        offer_id,
        seller_id,
        as_of_date,
        expires_date,
        currency_code,
        country_code,
        target_term_days,
        advance_minor,
        fee_minor,
        owed_minor,
        expected_shortfall_minor,
        fee_rate,
        holdback_rate,
        repayment_probability_rate,
        repayment_p10_days,
        repayment_p50_days,
        repayment_p90_days,
        refilled_advance_id,
        settled_balance_minor,
        discount_minor,
        net_advance_minor,
        settled_fee_minor,
        fee_on_old_fee_minor,
        policy_version,
        model_version,
        code_version,
        data_as_of

    from source

)

select * from renamed
