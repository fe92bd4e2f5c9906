-- Sellers whose chargebacks are not the chargeback lines of the ledger, each in full
-- whatever its outcome: a dispute won comes back as a line of its own. A source may be
-- late with one of the two, so this only tells.
{{ config(severity='warn') }}

with chargebacks as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('charged_back_minor') }} as charged_back_minor
    from {{ ref('stg_chargebacks') }}
    group by seller_id, currency_code

),

ledger as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('-amount_minor') }} as charged_back_minor
    from {{ ref('stg_balance_transactions') }}
    where kind = 'chargeback'
    group by seller_id, currency_code

)

select
    coalesce(chargebacks.seller_id, ledger.seller_id) as seller_id,
    coalesce(chargebacks.currency_code, ledger.currency_code) as currency_code,
    chargebacks.charged_back_minor,
    ledger.charged_back_minor as ledger_charged_back_minor
from chargebacks
full outer join ledger
    on
        chargebacks.seller_id = ledger.seller_id
        and chargebacks.currency_code = ledger.currency_code
where
    coalesce(chargebacks.charged_back_minor, 0)
    <> coalesce(ledger.charged_back_minor, 0)
