-- Grain: one row per offer_id and method.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with disclosures as (

    select * from {{ ref('stg_offer_disclosures') }}
    {{ only_new_nights() }}

),

final as (

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
    from disclosures

)

select * from final
