-- Grain: one row per as_of_date, currency_code and cohort_month.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook="{{ delete_later_nights(operator='>=') }}",
    partition_by=by_day('as_of_date')
) }}

with tonight as (

    select * from {{ ref('fct_advance_schedule') }}
    where as_of_date = {{ as_of_date() }}

),

booked as (

    -- A night without a book has no rows, rather than nothing outstanding.
    select max(as_of_date) as as_of_date from tonight

),

advances as (

    select * from {{ ref('rpt_advances') }}

),

counted as (

    -- What was cancelled after it was booked moves back tonight, and is gone tomorrow.
    select
        advances.*,
        advances.state <> 'cancelled' as is_standing,
        {{ month_start('coalesce(advances.disbursed_date, tonight.disbursed_date)') }}
            as disbursed_month
    from advances
    left join tonight
        on advances.advance_id = tonight.advance_id
    where
        tonight.advance_id is not null
        or (advances.disbursed_date is not null and advances.state <> 'cancelled')

),

final as (

    select
        booked.as_of_date,
        advances.disbursed_month as cohort_month,
        advances.currency_code,
        {% for amount in ['advance', 'fee', 'repaid', 'written_off', 'recovered'] %}
            {{ sum_minor('advances.' ~ amount ~ '_minor', 'advances.is_standing') }}
                as {{ amount }}_minor,
        {% endfor %}
        {{ sum_minor('tonight.balance_minor') }} as outstanding_minor,
        {{ sum_minor('tonight.balance_minor', 'tonight.past_plan_days < 30') }}
            as past_plan_0_29_minor,
        {% for first, last in [(30, 59), (60, 89), (90, 179)] %}
            {{ sum_minor(
                'tonight.balance_minor',
                'tonight.past_plan_days between ' ~ first ~ ' and ' ~ last
            ) }} as past_plan_{{ first }}_{{ last }}_minor,
        {% endfor %}
        {{ sum_minor('tonight.balance_minor', 'tonight.past_plan_days >= 180') }}
            as past_plan_180_minor,
        {% for amount in [
            'carrying', 'allowance', 'deferred_fee', 'repaid_change',
            'written_off_change', 'recovered_change', 'opening_allowance',
            'allowance_charge', 'allowance_use'
        ] %}
            {{ sum_minor('tonight.' ~ amount ~ '_minor') }} as {{ amount }}_minor,
        {% endfor %}
        {{ sum_minor('tonight.income_minor + tonight.catch_up_minor') }}
            as income_minor,
        count(case when advances.is_standing then 1 end) as advance_count,
        count(case when tonight.balance_minor > 0 then 1 end) as open_count,
        {{ rate(
            sum_minor('advances.repaid_minor', 'advances.is_standing'),
            sum_minor('advances.owed_minor', 'advances.is_standing')
        ) }} as repaid_rate,
        {{ rate(
            sum_minor('tonight.repaid_minor', 'tonight.balance_minor > 0'),
            sum_minor(
                'advances.owed_minor - tonight.planned_balance_minor',
                'tonight.balance_minor > 0'
            )
        ) }} as pace_rate
    from counted as advances
    cross join booked
    left join tonight
        on advances.advance_id = tonight.advance_id
    where booked.as_of_date is not null
    group by booked.as_of_date, advances.disbursed_month, advances.currency_code

)

select * from final
