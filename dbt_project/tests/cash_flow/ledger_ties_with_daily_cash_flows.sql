-- Sellers whose last closing balance is not the sum of their ledger lines, which a
-- night that adds to the nights before could get wrong.
with ledger as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('amount_minor') }} as balance_minor
    from {{ ref('stg_balance_transactions') }}
    where {{ only_changed_days('occurred_date') }}
    group by seller_id, currency_code

),

flows as (

    select
        seller_id,
        currency_code,
        {{ sum_minor('closing_balance_minor - opening_balance_minor') }}
            as balance_minor
    from {{ ref('fct_seller_cash_flows_daily') }}
    where {{ only_changed_days('flow_date') }}
    group by seller_id, currency_code

)

select
    ledger.seller_id,
    ledger.currency_code,
    ledger.balance_minor,
    flows.balance_minor as flows_balance_minor
from ledger
full outer join flows
    on
        ledger.seller_id = flows.seller_id
        and ledger.currency_code = flows.currency_code
where coalesce(ledger.balance_minor = flows.balance_minor, false) is false
