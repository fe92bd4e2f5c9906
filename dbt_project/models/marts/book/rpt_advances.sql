-- Grain: one row per advance_id.
{{ config(cluster_by=by_seller()) }}

with advances as (

    select * from {{ ref('fct_advances') }}

),

intervals as (

    select * from {{ ref('int_advance_intervals') }}

),

pauses as (

    select * from {{ ref('int_advance_pauses') }}

),

newest as (

    select
        advance_id,
        max(as_of_date) as booked_date
    from {{ ref('fct_advance_schedule') }}
    group by advance_id

),

schedule as (

    select days.*
    from {{ ref('fct_advance_schedule') }} as days
    inner join newest
        on
            days.advance_id = newest.advance_id
            and days.as_of_date = newest.booked_date

),

final as (

    select
        advances.advance_id,
        advances.offer_id,
        advances.seller_id,
        advances.accepted_at,
        cast(advances.disbursed_at as date) as disbursed_date,
        {{ month_start('cast(advances.disbursed_at as date)') }} as cohort_month,
        schedule.planned_payoff_date,
        schedule.expected_payoff_p10_date,
        schedule.expected_payoff_p50_date,
        schedule.expected_payoff_p90_date,
        case when advances.status = 'repaid' then cast(advances.closed_at as date) end
            as paid_off_date,
        case when advances.status = 'written_off' then advances.closed_at end
            as written_off_at,
        schedule.as_of_date as booked_date,
        advances.currency_code,
        case
            when advances.status = 'accepted' then 'waiting'
            when advances.status <> 'disbursed' then advances.status
            when schedule.stage = 3 then 'impaired'
            when schedule.stage = 2 then 'slow'
            else 'repaying'
        end as state,
        schedule.stage,
        case when schedule.stage is not null then schedule.past_plan_days end
            as past_plan_days,
        advances.advance_minor,
        advances.fee_minor,
        advances.owed_minor,
        advances.repaid_minor,
        advances.recovered_minor,
        advances.written_off_minor,
        advances.balance_minor,
        {% for amount in ['planned_balance', 'carrying', 'allowance'] %}
            case when schedule.stage is not null then schedule.{{ amount }}_minor end
                as {{ amount }}_minor,
        {% endfor %}
        intervals.interval_paid_minor,
        intervals.interval_due_minor,
        advances.holdback_rate,
        {{ rate('advances.repaid_minor', 'advances.owed_minor') }} as repaid_rate,
        schedule.pace_rate,
        case
            when pauses.is_completed_paused then false
            else advances.has_missed_minimum
        end as is_minimum_breached,
        not coalesce(pauses.is_running_paused, false)
        and 2 * (intervals.interval_age_days + 1) >= advances.minimum_interval_days
        and intervals.interval_paid_minor * advances.minimum_interval_days
        < intervals.interval_due_minor * (intervals.interval_age_days + 1)
            as is_near_breach
    from advances
    left join intervals
        on advances.advance_id = intervals.advance_id
    left join pauses
        on advances.advance_id = pauses.advance_id
    left join schedule
        on advances.advance_id = schedule.advance_id

)

select * from final
