-- Grain: one row per seller_id, currency_code, as_of_date and policy_version.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with changes as (

    select * from {{ ref('stg_offer_changes') }}
    {{ only_new_nights() }}

),

final as (

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
    from changes

)

select * from final
