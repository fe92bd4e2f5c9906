-- Grain: one row per payout_id, seller_id and currency_code.
{{ config(
    materialized='incremental',
    incremental_strategy=incremental_strategy(),
    unique_key=['payout_id', 'seller_id', 'currency_code'],
    on_schema_change='fail',
    meta={'touched': none},
    pre_hook='{{ delete_recounted_payouts() }}'
) }}

-- depends_on: {{ ref('stg_changed_lines') }}
with lines as (

    select * from {{ ref('stg_balance_transactions') }}
    {% if is_incremental() %}
        where
            {{ since_first_line_of_recounted_payouts() }}
            and ({{ is_new() }} or payout_id in ({{ recounted_payouts() }}))
    {% endif %}

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
        max(ingest_date) as last_ingest_date,
        {{ ledger_totals() }},
        {{ sum_minor('amount_minor', "kind = 'payout' and not is_own_line") }}
            as returned_minor,
        {{ sum_minor('amount_minor', 'not is_own_line') }} as lines_total_minor,
        {{ sum_minor('-amount_minor', 'is_own_line') }} as own_line_minor,
        count(case when not is_own_line then 1 end) as line_count,
        count(case when is_own_line then 1 end) as own_line_count
    from batch_lines
    group by payout_id, seller_id, currency_code

),

final as (

    {% if is_incremental() %}
        -- Recounted payouts have no totals of before tonight any more. Totals that have
        -- tonight's lines, as when a warehouse tries a job twice, get them once.
        select
            totals.payout_id,
            totals.seller_id,
            totals.currency_code,
            least(
                totals.first_line_date,
                coalesce(earlier.first_line_date, totals.first_line_date)
            ) as first_line_date,
            totals.last_ingest_date,
            {% for name in [
                'captured_minor', 'refunded_minor', 'charged_back_minor',
                'commission_minor', 'adjustment_minor', 'reserved_minor',
                'advanced_minor', 'repaid_minor', 'returned_minor',
                'lines_total_minor', 'own_line_minor', 'line_count', 'own_line_count',
            ] %}
            coalesce(earlier.{{ name }}, 0) + case
                when {{ is_new('earlier.last_ingest_date') }} then 0
                else totals.{{ name }}
            end as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
        from totals
        left join {{ this }} as earlier
            on
                totals.payout_id = earlier.payout_id
                and totals.seller_id = earlier.seller_id
                and totals.currency_code = earlier.currency_code
    {% else %}
        select * from totals
    {% endif %}

)

select * from final
