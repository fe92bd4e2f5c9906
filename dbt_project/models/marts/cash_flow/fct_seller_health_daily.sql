-- Grain: one row per seller_id, currency_code and as_of_date.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with sellers as (

    select * from {{ ref('dim_sellers') }}

),

trailing_sales as (

    select * from {{ ref('fct_seller_trailing_sales') }}

),

failed_payouts as (

    select * from {{ ref('int_seller_failed_payouts') }}

),

advances as (

    select * from {{ ref('int_seller_advances') }}

),

quarantined_rows as (

    select * from {{ ref('int_seller_quarantined_rows') }}

),

newest_change as (

    select * from {{ ref('int_data_as_of') }}

),

final as (

    select
        trailing_sales.seller_id,
        coalesce(sellers.legal_entity_id, trailing_sales.seller_id) as legal_entity_id,
        advances.refillable_advance_id,
        {{ as_of_date() }} as as_of_date,
        trailing_sales.first_sale_date,
        trailing_sales.last_sale_date,
        advances.last_advance_closed_date,
        trailing_sales.currency_code,
        coalesce(sellers.country_code, 'unknown') as country_code,
        coalesce(sellers.seller_status, 'unknown') as seller_status,
        sellers.kyb_outcome,
        sellers.sanctions_outcome,
        sellers.tax_id_outcome,
        advances.missed_minimum_gates,
        trailing_sales.repayable_28_days_minor,
        trailing_sales.repayable_previous_28_days_minor,
        trailing_sales.repayable_91_days_minor,
        trailing_sales.repayable_previous_91_days_minor,
        trailing_sales.repayable_364_days_minor,
        trailing_sales.captured_91_days_minor,
        trailing_sales.refunded_91_days_minor,
        trailing_sales.charged_back_91_days_minor,
        trailing_sales.balance_minor,
        coalesce(advances.open_advance_balance_minor, 0) as open_advance_balance_minor,
        advances.refillable_fee_minor,
        advances.refillable_owed_minor,
        {{ seller_bucket('trailing_sales.seller_id') }} as seller_bucket,
        coalesce(
            {{ days_between('trailing_sales.first_sale_date', as_of_date()) }} + 1, 0
        ) as tenure_days,
        {{ days_between('trailing_sales.last_sale_date', as_of_date()) }}
            as days_since_last_sale,
        trailing_sales.active_91_days,
        coalesce(failed_payouts.failed_payouts_91_days_count, 0)
            as failed_payouts_91_days_count,
        coalesce(advances.open_advance_count, 0) as open_advance_count,
        coalesce(quarantined_rows.quarantined_91_days_count, 0)
        + case when sellers.seller_id is null then 1 else 0 end
            as quarantined_91_days_count,
        trailing_sales.refund_rate,
        trailing_sales.chargeback_rate,
        trailing_sales.growth_rate,
        trailing_sales.weekly_variation_rate,
        advances.open_advance_repaid_rate,
        coalesce(sellers.has_payout_hold, false) as has_payout_hold,
        coalesce(sellers.has_listing_suspended, false) as has_listing_suspended,
        coalesce(sellers.has_fraud_review, false) as has_fraud_review,
        coalesce(advances.has_missed_minimum, false) as has_missed_minimum,
        newest_change.data_as_of
    from trailing_sales
    left join sellers
        on trailing_sales.seller_id = sellers.seller_id
    left join failed_payouts
        on
            trailing_sales.seller_id = failed_payouts.seller_id
            and trailing_sales.currency_code = failed_payouts.currency_code
    left join advances
        on
            trailing_sales.seller_id = advances.seller_id
            and trailing_sales.currency_code = advances.currency_code
    left join quarantined_rows
        on trailing_sales.seller_id = quarantined_rows.seller_id
    cross join newest_change

)

select * from final
