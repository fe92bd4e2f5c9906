-- Grain: one row per seller_id, currency_code, as_of_date, horizon and model_version.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='matured_date',
    on_schema_change='fail',
    pre_hook="{{ delete_later_nights('matured_date') }}",
    partition_by=by_day('matured_date'),
    cluster_by=by_seller()
) }}

{% set first_night = first_matured_night(
    ref('stg_forecast_quantiles'), 'as_of_date'
) %}
{% set nights = forecast_nights(first_night) %}

with forecasts as (

    select
        *,
        {{ add_days('as_of_date', 'horizon_days') }} as matured_date,
        count(*) over (
            partition by seller_id, currency_code, as_of_date, horizon_days
        ) as forecaster_count
    from {{ ref('stg_forecast_quantiles') }}
    where as_of_date in ({{ nights }})

),

health as (

    select * from {{ ref('fct_seller_health_daily') }}
    where as_of_date in ({{ nights }}) and days_since_last_sale < 120

),

flows as (

    select * from {{ ref('fct_seller_cash_flows_daily') }}
    where flow_date >= {{ night_literal(first_night, -364) }}

),

matured as (

    select
        forecasts.*,
        health.country_code,
        {{ age_band('health.tenure_days') }} as age_band,
        cast(floor(
            health.repayable_91_days_minor * forecasts.horizon_days
            / least(health.tenure_days, 91)
        ) as int64) as promised_minor
    from forecasts
    inner join health
        on
            forecasts.seller_id = health.seller_id
            and forecasts.currency_code = health.currency_code
            and forecasts.as_of_date = health.as_of_date
    where
        forecasts.matured_date
        between {{ night_literal(first_night) }} and {{ as_of_date() }}

),

sold as (

    select
        matured.seller_id,
        matured.currency_code,
        matured.as_of_date,
        matured.horizon_days,
        matured.model_version,
        {{ sum_minor('flows.repayable_minor') }} as sold_minor
    from matured
    left join flows
        on
            matured.seller_id = flows.seller_id
            and matured.currency_code = flows.currency_code
            and matured.as_of_date < flows.flow_date
            and matured.matured_date >= flows.flow_date
    group by
        matured.seller_id,
        matured.currency_code,
        matured.as_of_date,
        matured.horizon_days,
        matured.model_version

),

final as (

    select
        matured.seller_id,
        matured.as_of_date,
        matured.matured_date,
        matured.currency_code,
        matured.country_code,
        matured.age_band,
        matured.horizon_days,
        sold.sold_minor,
        matured.promised_minor,
        {{ quantile_loss_minor('sold.sold_minor') }} as quantile_loss_minor,
        matured.forecaster_count,
        {{ repayment_events('sold.sold_minor', 'matured.promised_minor') }},
        sold.sold_minor between matured.quantile_10_minor and matured.quantile_90_minor
            as is_inside_80,
        sold.sold_minor
        between matured.quantile_025_minor and matured.quantile_975_minor
            as is_inside_95,
        matured.model_version,
        matured.code_version
    from matured
    inner join sold
        on
            matured.seller_id = sold.seller_id
            and matured.currency_code = sold.currency_code
            and matured.as_of_date = sold.as_of_date
            and matured.horizon_days = sold.horizon_days
            and matured.model_version = sold.model_version

)

select * from final
