-- Grain: one row per advance_id and as_of_date.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with days as (

    select * from {{ ref('stg_advance_days') }}
    {{ only_new_nights() }}

),

final as (

    select
        advance_id,
        seller_id,
        as_of_date,
        before_date,
        disbursed_date,
        planned_payoff_date,
        expected_payoff_p10_date,
        expected_payoff_p50_date,
        expected_payoff_p90_date,
        currency_code,
        status,
        stage,
        planned_days,
        past_plan_days,
        advance_minor,
        fee_minor,
        repaid_minor,
        recovered_minor,
        written_off_minor,
        balance_minor,
        planned_balance_minor,
        carrying_minor,
        allowance_minor,
        recognised_fee_minor,
        deferred_fee_minor,
        forgone_fee_minor,
        opening_balance_minor,
        opening_carrying_minor,
        opening_allowance_minor,
        disbursed_change_minor,
        fee_change_minor,
        repaid_change_minor,
        recovered_change_minor,
        written_off_change_minor,
        forgone_fee_change_minor,
        income_minor,
        catch_up_minor,
        allowance_charge_minor,
        allowance_use_minor,
        pace_rate,
        effective_daily_rate,
        policy_version,
        model_version,
        code_version,
        data_as_of
    from days

)

select * from final
