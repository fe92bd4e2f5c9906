-- Grain: one row per advance_id.
{{ config(materialized='table') }}

with advances as (

    select * from {{ ref('stg_advances') }}

),

repayments as (

    select * from {{ ref('int_advance_repayments') }}

),

minimums as (

    select * from {{ ref('int_advance_minimums') }}

),

repaid as (

    select
        advance_id,
        {{ sum_minor('applied_minor', 'not is_recovery') }} as repaid_minor,
        {{ sum_minor('applied_minor', 'is_recovery') }} as recovered_minor,
        count(*) as repayment_count,
        max(repaid_at) as last_repaid_at
    from repayments
    where fault is null or fault = 'over_repaid'
    group by advance_id

),

amounts as (

    -- A cancelled advance was never disbursed: nothing is owed.
    select
        advances.*,
        repaid.last_repaid_at,
        case
            when advances.status = 'cancelled' then 0
            else advances.advance_minor + advances.fee_minor
        end as owed_minor,
        coalesce(repaid.repaid_minor, 0) as repaid_minor,
        coalesce(repaid.recovered_minor, 0) as recovered_minor,
        coalesce(repaid.repayment_count, 0) as repayment_count,
        advances.status in ('accepted', 'disbursed') as is_open,
        advances.status = 'written_off' as is_written_off
    from advances
    left join repaid
        on advances.advance_id = repaid.advance_id

),

final as (

    select
        amounts.advance_id,
        amounts.offer_id,
        amounts.seller_id,
        amounts.accepted_at,
        amounts.disbursed_at,
        amounts.closed_at,
        amounts.last_repaid_at,
        amounts.currency_code,
        amounts.status,
        amounts.advance_minor,
        amounts.fee_minor,
        amounts.owed_minor,
        amounts.repaid_minor,
        case
            when amounts.is_written_off then 0
            else amounts.owed_minor - amounts.repaid_minor
        end as balance_minor,
        case
            when amounts.is_written_off then amounts.owed_minor - amounts.repaid_minor
            else 0
        end as written_off_minor,
        amounts.recovered_minor,
        amounts.owed_minor - amounts.repaid_minor - amounts.recovered_minor
            as unpaid_minor,
        amounts.minimum_minor,
        amounts.minimum_interval_days,
        amounts.repayment_count,
        amounts.holdback_rate,
        {{ rate('amounts.repaid_minor', 'amounts.owed_minor') }} as repaid_rate,
        amounts.is_open,
        amounts.is_open
        or (
            amounts.is_written_off
            and amounts.owed_minor > amounts.repaid_minor + amounts.recovered_minor
        ) as is_still_owed,
        minimums.has_missed_minimum
    from amounts
    left join minimums
        on amounts.advance_id = minimums.advance_id

)

select * from final
