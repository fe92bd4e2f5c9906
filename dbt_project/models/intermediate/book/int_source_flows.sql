-- Grain: one row per flow_kind, source_id and currency_code.
{{ config(materialized='table') }}

{% set nobody = 'cast(null as string)' %}
{% set flows = [
    ('sale', 'stg_order_items', 'order_item_id', 'seller_id',
     'gross_minor', 'captured_at', 'true'),
    ('commission', 'stg_order_items', 'order_item_id', 'seller_id',
     '-commission_minor', 'captured_at', 'commission_minor <> 0'),
    ('refund', 'stg_refunds', 'refund_id', 'seller_id',
     '-refunded_minor', 'refunded_at', 'true'),
    ('chargeback', 'stg_chargebacks', 'chargeback_id', 'seller_id',
     '-charged_back_minor', 'opened_at', 'true'),
    ('chargeback_reversal', 'stg_chargebacks', 'chargeback_id', 'seller_id',
     'charged_back_minor', 'closed_at', "outcome = 'won'"),
    ('payout', 'stg_payouts', 'payout_id', 'seller_id',
     '-amount_minor', 'initiated_at', 'true'),
    ('advance', 'stg_advances', 'advance_id', 'seller_id',
     'advance_minor', 'disbursed_at', 'true'),
    ('advance_repayment', 'stg_advance_repayments',
     'coalesce(balance_transaction_id, advance_repayment_id)', nobody,
     '-amount_minor', 'repaid_at', 'true'),
] %}

with sources as (

    -- A repayment names its line, not the other way round; one that names none is a
    -- flow by itself, whose line is missing.
    {% for kind, model, id, seller, amount, moment, condition in flows %}
        {{ 'union all' if not loop.first }}
        select
            '{{ kind }}' as flow_kind,
            {{ id }} as source_id,
            currency_code,
            {{ seller }} as seller_id,
            {{ moment }} as happened_at,
            {{ amount }} as due_minor
        from {{ ref(model) }}
        where
            {{ moment }} is not null
            and {{ id }} is not null
            and {{ condition }}
    {% endfor %}

),

ledger_lines as (

    select
        kind as flow_kind,
        case
            when kind = 'advance_repayment' then balance_transaction_id
            else source_id
        end as source_id,
        currency_code,
        seller_id,
        occurred_at,
        amount_minor
    from {{ ref('stg_balance_transactions') }}
    -- A payout that comes back is a line of another batch.
    where kind <> 'payout' or source_id = payout_id

),

sources_total as (

    select
        flow_kind,
        source_id,
        currency_code,
        min(seller_id) as seller_id,
        min(happened_at) as happened_at,
        {{ sum_minor('due_minor') }} as due_minor
    from sources
    group by flow_kind, source_id, currency_code

),

lines_total as (

    select
        flow_kind,
        source_id,
        currency_code,
        min(seller_id) as seller_id,
        min(occurred_at) as happened_at,
        {{ sum_minor('amount_minor') }} as ledger_minor
    from ledger_lines
    where
        source_id is not null
        and flow_kind not in ('commission_refund', 'adjustment', 'reserve')
    group by flow_kind, source_id, currency_code

),

final as (

    select
        coalesce(sources_total.flow_kind, lines_total.flow_kind) as flow_kind,
        coalesce(sources_total.source_id, lines_total.source_id) as source_id,
        coalesce(sources_total.currency_code, lines_total.currency_code)
            as currency_code,
        coalesce(sources_total.seller_id, lines_total.seller_id) as seller_id,
        coalesce(sources_total.happened_at, lines_total.happened_at) as happened_at,
        sources_total.due_minor,
        lines_total.ledger_minor
    from sources_total
    full outer join lines_total
        on
            sources_total.flow_kind = lines_total.flow_kind
            and sources_total.source_id = lines_total.source_id
            and sources_total.currency_code = lines_total.currency_code

)

select * from final
