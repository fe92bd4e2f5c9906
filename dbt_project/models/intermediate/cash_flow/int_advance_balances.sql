-- Grain: one row per advance_id.
with advances as (

    select * from {{ ref('stg_advances') }}

),

repayments as (

    select * from {{ ref('stg_advance_repayments') }}

),

minimums as (

    select * from {{ ref('int_advance_minimums') }}

),

repaid as (

    select
        advance_id,
        currency_code,
        {{ sum_minor('amount_minor') }} as repaid_minor,
        count(*) as repayment_count,
        max(repaid_at) as last_repaid_at
    from repayments
    group by advance_id, currency_code

),

owed as (

    -- A cancelled advance was never disbursed: nothing is owed.
    select
        advance_id,
        case when status = 'cancelled' then 0 else advance_minor + fee_minor end
            as owed_minor
    from advances

),

final as (

    select
        advances.advance_id,
        advances.offer_id,
        advances.seller_id,
        advances.accepted_at,
        advances.disbursed_at,
        advances.closed_at,
        repaid.last_repaid_at,
        advances.currency_code,
        advances.status,
        advances.advance_minor,
        advances.fee_minor,
        owed.owed_minor,
        coalesce(repaid.repaid_minor, 0) as repaid_minor,
        owed.owed_minor - coalesce(repaid.repaid_minor, 0) as balance_minor,
        advances.minimum_minor,
        advances.minimum_interval_days,
        coalesce(repaid.repayment_count, 0) as repayment_count,
        advances.holdback_rate,
        {{ rate('coalesce(repaid.repaid_minor, 0)', 'owed.owed_minor') }}
            as repaid_rate,
        advances.status in ('accepted', 'disbursed') as is_open,
        advances.status in ('accepted', 'disbursed')
        or (
            advances.status = 'written_off'
            and owed.owed_minor > coalesce(repaid.repaid_minor, 0)
        ) as is_still_owed,
        minimums.has_missed_minimum
    from advances
    inner join owed
        on advances.advance_id = owed.advance_id
    left join repaid
        on
            advances.advance_id = repaid.advance_id
            and advances.currency_code = repaid.currency_code
    left join minimums
        on advances.advance_id = minimums.advance_id

)

select * from final
