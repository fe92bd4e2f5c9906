{# Which items and payouts a forward night writes anew. #}

{# Reads rows of touched items alone, and of the days that `days`, if named, finds. #}
{% macro only_changed_items(days=none) %}
    {% if is_incremental() %}
        where
            {{ days() if days else 'true' }}
            and order_item_id in (
                select changed.order_item_id
                from {{ ref('int_changed_items') }} as changed
            )
    {% endif %}
{% endmacro %}


{# The same of touched payouts. #}
{% macro only_changed_payouts(days=none) %}
    {% if is_incremental() %}
        where
            {{ days() if days else 'true' }}
            and payout_id in (
                select changed.payout_id
                from {{ ref('int_changed_payouts') }} as changed
            )
    {% endif %}
{% endmacro %}


{# Takes rows of touched payouts out before they are written anew: a line that moves may
   leave a payout, a seller or a currency with none. #}
{% macro delete_changed_payouts() %}
    {% if is_incremental() %}
        delete from {{ this }}
        where payout_id in (select payout_id from {{ ref('int_changed_payouts') }})
    {% endif %}
{% endmacro %}


{# Days of rows in a table, or in this one as it was, with a key touched tonight. #}
{% macro days_of_touched(day, key, touched, table) %}
    {%- set keys = "(select " ~ key ~ " from " ~ touched ~ ")" -%}
    {{- return(is_day_of(
        day,
        "select " ~ day ~ " from " ~ table ~ " where " ~ key ~ " in " ~ keys
        ~ " union distinct select " ~ day ~ " from " ~ this
        ~ " where " ~ key ~ " in " ~ keys
    )) -}}
{% endmacro %}


{% macro days_of_changed_items() %}
    {{- return(days_of_touched(
        'ordered_date',
        'order_item_id',
        ref('int_changed_items'),
        ref('stg_order_items')
    )) -}}
{% endmacro %}


{% macro days_of_changed_payouts() %}
    {{- return(days_of_touched(
        'period_end_date', 'payout_id', ref('int_changed_payouts'), ref('stg_payouts')
    )) -}}
{% endmacro %}


{# Takes out the lines that came again. Most nights have none, and then nobody has to
   look for tonight's keys among all. BigQuery merges instead. #}
{% macro delete_known_lines() %}
    {% if is_incremental() and target.type != 'bigquery' %}
        delete from {{ this }}
        where balance_transaction_id in (
            select balance_transaction_id
            from {{ ref('stg_changed_lines') }}
            where was_known
        )
    {% endif %}
{% endmacro %}


{# Payouts that had a line which came again, or that got it: all their lines are added
   up again. To those of other payouts tonight's are added. #}
{% macro recounted_payouts() -%}
    select changed.payout_id
    from {{ ref('stg_changed_lines') }} as changed
    where
        changed.payout_id is not null
        and changed.balance_transaction_id in (
            select known.balance_transaction_id
            from {{ ref('stg_changed_lines') }} as known
            where known.was_known
        )
{%- endmacro %}


{% macro delete_recounted_payouts() %}
    {% if is_incremental() %}
        delete from {{ this }} where payout_id in ({{ recounted_payouts() }})
    {% endif %}
{% endmacro %}


{# The condition that a ledger line is not older than tonight's, nor than all lines of
   those payouts. #}
{% macro since_first_line_of_recounted_payouts() %}
    {%- set lines = ref('stg_changed_lines') -%}
    {%- set found = run_query(
        "with first_dates as (select min(first_line_date) as first_date from " ~ this
        ~ " where payout_id in (" ~ recounted_payouts() ~ ")"
        ~ " union all select min(occurred_date) as first_date from " ~ lines
        ~ ") select min(first_date) as first_date from first_dates"
    ) if execute -%}
    {%- set first_date = found.columns[0].values()[0] if found -%}
    {{- return(
        "occurred_date >= cast('" ~ (first_date or '9999-12-31') ~ "' as date)"
    ) -}}
{% endmacro %}
