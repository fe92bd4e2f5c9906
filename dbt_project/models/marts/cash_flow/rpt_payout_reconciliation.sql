-- Grain: one row per seller_id, currency_code and payout_id.
{{ config(
    materialized='incremental',
    incremental_strategy=adding_strategy(),
    unique_key=['seller_id', 'currency_code', 'payout_id'],
    on_schema_change='fail',
    meta={'touched': none},
    pre_hook='{{ delete_changed_payouts() }}'
) }}

-- depends_on: {{ ref('int_changed_payouts') }} and {{ ref('stg_payouts') }}
with payouts as (

    select * from {{ ref('fct_payouts') }}
    {{ only_changed_payouts(days_of_changed_payouts) }}

),

payout_lines as (

    select * from {{ ref('int_payout_lines') }}
    {{ only_changed_payouts() }}

),

known_payouts as (

    select
        seller_id,
        currency_code,
        payout_id,
        period_start_date,
        period_end_date,
        payout_status,
        amount_minor,
        lines_total_minor,
        own_line_minor,
        residual_minor,
        case
            when initiated_at is null then 'not_initiated'
            when residual_minor <> 0 and line_count = 0 then 'lines_missing'
            when residual_minor > 0 then 'lines_below_payout'
            when residual_minor < 0 then 'lines_above_payout'
            when amount_minor <> 0 and own_line_count = 0 then 'own_line_missing'
            when own_line_minor <> amount_minor then 'own_line_differs'
            else 'none'
        end as residual_reason
    from payouts

),

unknown_payouts as (

    -- Lines that name a payout nobody told us of, or another seller's or currency's. A
    -- batch still collecting is not told of until the money leaves the balance.
    select
        payout_lines.seller_id,
        payout_lines.currency_code,
        payout_lines.payout_id,
        cast(null as date) as period_start_date,
        cast(null as date) as period_end_date,
        cast(null as string) as payout_status,
        cast(0 as int64) as amount_minor,
        payout_lines.lines_total_minor,
        payout_lines.own_line_minor,
        -payout_lines.lines_total_minor as residual_minor,
        case
            when payouts.payout_id is not null then 'other_seller_or_currency'
            when payout_lines.own_line_count = 0 then 'not_initiated'
            else 'payout_missing'
        end as residual_reason
    from payout_lines
    left join payouts
        on payout_lines.payout_id = payouts.payout_id
    where
        payouts.payout_id is null
        or payout_lines.seller_id <> payouts.seller_id
        or payout_lines.currency_code <> payouts.currency_code

),

all_payouts as (

    select * from known_payouts
    union all
    select * from unknown_payouts

),

final as (

    select
        *,
        case
            when residual_reason <> 'not_initiated' then residual_reason = 'none'
        end as is_reconciled
    from all_payouts

)

select * from final
