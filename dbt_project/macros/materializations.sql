{# How DuckDB builds views and tables. dbt's own builds beside what is there, renames
   both and drops the old; DuckDB replaces within a transaction, in which nobody else sees
   the gap, and most of what a small model costs is the number of statements. #}

{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {% call statement('main') -%}
        {{ drop_what_is_there() }}
        {{ get_create_view_as_sql(target_relation, sql) }}
    {%- endcall %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% materialization table, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {% call statement('main') -%}
        {{ drop_what_is_there() }}
        {{ create_table_as(false, target_relation, compiled_code) }}
    {%- endcall %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro drop_what_is_there() -%}
    {%- set there = load_cached_relation(this) -%}
    {%- if there -%}
        drop {{ there.type }} {{ there }};
    {%- endif -%}
{%- endmacro %}


{% materialization incremental, adapter='duckdb' %}
    {%- set there = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {% if there and there.is_table and not should_full_refresh() %}
        {%- set new_rows = make_temp_relation(target_relation) -%}
        {% do run_query(create_table_as(true, new_rows, compiled_code)) %}
        {% do require_same_columns(new_rows, target_relation) %}
        {% call statement('main') -%}
            {{ replace_rows(new_rows, target_relation) }}
        {%- endcall %}
        {% if asks_of_everything() %}
            {% do persist_docs(target_relation, model) %}
        {% endif %}
    {% else %}
        {% call statement('main') -%}
            {{ drop_what_is_there() }}
            {{ create_table_as(false, target_relation, compiled_code) }}
        {%- endcall %}
        {% do persist_docs(target_relation, model) %}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# One question tells that nothing has changed; dbt asks four, and knows what to do. #}
{% macro require_same_columns(new_rows, target_relation) %}
    {%- set columns -%}
        with here as (
            select column_name, column_type from (describe {{ new_rows }})
        ),
        there as (
            select column_name, column_type from (describe {{ target_relation }})
        )
        (select * from here except select * from there)
        union all
        (select * from there except select * from here)
    {%- endset -%}
    {% if run_query(columns).rows %}
        {% do process_schema_changes(
            config.get('on_schema_change'), new_rows, target_relation
        ) %}
    {% endif %}
{% endmacro %}


{% macro replace_rows(new_rows, target_relation) -%}
    {%- if config.get('incremental_strategy') == 'delete+insert' -%}
        {%- set key = config.get('unique_key') -%}
        delete from {{ target_relation }}
        where {{ key }} in (select {{ key }} from {{ new_rows }});
    {%- endif -%}
    insert into {{ target_relation }} by name
    select * from {{ new_rows }};
    drop table {{ new_rows }}
{%- endmacro %}


{# dbt-duckdb's own asks first which columns there are; ours have a contract. #}
{% macro duckdb__alter_column_comment(relation, column_dict) %}
    {% for name in column_dict %}
        comment on column {{ relation }}.{{ name }}
        is {{ duckdb_escape_comment(column_dict[name]['description']) }};
    {% endfor %}
{% endmacro %}
