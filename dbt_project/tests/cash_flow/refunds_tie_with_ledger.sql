-- Sellers whose refunds are not the refund lines of the ledger. A source may be late
-- with one of the two, so this only tells.
{{ config(severity='warn') }}

with refunds as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('refunded_minor') }} as refunded_minor
    from {{ ref('stg_refunds') }}
    group by seller_id, currency_code

),

ledger as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('-amount_minor') }} as refunded_minor
    from {{ ref('stg_balance_transactions') }}
    where kind = 'refund'
    group by seller_id, currency_code

)

select
    coalesce(refunds.seller_id, ledger.seller_id) as seller_id,
    coalesce(refunds.currency_code, ledger.currency_code) as currency_code,
    refunds.refunded_minor,
    ledger.refunded_minor as ledger_refunded_minor
from refunds
full outer join ledger
    on
        refunds.seller_id = ledger.seller_id
        and refunds.currency_code = ledger.currency_code
where coalesce(refunds.refunded_minor, 0) <> coalesce(ledger.refunded_minor, 0)
