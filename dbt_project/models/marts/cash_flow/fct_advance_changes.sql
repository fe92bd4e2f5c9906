-- Grain: one row per advance_change_id.
{{ config(
    partition_by=by_day('effective_at', 'timestamp'),
    cluster_by=by_seller()
) }}

with changes as (

    select * from {{ ref('stg_advance_changes') }}

),

advances as (

    select * from {{ ref('fct_advances') }}

),

final as (

    select
        changes.advance_change_id,
        changes.advance_id,
        advances.seller_id,
        changes.effective_at,
        changes.holdback_rate,
        changes.reason
    from changes
    left join advances
        on changes.advance_id = advances.advance_id

)

select * from final
