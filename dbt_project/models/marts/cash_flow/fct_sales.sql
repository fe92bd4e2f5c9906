-- Grain: one row per order_item_id.
{{ config(
    materialized='incremental',
    incremental_strategy=incremental_strategy(),
    unique_key='order_item_id',
    on_schema_change='fail',
    meta={'touched': 'days_of_changed_items'},
    partition_by=by_day('ordered_date'),
    cluster_by=by_seller()
) }}

-- depends_on: {{ ref('int_changed_items') }}
with order_items as (

    select * from {{ ref('stg_order_items') }}
    {{ only_changed_items(days_of_changed_items) }}

),

refunds as (

    select * from {{ ref('stg_refunds') }}
    {{ only_changed_items() }}

),

chargebacks as (

    select * from {{ ref('stg_chargebacks') }}
    {{ only_changed_items() }}

),

refund_totals as (

    select
        order_item_id,
        currency_code,
        {{ sum_minor('refunded_minor') }} as refunded_minor,
        count(*) as refund_count,
        max(updated_at) as updated_at
    from refunds
    group by order_item_id, currency_code

),

chargeback_totals as (

    select
        order_item_id,
        currency_code,
        {{ sum_minor('charged_back_minor', "outcome in ('open', 'lost')") }}
            as charged_back_minor,
        max(updated_at) as updated_at
    from chargebacks
    group by order_item_id, currency_code

),

final as (

    select
        order_items.order_item_id,
        order_items.order_id,
        order_items.seller_id,
        order_items.ordered_date,
        order_items.ordered_at,
        order_items.captured_at,
        order_items.delivered_at,
        order_items.status,
        order_items.currency_code,
        order_items.gross_minor,
        case
            when order_items.captured_at is not null then order_items.gross_minor
            else 0
        end as captured_minor,
        order_items.commission_minor,
        coalesce(refund_totals.refunded_minor, 0) as refunded_minor,
        coalesce(chargeback_totals.charged_back_minor, 0) as charged_back_minor,
        coalesce(refund_totals.refund_count, 0) as refund_count,
        greatest(
            order_items.updated_at,
            coalesce(refund_totals.updated_at, order_items.updated_at),
            coalesce(chargeback_totals.updated_at, order_items.updated_at)
        ) as data_as_of
    from order_items
    left join refund_totals
        on
            order_items.order_item_id = refund_totals.order_item_id
            and order_items.currency_code = refund_totals.currency_code
    left join chargeback_totals
        on
            order_items.order_item_id = chargeback_totals.order_item_id
            and order_items.currency_code = chargeback_totals.currency_code

)

select * from final
