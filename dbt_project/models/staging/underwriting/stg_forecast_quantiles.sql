{{ config(tags='accuracy') }}

with source as (

    select * from {{ source('underwriting', 'forecast_quantiles') }}
    where as_of_date <= {{ as_of_date() }}

),

renamed as (

    select
        seller_id,
        as_of_date,
        currency_code,
        seller_bucket,
        horizon_days,
        quantile_01_minor,
        quantile_025_minor,
        quantile_05_minor,
        quantile_10_minor,
        quantile_25_minor,
        quantile_50_minor,
        quantile_75_minor,
        quantile_90_minor,
        quantile_95_minor,
        quantile_975_minor,
        quantile_99_minor,
        is_extrapolated,
        model_version,
        code_version,
        data_as_of

    from source

)

select * from renamed
