-- Grain: one row per seller_id, currency_code and as_of_date.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with trailing_sales as (

    select * from {{ ref('fct_seller_trailing_sales') }}

),

recent_items as (

    select * from {{ ref('int_seller_recent_items') }}

),

advances as (

    select
        *,
        cast(disbursed_at as date) as disbursed_date
    from {{ ref('fct_advances') }}
    where disbursed_at < {{ as_of_end() }}

),

daily_flows as (

    select
        *,
        {{ days_between('flow_date', as_of_date()) }} as days_ago
    from {{ ref('fct_seller_cash_flows_daily') }}
    where flow_date > {{ as_of_date(-392) }} and flow_date <= {{ as_of_date() }}

),

best_days as (

    {{ best_days('daily_flows') }}

),

best_3_days as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('captured_minor') }} as best_3_days_minor
    from best_days
    group by seller_id, currency_code

),

windows as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('captured_minor', 'days_ago < 28') }} as captured_28_days_minor,
        {{ sum_minor('repayable_minor', 'days_ago between 28 and 118') }}
            as repayable_91_days_before_minor,
        {{ sum_minor('repayable_minor', 'days_ago >= 28') }}
            as repayable_364_days_before_minor
    from daily_flows
    group by seller_id, currency_code

),

around_advances as (

    select
        advances.seller_id,
        advances.currency_code,
        {{ sum_minor(
            'flows.captured_minor', 'flows.flow_date <= advances.disbursed_date'
        ) }}
            as captured_before_advances_minor,
        {{ sum_minor(
            'flows.refunded_minor', 'flows.flow_date > advances.disbursed_date'
        ) }}
            as refunded_after_advances_minor
    from advances
    inner join daily_flows as flows
        on
            advances.seller_id = flows.seller_id
            and advances.currency_code = flows.currency_code
            and flows.flow_date > {{ add_days('advances.disbursed_date', -28) }}
            and flows.flow_date <= {{ add_days('advances.disbursed_date', 28) }}
    group by advances.seller_id, advances.currency_code

),

final as (

    select
        trailing_sales.seller_id,
        {{ as_of_date() }} as as_of_date,
        trailing_sales.currency_code,
        {% for column in [
            'repayable_91_days_before_minor', 'repayable_364_days_before_minor',
            'captured_28_days_minor', 'best_3_days_minor', 'item_28_days_minor',
            'item_before_minor', 'deliverable_recent_minor', 'undelivered_recent_minor',
            'deliverable_before_minor', 'undelivered_before_minor',
            'captured_before_advances_minor', 'refunded_after_advances_minor'
        ] %}
            coalesce({{ column }}, 0) as {{ column }},
        {% endfor %}
        coalesce(recent_items.item_28_days_count, 0) as item_28_days_count,
        coalesce(recent_items.item_before_count, 0) as item_before_count
    from trailing_sales
    left join windows
        on
            trailing_sales.seller_id = windows.seller_id
            and trailing_sales.currency_code = windows.currency_code
    left join best_3_days
        on
            trailing_sales.seller_id = best_3_days.seller_id
            and trailing_sales.currency_code = best_3_days.currency_code
    left join recent_items
        on
            trailing_sales.seller_id = recent_items.seller_id
            and trailing_sales.currency_code = recent_items.currency_code
    left join around_advances
        on
            trailing_sales.seller_id = around_advances.seller_id
            and trailing_sales.currency_code = around_advances.currency_code

)

select * from final
