-- Grain: one row per advance_id with a minimum and a completed interval.
with advances as (

    select * from {{ ref('stg_advances') }}
    where
        minimum_minor is not null
        and minimum_interval_days > 0
        and disbursed_at is not null
        and status <> 'cancelled'

),

repayments as (

    select * from {{ ref('int_advance_repayments') }}

),

intervals as (

    select
        *,
        cast(disbursed_at as date) as disbursed_date,
        cast(
            floor(
                ({{ days_between('cast(disbursed_at as date)', as_of_date()) }} + 1)
                / minimum_interval_days
            ) as int64
        ) as completed_interval_count
    from advances

),

last_intervals as (

    select
        advance_id,
        minimum_minor,
        advance_minor + fee_minor as owed_minor,
        {{ add_days(
            'disbursed_date', '(completed_interval_count - 1) * minimum_interval_days'
        ) }} as interval_start_date,
        {{ add_days(
            'disbursed_date', 'completed_interval_count * minimum_interval_days'
        ) }} as next_interval_start_date
    from intervals
    where completed_interval_count > 0

),

collected as (

    select
        last_intervals.advance_id,
        last_intervals.minimum_minor,
        last_intervals.owed_minor,
        last_intervals.interval_start_date,
        last_intervals.next_interval_start_date,
        {{ sum_minor(
            'repayments.applied_minor',
            'cast(repayments.repaid_at as date) < last_intervals.interval_start_date'
        ) }} as repaid_before_minor,
        {{ sum_minor(
            'repayments.applied_minor',
            'cast(repayments.repaid_at as date) >= last_intervals.interval_start_date'
        ) }} as repaid_in_interval_minor
    from last_intervals
    left join repayments
        on
            last_intervals.advance_id = repayments.advance_id
            and last_intervals.next_interval_start_date
            > cast(repayments.repaid_at as date)
    group by
        last_intervals.advance_id,
        last_intervals.minimum_minor,
        last_intervals.owed_minor,
        last_intervals.interval_start_date,
        last_intervals.next_interval_start_date

),

final as (

    -- What is left bounds the minimum: nobody can miss more than they owe.
    select
        advance_id,
        interval_start_date,
        next_interval_start_date,
        least(minimum_minor, owed_minor - repaid_before_minor) as due_minor,
        repaid_in_interval_minor,
        repaid_in_interval_minor
        < least(minimum_minor, owed_minor - repaid_before_minor) as has_missed_minimum
    from collected

)

select * from final
