-- Grain: one row per advance_repayment_id.
{{ config(
    partition_by=by_day('repaid_at', 'timestamp'),
    cluster_by=by_seller()
) }}

with repayments as (

    select * from {{ ref('stg_advance_repayments') }}

),

advances as (

    select * from {{ ref('fct_advances') }}

),

running as (

    select
        *,
        cast(
            sum(amount_minor) over (
                partition by advance_id, currency_code
                order by repaid_at, advance_repayment_id
                rows between unbounded preceding and current row
            ) as int64
        ) as repaid_to_date_minor
    from repayments

),

final as (

    select
        running.advance_repayment_id,
        running.advance_id,
        advances.seller_id,
        running.balance_transaction_id,
        running.repaid_at,
        running.currency_code,
        running.kind,
        running.amount_minor,
        running.repaid_to_date_minor,
        advances.owed_minor - running.repaid_to_date_minor as balance_after_minor
    from running
    left join advances
        on
            running.advance_id = advances.advance_id
            and running.currency_code = advances.currency_code

)

select * from final
