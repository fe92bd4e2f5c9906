-- Grain: one row per advance_id.
{{ config(
    partition_by=by_day('accepted_at', 'timestamp'),
    cluster_by=by_seller()
) }}

with advances as (

    select * from {{ ref('int_advance_balances') }}

),

final as (

    select
        advance_id,
        offer_id,
        seller_id,
        accepted_at,
        disbursed_at,
        closed_at,
        last_repaid_at,
        currency_code,
        status,
        advance_minor,
        fee_minor,
        owed_minor,
        repaid_minor,
        balance_minor,
        written_off_minor,
        recovered_minor,
        minimum_minor,
        minimum_interval_days,
        repayment_count,
        holdback_rate,
        repaid_rate,
        is_open,
        has_missed_minimum
    from advances

)

select * from final
