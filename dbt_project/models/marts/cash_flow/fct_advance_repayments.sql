-- Grain: one row per advance_repayment_id.
{{ config(
    partition_by=by_day('repaid_at', 'timestamp'),
    cluster_by=by_seller()
) }}

with repayments as (

    select * from {{ ref('int_advance_repayments') }}

),

advances as (

    select * from {{ ref('fct_advances') }}

),

running as (

    select
        repayments.*,
        advances.owed_minor - repayments.repaid_to_date_minor as balance_after_minor,
        coalesce({{ pro_rata(
            'repayments.repaid_to_date_minor', 'advances.fee_minor', 'advances.owed_minor'
        ) }}, 0) as fee_to_date_minor,
        coalesce({{ pro_rata(
            '(repayments.repaid_to_date_minor - repayments.applied_minor)',
            'advances.fee_minor',
            'advances.owed_minor'
        ) }}, 0) as fee_before_minor
    from repayments
    left join advances
        on
            repayments.advance_id = advances.advance_id
            and repayments.currency_code = advances.currency_code

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
        excess_minor,
        applied_minor - (fee_to_date_minor - fee_before_minor) as advance_part_minor,
        fee_to_date_minor - fee_before_minor as fee_part_minor,
        repaid_to_date_minor,
        balance_after_minor,
        is_recovery,
        fault
    from running

)

select * from final
