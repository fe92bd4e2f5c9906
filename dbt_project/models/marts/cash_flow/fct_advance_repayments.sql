-- Grain: one row per advance_repayment_id.
--
-- A view on DuckDB, which would write the same rows twice. On BigQuery a table, because
-- who may read this dataset may not read the one behind it.
{{ config(
    materialized='table' if target.type == 'bigquery' else 'view',
    partition_by=by_day('repaid_at', 'timestamp'),
    cluster_by=by_seller()
) }}

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
