-- Grain: one row per seller_id, currency_code and week_start_date, quiet ones included.
{{ config(
    materialized='incremental',
    incremental_strategy=adding_strategy(),
    unique_key=['seller_id', 'currency_code', 'week_start_date'],
    on_schema_change='fail',
    meta={'touched': 'touched_weeks'},
    pre_hook='{{ delete_touched_weeks() }}',
    partition_by=by_day('week_start_date'),
    cluster_by=by_seller()
) }}

{% set flows = [
    'captured_minor',
    'refunded_minor',
    'charged_back_minor',
    'commission_minor',
    'adjustment_minor',
    'reserved_minor',
    'advanced_minor',
    'repaid_minor',
    'paid_out_minor',
    'repayable_minor',
    'captured_count',
] %}

-- depends_on: {{ ref('stg_changed_lines') }}
with daily_flows as (

    select * from {{ ref('fct_seller_cash_flows_daily') }}
    {% if is_incremental() %}
        where flow_date >= {{ first_touched_week() }}
    {% endif %}

),

first_weeks as (

    {{ first_weeks('daily_flows') }}

),

weeks as (

    select
        seller_id,
        cast(week as date) as week_start_date,
        currency_code,
        balance_minor
    from first_weeks
    cross join {{ date_series(
        'first_weeks.week_start_date', week_start(as_of_date()), 7, 'week'
    ) }}

),

weekly_flows as (

    select
        weeks.seller_id,
        weeks.week_start_date,
        weeks.currency_code,
        weeks.balance_minor as balance_before_minor,
        {% for flow in flows %}
            {{ sum_minor('daily_flows.' ~ flow) }} as {{ flow }},
        {% endfor %}
        {{ sum_minor(
            'daily_flows.closing_balance_minor - daily_flows.opening_balance_minor'
        ) }} as net_minor,
        count(case when daily_flows.captured_minor > 0 then 1 end) as active_days
    from weeks
    left join daily_flows
        on
            weeks.seller_id = daily_flows.seller_id
            and weeks.currency_code = daily_flows.currency_code
            and weeks.week_start_date = {{ week_start('daily_flows.flow_date') }}
    group by
        weeks.seller_id,
        weeks.week_start_date,
        weeks.currency_code,
        weeks.balance_minor

),

balances as (

    select
        *,
        cast(
            balance_before_minor + sum(net_minor) over (
                partition by seller_id, currency_code
                order by week_start_date
            ) as int64
        ) as closing_balance_minor
    from weekly_flows

),

final as (

    select
        seller_id,
        week_start_date,
        currency_code,
        closing_balance_minor - net_minor as opening_balance_minor,
        captured_minor,
        refunded_minor,
        charged_back_minor,
        commission_minor,
        adjustment_minor,
        reserved_minor,
        advanced_minor,
        repaid_minor,
        paid_out_minor,
        closing_balance_minor,
        repayable_minor,
        captured_count,
        active_days,
        {{ add_days('week_start_date', 6) }} <= {{ as_of_date() }} as is_complete
    from balances

)

select * from final
