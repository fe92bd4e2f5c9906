with source as (

    select * from {{ source('underwriting', 'offer_changes') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        seller_id,
        as_of_date,
        before_date,
        currency_code,
        kind,
        driver,
        before_minor,
        after_minor,
        change_minor,
        by_sales_minor,
        by_forecast_minor,
        by_price_minor,
        by_cap_minor,
        by_budget_minor,
        by_restriction_minor,
        by_data_minor,
        by_advance_minor,
        by_promise_minor,
        policy_version,
        code_version

    from source

)

select * from renamed
