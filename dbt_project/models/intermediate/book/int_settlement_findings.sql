-- Grain: one row per finding_id.
with findings as (

    select * from {{ ref('stg_reconciliation_findings') }}

),

known as (

    -- Pairs stay with the night that found them; the rest is told every night.
    select * from findings
    where
        as_of_date = {{ as_of_date() }}
        or finding in ('matched', 'outside_ledger')

),

final as (

    select
        finding_id,
        as_of_date,
        finding,
        balance_transaction_id,
        seller_id,
        currency_code,
        ledger_minor,
        difference_minor,
        happened_at,
        settled_at
    from known
    qualify row_number() over (
        partition by finding_id
        order by as_of_date desc, policy_version desc
    ) = 1

)

select * from final
