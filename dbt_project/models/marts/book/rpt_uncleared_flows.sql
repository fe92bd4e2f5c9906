-- Grain: one row per flow and flow_id.
with source_flows as (

    select * from {{ ref('int_source_flows') }}

),

payouts as (

    select * from {{ ref('rpt_payout_reconciliation') }}

),

known_payouts as (

    select * from {{ ref('fct_payouts') }}

),

findings as (

    select * from {{ ref('int_settlement_findings') }}

),

uncleared as (

    select
        'source_and_ledger' as flow,
        concat(flow_kind, ':', source_id, ':', currency_code) as flow_id,
        seller_id,
        cast(happened_at as date) as happened_date,
        currency_code,
        case
            when ledger_minor is null then 'line_missing'
            when due_minor is null then 'source_missing'
            else 'amount_differs'
        end as reason,
        coalesce(due_minor, 0) - coalesce(ledger_minor, 0) as residual_minor
    from source_flows
    where ledger_minor is null or due_minor is null or due_minor <> ledger_minor

    union all

    select
        'payout_and_lines' as flow,
        concat(payouts.payout_id, ':', payouts.seller_id, ':', payouts.currency_code)
            as flow_id,
        payouts.seller_id,
        cast(known_payouts.initiated_at as date) as happened_date,
        payouts.currency_code,
        payouts.residual_reason as reason,
        case
            when payouts.residual_minor <> 0 then payouts.residual_minor
            else payouts.amount_minor - payouts.own_line_minor
        end as residual_minor
    from payouts
    left join known_payouts
        on payouts.payout_id = known_payouts.payout_id
    where not payouts.is_reconciled

    union all

    select
        'ledger_and_settlement' as flow,
        finding_id as flow_id,
        seller_id,
        cast(happened_at as date) as happened_date,
        currency_code,
        finding as reason,
        difference_minor as residual_minor
    from findings
    where finding not in ('matched', 'outside_ledger')

),

final as (

    select
        {{ as_of_date() }} as as_of_date,
        flow,
        flow_id,
        seller_id,
        happened_date,
        currency_code,
        reason,
        residual_minor,
        {{ days_between('happened_date', as_of_date()) }} as age_days
    from uncleared

)

select * from final
