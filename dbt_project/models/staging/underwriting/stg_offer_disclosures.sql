with source as (

    select * from {{ source('underwriting', 'offer_disclosures') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        offer_id,
        seller_id,
        as_of_date,
        currency_code,
        method,
        law,
        months,
        unit_period,
        unit_periods_a_year,
        decimals,
        apr_percent,
        outcome,
        term_days,
        finance_charge_minor,
        total_payment_minor,
        estimated_payment_minor,
        monthly_cost_minor,
        policy_version,
        model_version,
        code_version,
        data_as_of

    from source

)

select * from renamed
