-- Grain: one row per payout_id.
{{ config(
    materialized='incremental',
    incremental_strategy=incremental_strategy(),
    unique_key='payout_id',
    on_schema_change='fail',
    meta={'touched': 'days_of_changed_payouts'},
    partition_by=by_day('period_end_date'),
    cluster_by=by_seller()
) }}

-- depends_on: {{ ref('int_changed_payouts') }}
with payouts as (

    select * from {{ ref('stg_payouts') }}
    {{ only_changed_payouts(days_of_changed_payouts) }}

),

payout_lines as (

    select * from {{ ref('int_payout_lines') }}
    {{ only_changed_payouts() }}

),

final as (

    select
        payouts.payout_id,
        payouts.seller_id,
        payouts.period_start_date,
        payouts.period_end_date,
        payouts.initiated_at,
        payouts.paid_at,
        payouts.updated_at,
        payouts.currency_code,
        payouts.payout_status,
        payouts.amount_minor,
        coalesce(payout_lines.captured_minor, 0) as captured_minor,
        coalesce(payout_lines.refunded_minor, 0) as refunded_minor,
        coalesce(payout_lines.charged_back_minor, 0) as charged_back_minor,
        coalesce(payout_lines.commission_minor, 0) as commission_minor,
        coalesce(payout_lines.adjustment_minor, 0) as adjustment_minor,
        coalesce(payout_lines.reserved_minor, 0) as reserved_minor,
        coalesce(payout_lines.advanced_minor, 0) as advanced_minor,
        coalesce(payout_lines.repaid_minor, 0) as repaid_minor,
        coalesce(payout_lines.returned_minor, 0) as returned_minor,
        coalesce(payout_lines.lines_total_minor, 0) as lines_total_minor,
        coalesce(payout_lines.own_line_minor, 0) as own_line_minor,
        payouts.amount_minor - coalesce(payout_lines.lines_total_minor, 0)
            as residual_minor,
        coalesce(payout_lines.line_count, 0) as line_count,
        coalesce(payout_lines.own_line_count, 0) as own_line_count
    from payouts
    left join payout_lines
        on
            payouts.payout_id = payout_lines.payout_id
            and payouts.seller_id = payout_lines.seller_id
            and payouts.currency_code = payout_lines.currency_code

)

select * from final
