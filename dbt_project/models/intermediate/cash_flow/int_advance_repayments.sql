-- Grain: one row per advance_repayment_id.
{{ config(materialized='table') }}

with repayments as (

    select * from {{ ref('int_checked_repayments') }}

),

summed as (

    -- A reversal at the moment of its original comes after it.
    select
        *,
        cast(sum(received_minor) over (
            partition by advance_id
            order by
                repaid_at, case when kind = 'reversal' then 1 else 0 end,
                advance_repayment_id
            rows between unbounded preceding and current row
        ) as int64) as received_to_date_minor
    from repayments

),

applied as (

    -- Money beyond what was owed waits beside the advance: a later reversal takes from
    -- it first.
    select
        *,
        least(received_to_date_minor, owed_minor) as repaid_to_date_minor,
        least(received_to_date_minor, owed_minor)
        - least(received_to_date_minor - received_minor, owed_minor) as applied_minor
    from summed

),

running as (

    select
        *,
        case
            when advance_currency_code = currency_code
                then owed_minor - repaid_to_date_minor
        end as balance_after_minor,
        coalesce(
            {{ pro_rata('repaid_to_date_minor', 'fee_minor', 'owed_minor') }}, 0
        ) as fee_to_date_minor,
        coalesce({{ pro_rata(
            '(repaid_to_date_minor - applied_minor)', 'fee_minor', 'owed_minor'
        ) }}, 0) as fee_before_minor
    from applied

),

final as (

    select
        advance_repayment_id,
        advance_id,
        seller_id,
        balance_transaction_id,
        reversed_repayment_id,
        repaid_at,
        currency_code,
        kind,
        amount_minor,
        applied_minor,
        received_minor - applied_minor as excess_minor,
        applied_minor - (fee_to_date_minor - fee_before_minor) as advance_part_minor,
        fee_to_date_minor - fee_before_minor as fee_part_minor,
        repaid_to_date_minor,
        balance_after_minor,
        is_recovery,
        case
            when fault is null and applied_minor < received_minor then 'over_repaid'
            else fault
        end as fault
    from running

)

select * from final
