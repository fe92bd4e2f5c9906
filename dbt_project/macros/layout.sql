{# How the two warehouses lay tables out and replace rows of them. #}

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


{# Adds rows where a hook has taken out the ones they replace; BigQuery merges all the
   same. #}
{% macro adding_strategy() -%}
    {{- return('merge' if target.type == 'bigquery' else 'append') -}}
{%- endmacro %}


{# Replaces the whole partitions that the new rows fall in. #}
{% macro partition_strategy() -%}
    {{- return('insert_overwrite' if target.type == 'bigquery' else 'delete+insert') -}}
{%- endmacro %}
