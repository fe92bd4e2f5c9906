-- Grain: one row per currency_code, cohort_month and age_months.
with advances as (

    select * from {{ ref('rpt_advances') }}
    where disbursed_date is not null and state <> 'cancelled'

),

repayments as (

    select * from {{ ref('fct_advance_repayments') }}

),

movements as (

    select
        advances.currency_code,
        advances.cohort_month,
        cast(floor({{ days_between(
            'advances.disbursed_date', 'cast(repayments.repaid_at as date)'
        ) }} / 30) as int64) + 1 as age_months,
        case when repayments.is_recovery then 0 else repayments.applied_minor end
            as repaid_minor,
        case when repayments.is_recovery then repayments.applied_minor else 0 end
            as recovered_minor,
        0 as written_off_minor
    from advances
    inner join repayments
        on
            advances.advance_id = repayments.advance_id
            and advances.currency_code = repayments.currency_code
    union all
    select
        advances.currency_code,
        advances.cohort_month,
        cast(floor({{ days_between(
            'advances.disbursed_date', 'cast(advances.written_off_at as date)'
        ) }} / 30) as int64) + 1 as age_months,
        0 as repaid_minor,
        0 as recovered_minor,
        advances.written_off_minor
    from advances
    where advances.written_off_at is not null

),

cohorts as (

    select
        currency_code,
        cohort_month,
        max(disbursed_date) as last_disbursed_date,
        count(*) as advance_count,
        {{ sum_minor('owed_minor') }} as owed_minor
    from advances
    group by currency_code, cohort_month

),

ages as (

    -- The youngest advance of the month says which ages all of them have reached.
    select
        cohorts.*,
        cast(floor({{ days_between(
            'last_disbursed_date', 'cast(reached_date as date)'
        ) }} / 30) as int64) as age_months
    from cohorts
    cross join {{ date_series(
        add_days('last_disbursed_date', 30), as_of_date(1), 30, 'reached_date'
    ) }}

),

final as (

    select
        ages.cohort_month,
        ages.currency_code,
        ages.age_months,
        ages.owed_minor,
        {% for amount in ['repaid_minor', 'written_off_minor', 'recovered_minor'] %}
            {{ sum_minor('movements.' ~ amount) }} as {{ amount }},
        {% endfor %}
        ages.advance_count,
        {{ rate(sum_minor('movements.repaid_minor'), 'ages.owed_minor') }}
            as repaid_rate,
        {{ rate(sum_minor('movements.written_off_minor'), 'ages.owed_minor') }}
            as written_off_rate
    from ages
    left join movements
        on
            ages.currency_code = movements.currency_code
            and ages.cohort_month = movements.cohort_month
            and ages.age_months >= movements.age_months
    group by
        ages.cohort_month,
        ages.currency_code,
        ages.age_months,
        ages.owed_minor,
        ages.advance_count

)

select * from final
