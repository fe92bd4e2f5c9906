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
