-- Grain: one row per seller_id, currency_code and flow_date with any movement.
{{ config(
    materialized='incremental',
    incremental_strategy=adding_strategy(),
    unique_key=['seller_id', 'currency_code', 'flow_date'],
    on_schema_change='fail',
    meta={'touched': 'touched_flow_days'},
    pre_hook='{{ delete_touched_days() }}',
    partition_by=by_day('flow_date'),
    cluster_by=by_seller()
) }}

{% set balance_before = '0' %}
{% if is_incremental() %}
    {% set balance_before = 'coalesce(balances_before.balance_minor, 0)' %}
{% endif %}

-- depends_on: {{ ref('stg_changed_lines') }}
{% set first_date = first_touched_date() if is_incremental() %}

with lines as (

    select * from {{ ref('stg_balance_transactions') }}
    {% if is_incremental() %}
        where occurred_date >= {{ first_date }}
    {% endif %}

),

{% if is_incremental() %}
    touched as (

        {{ first_touched_days() }}

    ),

    balances_before as (

        select
            touched.seller_id,
            touched.currency_code,
            {{ sum_minor(
                'written.closing_balance_minor - written.opening_balance_minor'
            ) }} as balance_minor
        from touched
        inner join {{ this }} as written
            on
                touched.seller_id = written.seller_id
                and touched.currency_code = written.currency_code
                and touched.first_touched_date > written.flow_date
        group by touched.seller_id, touched.currency_code

    ),
{% endif %}

flows as (

    select
        lines.seller_id,
        lines.occurred_date as flow_date,
        lines.currency_code,
        {{ ledger_totals() }},
        {{ sum_minor('-amount_minor', "kind = 'payout'") }} as paid_out_minor,
        {{ sum_minor('amount_minor') }} as net_minor,
        count(case when lines.kind = 'sale' then 1 end) as captured_count,
        max(lines.updated_at) as data_as_of
    from lines
    {% if is_incremental() %}
        inner join touched
            on
                lines.seller_id = touched.seller_id
                and lines.currency_code = touched.currency_code
                and lines.occurred_date >= touched.first_touched_date
    {% endif %}
    group by lines.seller_id, lines.occurred_date, lines.currency_code

),

balances as (

    select
        flows.*,
        cast(
            {{ balance_before }} + sum(flows.net_minor) over (
                partition by flows.seller_id, flows.currency_code
                order by flows.flow_date
            ) as int64
        ) as closing_balance_minor
    from flows
    {% if is_incremental() %}
        left join balances_before
            on
                flows.seller_id = balances_before.seller_id
                and flows.currency_code = balances_before.currency_code
    {% endif %}

),

final as (

    select
        seller_id,
        flow_date,
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
        greatest(0, captured_minor - refunded_minor - charged_back_minor)
            as repayable_minor,
        captured_count,
        data_as_of
    from balances

)

select * from final
