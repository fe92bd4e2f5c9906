{# Which partitions of the big tables a forward night touches. #}

{# The condition that a day is one of those a query finds, as literals: what is merged
   into a big table on BigQuery then reads those partitions of it and no other. DuckDB has
   no partitions, and finding the days would cost more than they save. #}
{% macro is_day_of(day, sql) %}
    {%- if target.type != 'bigquery' -%}
        {{- return('true') -}}
    {%- endif -%}
    {%- set found = run_query(sql) if execute -%}
    {%- set dates = found.columns[0].values() if found else [] -%}
    {%- set literals = ["cast('0001-01-01' as date)"] -%}
    {%- for date in dates if date -%}
        {%- do literals.append("cast('" ~ (date | string)[:10] ~ "' as date)") -%}
    {%- endfor -%}
    {{- return(day ~ ' in (' ~ literals | join(', ') ~ ')') -}}
{% endmacro %}


{# The condition that a row is in a partition which tonight's rows come into or leave.
   `meta.touched` names the macro that finds it, or none for a table in one piece. #}
{% macro touched_partitions() %}
    {%- set finder = config.get('meta', {}).get('touched') -%}
    {{- return(context[finder]() if finder else none) -}}
{% endmacro %}


{# dbt's own, with that condition beside the keys. #}
{% macro bigquery__get_merge_sql(
    target, source, unique_key, dest_columns, incremental_predicates=none
) -%}
    {%- set touched = touched_partitions() -%}
    {%- set predicates = [] + (incremental_predicates or []) -%}
    {%- do predicates.append('DBT_INTERNAL_DEST.' ~ touched) if touched -%}
    {{ default__get_merge_sql(target, source, unique_key, dest_columns, predicates) }}
{%- endmacro %}


{# Days that any known version names of a raw row that came since the last night, or
   that it had when it was written: it may have moved from one to another. It reads three
   narrow columns of all versions, and two of the table. #}
{% macro days_of_new_rows(table, key, happened_at, day) %}
    {%- set new_keys -%}
        (
            select {{ key }} from {{ source('raw', table) }}
            where ingest_date >= {{ first_new_date() }} and {{ is_known() }}
        )
    {%- endset -%}
    {{- return(is_day_of(
        day,
        "select cast(" ~ happened_at ~ " as date) from " ~ source('raw', table)
        ~ " where ingest_date <= " ~ as_of_date() ~ " and " ~ key ~ " in " ~ new_keys
        ~ " union distinct select " ~ day ~ " from " ~ this
        ~ " where " ~ key ~ " in " ~ new_keys
    )) -}}
{% endmacro %}


{% macro days_of_new_order_items() %}
    {{- return(days_of_new_rows(
        'order_items', 'order_item_id', 'ordered_at', 'ordered_date'
    )) -}}
{% endmacro %}


{% macro days_of_new_balance_transactions() %}
    {{- return(days_of_new_rows(
        'balance_transactions', 'balance_transaction_id', 'occurred_at', 'occurred_date'
    )) -}}
{% endmacro %}


{% macro days_of_new_payouts() %}
    {{- return(days_of_new_rows(
        'payouts', 'payout_id', 'period_end_date', 'period_end_date'
    )) -}}
{% endmacro %}
