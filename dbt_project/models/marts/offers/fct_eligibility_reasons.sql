-- Grain: one row per decision (seller_id, currency_code, as_of_date, policy_version)
-- and reason_code.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with reasons as (

    select * from {{ ref('stg_eligibility_reasons') }}
    {{ only_new_nights() }}

),

relative as (

    -- Days, amounts and rates compare as shares of what the rule asks for; a flag, or a
    -- threshold of 0, counts as missed altogether.
    select
        *,
        coalesce(abs({{ rate('distance', 'abs(threshold)') }}), 1) as relative_distance
    from reasons

),

final as (

    -- A data fault hides everything else, and standing comes before credit; among
    -- equals the reason furthest from being met is the main one.
    select
        seller_id,
        as_of_date,
        currency_code,
        reason_code,
        category,
        unit,
        value,
        threshold,
        distance,
        relative_distance,
        row_number() over (
            partition by seller_id, currency_code, as_of_date, policy_version
            order by
                case category when 'data' then 0 when 'standing' then 1 else 2 end asc,
                relative_distance desc,
                reason_code asc
        ) as reason_rank,
        policy_version
    from relative

)

select * from final
