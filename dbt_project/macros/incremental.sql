{# How DuckDB adds rows to a table, or replaces some, in one transaction. #}

{% materialization incremental, adapter='duckdb' %}
    {%- set there = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {% if there and there.is_table and not should_full_refresh() %}
        {{ add_in_place(target_relation) }}
    {% else %}
        {{ put_in_place(
            target_relation, create_table_as(false, target_relation, compiled_code)
        ) }}
    {% endif %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# The same for rows that are added, or replace others by key. Where a table may get a
   column that its model got, which is so after the project changed, dbt must see the rows
   before. #}
{% macro add_in_place(target_relation) %}
    {%- set new_rows = make_temp_relation(target_relation) -%}
    {%- set create = create_table_as(true, new_rows, compiled_code) -%}
    {%- set must_agree = config.get('on_schema_change') == 'fail' -%}
    {%- set may_change = not must_agree and asks_of_everything() -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {% if may_change %}
        {% do run_query(create) %}
        {% if run_query(column_differences(new_rows, target_relation)).rows %}
            {# dbt begins a transaction where it adds a column, and only there. #}
            {% call statement(auto_begin=true) %}select 1{% endcall %}
            {% do process_schema_changes(
                config.get('on_schema_change'), new_rows, target_relation
            ) %}
            {% do adapter.commit() %}
        {% endif %}
    {% endif %}
    {% call statement('main', auto_begin=false) -%}
        begin transaction;
        {{ hooks_inside(pre_hooks) }}
        {{ create if not may_change }}
        {{ require_same_columns(new_rows, target_relation) if must_agree }};
        {{ replace_rows(new_rows, target_relation) }}
        {{ descriptions(target_relation) if asks_of_everything() }}
        {{ hooks_inside(post_hooks) }}
        commit
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
{% endmacro %}


{% macro column_differences(new_rows, target_relation) -%}
    with here as (
        select column_name, column_type from (describe {{ new_rows }})
    ),
    there as (
        select column_name, column_type from (describe {{ target_relation }})
    )
    (select * from here except select * from there)
    union all
    (select * from there except select * from here)
{%- endmacro %}


{# Fails where the model has other columns than its table. #}
{% macro require_same_columns(new_rows, target_relation) -%}
    select error(
        'columns that {{ target_relation.identifier }} and its model do not share: '
        || string_agg(distinct column_name, ', ')
        || '; migrate the table or build it anew with dbt --full-refresh'
    )
    from ({{ column_differences(new_rows, target_relation) }})
    having count(*) > 0
{%- endmacro %}


{% macro replace_rows(new_rows, target_relation) -%}
    {%- if config.get('incremental_strategy') == 'delete+insert' -%}
        {%- set key = config.get('unique_key') -%}
        {%- set keys = key if key is string else key | join(', ') -%}
        delete from {{ target_relation }}
        where ({{ keys }}) in (select {{ keys }} from {{ new_rows }});
    {%- endif -%}
    insert into {{ target_relation }} by name
    select * from {{ new_rows }};
    drop table {{ new_rows }};
{%- endmacro %}
