{# Totals of ledger lines by category, with signs as people say them: what was refunded,
   charged back, kept as commission, reserved or repaid is positive. #}
{% macro ledger_totals() -%}
    {{ sum_minor('amount_minor', "kind = 'sale'") }} as captured_minor,
    {{ sum_minor('-amount_minor', "kind = 'refund'") }} as refunded_minor,
    {{ sum_minor('-amount_minor', "kind in ('chargeback', 'chargeback_reversal')") }}
        as charged_back_minor,
    {{ sum_minor('-amount_minor', "kind in ('commission', 'commission_refund')") }}
        as commission_minor,
    {{ sum_minor('amount_minor', "kind = 'adjustment'") }} as adjustment_minor,
    {{ sum_minor('-amount_minor', "kind = 'reserve'") }} as reserved_minor,
    {{ sum_minor('amount_minor', "kind = 'advance'") }} as advanced_minor,
    {{ sum_minor('-amount_minor', "kind = 'advance_repayment'") }} as repaid_minor
{%- endmacro %}


{% macro newest_since(first_date) %}
    {{- return('newest.occurred_date >= ' ~ first_date) -}}
{% endmacro %}


{# The first day that changed, per seller and currency: the earliest day on which any
   version, old or new, of a line that came since the last night happened. `narrowing`
   says on which days the newest can be, where that is known. #}
{% macro first_touched_days(narrowing='true') -%}
    select
        versions.seller_id,
        versions.currency_code,
        min(versions.occurred_date) as first_touched_date
    from {{ ref('stg_balance_transaction_versions') }} as versions
    inner join {{ ref('stg_balance_transactions') }} as newest
        on versions.balance_transaction_id = newest.balance_transaction_id
    where
        newest.ingest_date >= {{ first_new_date() }}
        and {{ narrowing }}
    group by versions.seller_id, versions.currency_code
{%- endmacro %}


{# The earliest of those days as a literal: no partition before it is touched. #}
{% macro first_touched_date() %}
    {%- set found = run_query(
        "select min(first_touched_date) as first_date from ("
        ~ first_touched_days() ~ ") as touched"
    ) if execute -%}
    {%- set first_date = found.columns[0].values()[0] if found -%}
    {{- return("cast('" ~ (first_date or '9999-12-31') | string ~ "' as date)") -}}
{% endmacro %}


{% macro touched_flow_days() %}
    {{- return('flow_date >= ' ~ first_touched_date()) -}}
{% endmacro %}


{# Takes the days that shift out of the daily cash flows before they are written anew.
   Their keys alone would not do: a line that moves may leave a day with none. #}
{% macro delete_touched_days() %}
    {% if is_incremental() %}
        delete from {{ this }}
        where flow_date >= {{ first_touched_date() }} and exists (
            select 1
            from ({{ first_touched_days(newest_since(first_touched_date())) }}) as touched
            where
                touched.seller_id = {{ this.identifier }}.seller_id
                and touched.currency_code = {{ this.identifier }}.currency_code
                and touched.first_touched_date <= {{ this.identifier }}.flow_date
        )
    {% endif %}
{% endmacro %}
