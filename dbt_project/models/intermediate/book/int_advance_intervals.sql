-- Grain: one row per advance_id with a running interval of its minimum.
with advances as (

    select
        *,
        mod(
            {{ days_between('cast(disbursed_at as date)', as_of_date()) }},
            minimum_interval_days
        ) as interval_age_days
    from {{ ref('int_advance_balances') }}
    where is_open and disbursed_at is not null and minimum_interval_days > 0

),

repayments as (

    select * from {{ ref('int_advance_repayments') }}
    where not is_recovery and (fault is null or fault = 'over_repaid')

),

paid as (

    select
        advances.advance_id,
        {{ sum_minor(
            'repayments.applied_minor',
            days_between('cast(repayments.repaid_at as date)', as_of_date())
            ~ ' <= advances.interval_age_days'
        ) }} as interval_paid_minor
    from advances
    left join repayments
        on advances.advance_id = repayments.advance_id
    group by advances.advance_id

),

final as (

    select
        advances.advance_id,
        advances.interval_age_days,
        paid.interval_paid_minor,
        least(
            advances.minimum_minor,
            advances.balance_minor + greatest(paid.interval_paid_minor, 0)
        ) as interval_due_minor
    from advances
    inner join paid
        on advances.advance_id = paid.advance_id

)

select * from final
