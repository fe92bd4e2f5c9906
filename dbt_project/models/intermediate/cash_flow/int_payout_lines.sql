-- Grain: one row per payout_id, seller_id and currency_code.
{{ config(
    materialized='incremental',
    incremental_strategy=adding_strategy(),
    unique_key=['payout_id', 'seller_id', 'currency_code'],
    on_schema_change='fail',
    meta={'touched': none},
    pre_hook='{{ delete_changed_payouts() }}'
) }}

-- depends_on: {{ ref('int_changed_payouts') }} and {{ ref('int_changed_lines') }}
with lines as (

    select * from {{ ref('stg_balance_transactions') }}
    {{ only_changed_payouts(since_first_line_of_changed_payouts) }}

),

batch_lines as (

    -- The payout's own line takes out what the others brought: it is not one of them.
    select
        *,
        kind = 'payout' and coalesce(source_id, '') = payout_id as is_own_line
    from lines
    where payout_id is not null

),

totals as (

    select
        payout_id,
        seller_id,
        currency_code,
        min(occurred_date) as first_line_date,
        {{ ledger_totals() }},
        {{ sum_minor('amount_minor', "kind = 'payout' and not is_own_line") }}
            as returned_minor,
        {{ sum_minor('amount_minor', 'not is_own_line') }} as lines_total_minor,
        {{ sum_minor('-amount_minor', 'is_own_line') }} as own_line_minor,
        count(case when not is_own_line then 1 end) as line_count,
        count(case when is_own_line then 1 end) as own_line_count
    from batch_lines
    group by payout_id, seller_id, currency_code

)

select * from totals
