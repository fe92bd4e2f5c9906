-- Grain: one row per as_of_date, horizon, model, number of forecasters and cohort.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='matured_date',
    on_schema_change='fail',
    pre_hook="{{ delete_later_nights('matured_date') }}",
    partition_by=by_day('matured_date')
) }}

{% set first_night = first_matured_night(
    ref('fct_forecast_outcomes'), 'matured_date'
) %}

with outcomes as (

    select * from {{ ref('fct_forecast_outcomes') }}
    where matured_date >= {{ night_literal(first_night) }}

),

champions as (

    select distinct
        as_of_date,
        model_version
    from {{ ref('stg_eligibility_decisions') }}
    where as_of_date >= {{ night_literal(first_night, -365) }}

),

final as (

    select
        outcomes.as_of_date,
        outcomes.matured_date,
        outcomes.currency_code,
        outcomes.country_code,
        outcomes.age_band,
        outcomes.horizon_days,
        {{ sum_minor('outcomes.sold_minor') }} as sold_minor,
        {{ sum_minor('outcomes.quantile_loss_minor') }} as quantile_loss_minor,
        outcomes.forecaster_count,
        count(*) as series_count,
        count(case when outcomes.is_inside_80 then 1 end) as inside_80_count,
        count(case when outcomes.is_inside_95 then 1 end) as inside_95_count,
        count(outcomes.has_reached_60) as event_count,
        {% for share in ['60', '80', '95', '110'] %}
            count(case when outcomes.has_reached_{{ share }} then 1 end)
                as reached_{{ share }}_count,
        {% endfor %}
        {% for share in ['60', '80', '95', '110'] %}
            {{ expected_count('outcomes.reach_' ~ share ~ '_probability_rate') }}
                as expected_{{ share }}_count,
        {% endfor %}
        champions.model_version is not null as is_champion,
        outcomes.model_version
    from outcomes
    left join champions
        on
            outcomes.as_of_date = champions.as_of_date
            and outcomes.model_version = champions.model_version
    group by
        outcomes.as_of_date,
        outcomes.matured_date,
        outcomes.currency_code,
        outcomes.country_code,
        outcomes.age_band,
        outcomes.horizon_days,
        outcomes.forecaster_count,
        champions.model_version,
        outcomes.model_version

)

select * from final
