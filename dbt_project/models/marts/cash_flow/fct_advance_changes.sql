-- Grain: one row per advance_change_id.
{{ config(partition_by=by_day('effective_at', 'timestamp')) }}

with changes as (

    select * from {{ ref('stg_advance_changes') }}

),

final as (

    select
        advance_change_id,
        advance_id,
        effective_at,
        holdback_rate,
        reason
    from changes

)

select * from final
