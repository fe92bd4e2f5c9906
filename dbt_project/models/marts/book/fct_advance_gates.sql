-- Grain: one row per advance_id, gate_event, as_of_date and policy_version.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with gates as (

    select * from {{ ref('stg_advance_gates') }}
    {{ only_new_nights() }}

),

final as (

    select
        advance_id,
        seller_id,
        as_of_date,
        starts_date,
        currency_code,
        gate_event,
        holdback = 'stops' as is_holdback_stopped,
        minimum = 'pauses' as is_minimum_paused,
        offers = 'end' as is_offer_ended,
        policy_version
    from gates

)

select * from final
