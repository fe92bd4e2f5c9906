-- Grain: one row per advance_id with a gate that pauses its minimum.
with advances as (

    select * from {{ ref('int_advance_balances') }}

),

running as (

    select * from {{ ref('int_advance_intervals') }}

),

gates as (

    select * from {{ ref('int_seller_gates') }}

),

completed_gates as (

    select * from {{ ref('int_advance_minimum_gates') }}

),

newest_check as (

    -- What pauses a minimum is the policy's, which the check of the night tells.
    select concat(',', pausing_events, ',') as pausing_events
    from {{ ref('stg_repayment_checks') }}
    qualify row_number() over (order by as_of_date desc, policy_version desc) = 1

),

touched as (

    select
        advance_id,
        gate_event,
        1 as is_completed
    from completed_gates
    union all
    select
        advances.advance_id,
        gates.gate_event,
        0 as is_completed
    from running
    inner join advances
        on running.advance_id = advances.advance_id
    inner join gates
        on
            advances.seller_id = gates.seller_id
            and coalesce(gates.currency_code, advances.currency_code)
            = advances.currency_code
            and {{ days_between(
                'coalesce(gates.ends_date, ' ~ as_of_date() ~ ')', as_of_date()
            ) }} <= running.interval_age_days

),

final as (

    select
        touched.advance_id,
        max(touched.is_completed) = 1 as is_completed_paused,
        min(touched.is_completed) = 0 as is_running_paused
    from touched
    cross join newest_check
    where
        newest_check.pausing_events
        like concat('%,', touched.gate_event, ',%')
    group by touched.advance_id

)

select * from final
