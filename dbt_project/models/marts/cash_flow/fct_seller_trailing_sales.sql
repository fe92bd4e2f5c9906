-- Grain: one row per seller_id and currency_code, as of the night.
{{ config(partition_by=by_day('last_sale_date'), cluster_by=by_seller()) }}

{% set windows = {
    'repayable_28_days_minor': ('repayable_minor', 'weeks_ago < 4'),
    'repayable_previous_28_days_minor': ('repayable_minor', 'weeks_ago between 4 and 7'),
    'repayable_91_days_minor': ('repayable_minor', 'weeks_ago < 13'),
    'repayable_previous_91_days_minor': ('repayable_minor', 'weeks_ago between 13 and 25'),
    'repayable_364_days_minor': ('repayable_minor', 'weeks_ago < 52'),
    'captured_91_days_minor': ('captured_minor', 'weeks_ago < 13'),
    'refunded_91_days_minor': ('refunded_minor', 'weeks_ago < 13'),
    'charged_back_91_days_minor': ('charged_back_minor', 'weeks_ago < 13'),
} %}

with sellers as (

    select * from {{ ref('dim_sellers') }}

),

daily_flows as (

    select
        *,
        cast(floor({{ days_between('flow_date', as_of_date()) }} / 7) as int64)
            as weeks_ago
    from {{ ref('fct_seller_cash_flows_daily') }}

),

flows as (

    select
        seller_id,
        currency_code,
        flow_date,
        weeks_ago,
        captured_minor,
        refunded_minor,
        charged_back_minor,
        repayable_minor,
        closing_balance_minor - opening_balance_minor as net_minor
    from daily_flows
    union all
    -- A seller without any movement has a row too.
    select
        seller_id,
        currency_code,
        cast(null as date) as flow_date,
        cast(null as int64) as weeks_ago,
        0 as captured_minor,
        0 as refunded_minor,
        0 as charged_back_minor,
        0 as repayable_minor,
        0 as net_minor
    from sellers

),

windows as (

    -- Every window is whole weeks that end on the night; week 0 is the last.
    select
        seller_id,
        currency_code,
        min(case when captured_minor > 0 then flow_date end) as first_sale_date,
        max(case when captured_minor > 0 then flow_date end) as last_sale_date,
        {% for column, (flow, weeks) in windows.items() %}
            {{ sum_minor(flow, weeks) }} as {{ column }},
        {% endfor %}
        {{ sum_minor('net_minor') }} as balance_minor,
        {% for week in range(13) %}
            {{ sum_minor('repayable_minor', 'weeks_ago = ' ~ week) }}
                as week_{{ week }}_minor,
        {% endfor %}
        count(case when captured_minor > 0 and weeks_ago < 13 then 1 end)
            as active_91_days
    from flows
    group by seller_id, currency_code

),

final as (

    -- Over the n = 13 weeks x, quiet ones included, and their sum s, the population
    -- deviation over the mean is sqrt(sum((n * x - s) * (n * x - s)) / n) / s.
    select
        seller_id,
        first_sale_date,
        last_sale_date,
        currency_code,
        {% for column in windows %}
            {{ column }},
        {% endfor %}
        balance_minor,
        active_91_days,
        {{ rate('refunded_91_days_minor', 'captured_91_days_minor') }} as refund_rate,
        {{ rate('charged_back_91_days_minor', 'captured_91_days_minor') }}
            as chargeback_rate,
        {{ rate('repayable_91_days_minor', 'repayable_previous_91_days_minor') }} - 1
            as growth_rate,
        {{ rate(
            'sqrt((' ~ sum_of_squared_deviations(13, 'week_', 'repayable_91_days_minor')
            ~ ') / 13)',
            'repayable_91_days_minor'
        ) }} as weekly_variation_rate
    from windows

)

select * from final
