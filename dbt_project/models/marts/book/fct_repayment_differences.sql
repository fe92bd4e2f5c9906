-- Grain: one row per advance_id, difference_date, kind, as_of_date and policy_version.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with differences as (

    select * from {{ ref('stg_repayment_differences') }}
    {{ only_new_nights() }}

),

final as (

    select
        advance_id,
        seller_id,
        as_of_date,
        difference_date,
        currency_code,
        kind,
        expected_minor,
        taken_minor,
        difference_minor,
        reason,
        gate_event,
        policy_version
    from differences

)

select * from final
