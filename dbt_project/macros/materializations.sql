{# How DuckDB builds views and tables. dbt's own builds beside what is there, renames
   both and drops the old; DuckDB replaces within a transaction, in which nobody else sees
   the gap, and most of what a small model costs is the number of statements. #}

{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ put_in_place(target_relation, get_create_view_as_sql(target_relation, sql)) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% materialization table, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ put_in_place(
        target_relation, create_table_as(false, target_relation, compiled_code)
    ) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# One statement to dbt, one transaction to DuckDB. #}
{% macro put_in_place(target_relation, create) %}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {% call statement('main', auto_begin=false) -%}
        begin transaction;
        {{ hooks_inside(pre_hooks) }}
        {{ drop_what_is_there() }}
        {{ create }}
        {{ descriptions(target_relation) }}
        {{ hooks_inside(post_hooks) }}
        commit
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
{% endmacro %}


{% macro hooks_inside(hooks) -%}
    {%- for hook in hooks | selectattr('transaction') -%}
        {{ render(hook.get('sql')) }};
    {%- endfor -%}
{%- endmacro %}


{% macro descriptions(relation) -%}
    {%- if config.persist_relation_docs() and model.description -%}
        {{ alter_relation_comment(relation, model.description) }};
    {%- endif -%}
    {%- if config.persist_column_docs() and model.columns -%}
        {{ alter_column_comment(relation, model.columns) }}
    {%- endif -%}
{%- endmacro %}


{% macro drop_what_is_there() -%}
    {%- set there = load_cached_relation(this) -%}
    {%- if there -%}
        drop {{ there.type }} {{ there }};
    {%- endif -%}
{%- endmacro %}


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
   column that its model got, dbt must see the rows before. #}
{% macro add_in_place(target_relation) %}
    {%- set new_rows = make_temp_relation(target_relation) -%}
    {%- set create = create_table_as(true, new_rows, compiled_code) -%}
    {%- set may_change = config.get('on_schema_change') != 'fail' -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {% if may_change %}
        {% do run_query(create) %}
        {% if run_query(column_differences(new_rows, target_relation)).rows %}
            {% do process_schema_changes(
                config.get('on_schema_change'), new_rows, target_relation
            ) %}
        {% endif %}
    {% endif %}
    {% call statement('main', auto_begin=false) -%}
        begin transaction;
        {{ hooks_inside(pre_hooks) }}
        {{ create if not may_change }}
        {{ require_same_columns(new_rows, target_relation) if not may_change }};
        {{ replace_rows(new_rows, target_relation) }}
        {{ descriptions(target_relation) if asks_of_everything() }}
        {{ hooks_inside(post_hooks) }}
        commit
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
{% endmacro %}


{# A test only reads: it needs no transaction. #}
{% materialization test, adapter='duckdb' %}
    {% if should_store_failures() %}
        {{ return(materialization_test_default()) }}
    {% endif %}
    {% call statement('main', fetch_result=true, auto_begin=false) -%}
        {{ get_test_sql(
            get_limit_subquery_sql(sql, config.get('limit')),
            config.get('fail_calc'),
            config.get('warn_if'),
            config.get('error_if'),
            limit=none
        ) }}
    {%- endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}


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


{# dbt-duckdb's own asks first which columns there are; ours have a contract. #}
{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {% for name in column_dict %}
        comment on column {{ relation }}.{{ name }}
        is {{ duckdb_escape_comment(column_dict[name]['description']) }};
    {% endfor %}
{% endmacro %}
