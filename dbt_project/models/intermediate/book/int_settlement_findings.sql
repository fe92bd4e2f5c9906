-- Grain: one row per finding_id.
with findings as (

    select * from {{ ref('stg_reconciliation_findings') }}

),

reconciled as (

    -- Files may come on some nights only: the newest that had any holds until then.
    select max(as_of_date) as reconciled_date from findings

),

known as (

    -- Pairs stay with the night that found them; the rest is told every night.
    select
        findings.*,
        reconciled.reconciled_date
    from findings
    cross join reconciled
    where
        findings.as_of_date = reconciled.reconciled_date
        or findings.finding in ('matched', 'outside_ledger')

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
        settled_at,
        reconciled_date,
        {{ days_between('cast(happened_at as date)', 'reconciled_date') }} as age_days,
        case
            when finding = 'matched'
                then {{ days_between(
                    'cast(happened_at as date)', 'cast(settled_at as date)'
                ) }}
        end as settled_days
    from known
    qualify row_number() over (
        partition by finding_id
        order by as_of_date desc, policy_version desc
    ) = 1

)

select * from final
