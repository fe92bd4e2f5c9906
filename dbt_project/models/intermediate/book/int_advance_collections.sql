-- Grain: one row per advance_id.
with advances as (

    select
        *,
        case when is_open and minimum_interval_days > 0 then mod(
            {{ days_between('cast(disbursed_at as date)', as_of_date()) }},
            minimum_interval_days
        ) end as interval_age_days
    from {{ ref('int_advance_balances') }}

),

repayments as (

    select * from {{ ref('stg_advance_repayments') }}

),

collected as (

    select
        advances.advance_id,
        {{ sum_minor(
            'repayments.amount_minor',
            "advances.status = 'written_off' and repayments.repaid_at > advances.closed_at"
        ) }} as recovered_minor,
        {{ sum_minor(
            'repayments.amount_minor',
            days_between('cast(repayments.repaid_at as date)', as_of_date())
            ~ ' <= advances.interval_age_days'
        ) }} as interval_paid_minor
    from advances
    left join repayments
        on
            advances.advance_id = repayments.advance_id
            and advances.currency_code = repayments.currency_code
    group by advances.advance_id

),

split as (

    -- More than is owed, or less than nothing, is no repayment of this advance.
    select
        advances.*,
        collected.recovered_minor,
        collected.interval_paid_minor,
        least(
            greatest(advances.repaid_minor - collected.recovered_minor, 0),
            advances.owed_minor
        ) as paid_minor
    from advances
    inner join collected
        on advances.advance_id = collected.advance_id

),

final as (

    select
        advance_id,
        paid_minor as repaid_minor,
        recovered_minor,
        case when status = 'written_off' then owed_minor - paid_minor else 0 end
            as written_off_minor,
        case when status = 'written_off' then 0 else owed_minor - paid_minor end
            as balance_minor,
        interval_age_days,
        case when interval_age_days is not null then interval_paid_minor end
            as interval_paid_minor,
        case when interval_age_days is not null then least(
            minimum_minor, owed_minor - paid_minor + greatest(interval_paid_minor, 0)
        ) end as interval_due_minor
    from split

)

select * from final
