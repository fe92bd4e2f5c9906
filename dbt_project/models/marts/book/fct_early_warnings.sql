-- Grain: one row per advance_id, as_of_date and policy_version.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with warnings as (

    select * from {{ ref('stg_early_warnings') }}
    {{ only_new_nights() }}

),

final as (

    select
        advance_id,
        seller_id,
        legal_entity_id,
        as_of_date,
        currency_code,
        main_sign,
        signs,
        evidence,
        risk_rank,
        at_risk_minor,
        balance_minor,
        expected_shortfall_minor,
        policy_version,
        model_version,
        code_version,
        data_as_of
    from warnings

)

select * from final
