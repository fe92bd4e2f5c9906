-- Grain: one row per gate_event and row_id, a span of days of one seller.
--
-- A view on DuckDB, for the same reason as fct_advance_repayments.
{{ config(
    materialized='table' if target.type == 'bigquery' else 'view',
    partition_by=by_day('starts_date'),
    cluster_by=by_seller()
) }}

with final as (

    select
        gate_event,
        row_id,
        seller_id,
        currency_code,
        starts_date,
        ends_date
    from {{ ref('int_seller_gates') }}

)

select * from final
