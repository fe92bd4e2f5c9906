-- Grain: one row per advance_repayment_id.
with repayments as (

    select * from {{ ref('stg_advance_repayments') }}

),

advances as (

    select * from {{ ref('stg_advances') }}

),

joined as (

    select
        repayments.*,
        advances.seller_id,
        advances.currency_code as advance_currency_code,
        advances.fee_minor,
        originals.amount_minor as original_minor,
        case
            when advances.status <> 'cancelled'
                then advances.advance_minor + advances.fee_minor
            else 0  -- cancelled, or an advance that is not known
        end as owed_minor,
        coalesce(
            advances.status = 'written_off'
            and (
                coalesce(originals.kind, repayments.kind) = 'recovery'
                or coalesce(originals.repaid_at, repayments.repaid_at)
                > advances.closed_at
            ),
            false
        ) as is_recovery,
        case
            when advances.advance_id is null then 'unknown_advance'
            when advances.currency_code <> repayments.currency_code
                then 'currency_differs'
            when
                advances.disbursed_at is null
                or repayments.repaid_at < advances.disbursed_at
                then 'before_disbursement'
            when originals.kind = 'reversal' then 'reversal_of_reversal'
            when (repayments.kind = 'reversal') <> (repayments.amount_minor < 0)
                then 'wrong_sign'
            when
                repayments.kind = 'reversal'
                and coalesce(
                    originals.amount_minor < 0
                    or originals.repaid_at > repayments.repaid_at
                    or originals.repaid_at < advances.disbursed_at,
                    true
                )
                then 'reversal_without_original'
        end as fault_of_row
    from repayments
    left join advances
        on repayments.advance_id = advances.advance_id
    left join repayments as originals
        on
            repayments.reversed_repayment_id = originals.advance_repayment_id
            and repayments.advance_id = originals.advance_id
            and repayments.currency_code = originals.currency_code

),

reversals as (

    select
        advance_repayment_id,
        original_minor + sum(amount_minor) over (
            partition by reversed_repayment_id
            order by repaid_at, advance_repayment_id
        ) as left_minor
    from joined
    where fault_of_row is null and kind = 'reversal'

),

checked as (

    select
        joined.*,
        case
            when reversals.left_minor < 0 then 'reversal_above_original'
            else joined.fault_of_row
        end as fault
    from joined
    left join reversals
        on joined.advance_repayment_id = reversals.advance_repayment_id

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
        case when fault is null then amount_minor else 0 end as received_minor,
        owed_minor,
        fee_minor,
        advance_currency_code,
        is_recovery,
        fault
    from checked

)

select * from final
