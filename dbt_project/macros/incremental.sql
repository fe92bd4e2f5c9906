{# Incremental models go forward only. Each names in `meta.watermark` the column that
   tells how far it has come: when a row was loaded (staging) or the newest change
   behind it (marts). DECISIONS.md, "Forward nights", has the whole rule. #}

{# The day the table has reached, or none where it is empty. #}
{% macro watermark() %}
    {%- set column = config.get('meta', {}).get('watermark') -%}
    {%- if not execute or not column or not load_relation(this) -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set newest = run_query(
        "select cast(max(" ~ column ~ ") as date) as newest from " ~ this
    ) -%}
    {{- return(newest.columns[0].values()[0]) -}}
{% endmacro %}


{# The first night whose rows are not in the table yet, as a literal, so that the
   warehouse can prune partitions by it. #}
{% macro first_new_date() %}
    {%- set reached = watermark() -%}
    {%- if reached is none -%}
        {{- return("cast('0001-01-01' as date)") -}}
    {%- endif -%}
    {%- set next = reached + modules.datetime.timedelta(days=1) -%}
    {{- return("cast('" ~ next ~ "' as date)") -}}
{% endmacro %}


{# Overrides dbt's own, which decides between starting over and adding. A table that
   has already reached the night, because the night failed half-way or is run again,
   starts over: what it took from the replaced rows cannot be told apart. #}
{% macro should_full_refresh() %}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is not none -%}
        {{- return(configured) -}}
    {%- endif -%}
    {%- set reached = watermark() -%}
    {%- set has_reached_night = reached is not none
        and reached | string >= night_text() -%}
    {{- return(flags.FULL_REFRESH or has_reached_night) -}}
{% endmacro %}


{# The different dates that a query over one column finds, as literals in a list. #}
{% macro date_list(sql) %}
    {%- set found = run_query(sql) if execute -%}
    {%- set dates = found.columns[0].values() if found else [] -%}
    {%- set literals = ["cast('0001-01-01' as date)"] -%}
    {%- for day in dates if day -%}
        {%- do literals.append("cast('" ~ (day | string)[:10] ~ "' as date)") -%}
    {%- endfor -%}
    {{- return(literals | join(', ')) -}}
{% endmacro %}


{# The condition that a row is in a partition which tonight's rows come into or leave.
   `meta.touched` names the macro that finds it, as literals: what is merged into a big
   table then reads those partitions of it and no other. #}
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
    {%- set days = date_list(
        "select cast(" ~ happened_at ~ " as date) from " ~ source('raw', table)
        ~ " where ingest_date <= " ~ as_of_date() ~ " and " ~ key ~ " in " ~ new_keys
        ~ " union distinct select " ~ day ~ " from " ~ this
        ~ " where " ~ key ~ " in " ~ new_keys
    ) -%}
    {{- return(day ~ ' in (' ~ days ~ ')') -}}
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


{# How BigQuery lays a table out: a partition a day, sellers together in each. #}
{% macro by_day(column, data_type='date') %}
    {%- if target.type == 'bigquery' -%}
        {{- return({'field': column, 'data_type': data_type, 'granularity': 'day'}) -}}
    {%- endif -%}
{% endmacro %}


{% macro by_seller() %}
    {{- return(['seller_id'] if target.type == 'bigquery' else none) -}}
{% endmacro %}


{# Replaces rows by key; BigQuery does the same by merging. #}
{% macro incremental_strategy() -%}
    {{- return('merge' if target.type == 'bigquery' else 'delete+insert') -}}
{%- endmacro %}


{# Replaces the whole partitions that the new rows fall in. #}
{% macro partition_strategy() -%}
    {{- return('insert_overwrite' if target.type == 'bigquery' else 'delete+insert') -}}
{%- endmacro %}


{# The night to start from when nights are added to a table whose rows are nights: the
   newest one there, which may be half done, or the night being built. #}
{% macro first_night_to_replace() %}
    {%- set newest = run_query("select max(as_of_date) as newest from " ~ this) -%}
    {%- set night = newest.columns[0].values()[0] if execute else none -%}
    {%- set first = [night_text(), (night or '0001-01-01') | string] | min -%}
    {{- return("cast('" ~ first[:10] ~ "' as date)") -}}
{% endmacro %}


{# The condition by which a model whose rows are nights reads the ones to replace. #}
{% macro only_new_nights(keyword='where') %}
    {% if is_incremental() %}
        {{ keyword }} as_of_date >= {{ first_night_to_replace() }}
    {% endif %}
{% endmacro %}


{# Takes out the nights after this one, which a step back in time must not show. With
   `>=` this one too, where it may have no rows that would replace those of before. #}
{% macro delete_later_nights(column='as_of_date', operator='>') %}
    {% if is_incremental() %}
        delete from {{ this }} where {{ column }} {{ operator }} {{ as_of_date() }}
    {% endif %}
{% endmacro %}


{# Takes out the nights that `only_new_nights` reads again, and so all later ones, where
   a night may have no rows: replacing by night leaves alone what has no successor. #}
{% macro delete_nights_to_replace() %}
    {% if is_incremental() %}
        delete from {{ this }} where as_of_date >= {{ first_night_to_replace() }}
    {% endif %}
{% endmacro %}
