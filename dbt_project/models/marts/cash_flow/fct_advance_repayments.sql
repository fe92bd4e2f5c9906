-- Grain: one row per advance_repayment_id.
--
-- A view: its rows stand where the balances of advances are made of them.
{{ config(materialized='view') }}

with repayments as (

    select * from {{ ref('int_advance_repayments') }}

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
        advance_part_minor,
        fee_part_minor,
        repaid_to_date_minor,
        balance_after_minor,
        is_recovery,
        fault
    from repayments

)

select * from final
