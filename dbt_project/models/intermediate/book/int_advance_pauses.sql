-- Grain: one row per advance_id with a gate that pauses its minimum.
with gates as (

    -- On its night a gate had been closed since starts_date.
    select * from {{ ref('stg_advance_gates') }}
    where minimum = 'pauses'

),

advances as (

    select * from {{ ref('int_advance_balances') }}

),

completed as (

    select * from {{ ref('int_advance_minimums') }}

),

running as (

    select * from {{ ref('int_advance_intervals') }}

),

final as (

    select
        advances.advance_id,
        max(
            case
                when
                    gates.as_of_date >= completed.interval_start_date
                    and gates.starts_date < {{ add_days(
                        'completed.interval_start_date',
                        'advances.minimum_interval_days'
                    ) }}
                    then 1
                else 0
            end
        ) = 1 as is_completed_paused,
        max(
            case
                when
                    {{ days_between('gates.as_of_date', as_of_date()) }}
                    <= running.interval_age_days
                    then 1
                else 0
            end
        ) = 1 as is_running_paused
    from gates
    inner join advances
        on gates.advance_id = advances.advance_id
    left join completed
        on gates.advance_id = completed.advance_id
    left join running
        on gates.advance_id = running.advance_id
    group by advances.advance_id

)

select * from final
