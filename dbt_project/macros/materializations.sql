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


{# dbt-duckdb's own asks first which columns there are; ours have a contract. #}
{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {% for name in column_dict %}
        comment on column {{ relation }}.{{ name }}
        is {{ duckdb_escape_comment(column_dict[name]['description']) }};
    {% endfor %}
{% endmacro %}


{# Lets DuckDB merge the row groups that nights have left, when it closes its file. #}
{% macro merge_row_groups() %}
    {% if target.type != 'bigquery' and asks_of_everything() %}
        set global max_vacuum_tasks = 100
    {% endif %}
{% endmacro %}
