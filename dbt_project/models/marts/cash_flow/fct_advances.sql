-- Grain: one row per advance_id.
{{ config(
    partition_by=by_day('accepted_at', 'timestamp'),
    cluster_by=by_seller()
) }}

with advances as (

    select * from {{ ref('int_advance_balances') }}

),

newest_changes as (

    select * from {{ ref('stg_advance_changes') }}
    where cast(effective_at as date) <= {{ as_of_date() }}
    qualify row_number() over (
        partition by advance_id order by effective_at desc, advance_change_id desc
    ) = 1

),

final as (

    select
        advances.advance_id,
        advances.offer_id,
        advances.seller_id,
        advances.accepted_at,
        advances.disbursed_at,
        advances.closed_at,
        advances.last_repaid_at,
        advances.currency_code,
        advances.status,
        advances.advance_minor,
        advances.fee_minor,
        advances.owed_minor,
        advances.repaid_minor,
        advances.balance_minor,
        advances.written_off_minor,
        advances.recovered_minor,
        advances.minimum_minor,
        advances.minimum_interval_days,
        advances.repayment_count,
        advances.holdback_rate,
        coalesce(newest_changes.holdback_rate, advances.holdback_rate)
            as current_holdback_rate,
        advances.repaid_rate,
        advances.is_open,
        advances.has_missed_minimum
    from advances
    left join newest_changes
        on advances.advance_id = newest_changes.advance_id

)

select * from final
