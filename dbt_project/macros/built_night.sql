{# Takes back that a night is built, or audited, before anything of it is built again: a
   build that stops half-way must not pass for the one before it. It names the table by
   hand, because a reference from the first model to the last would be a circle. On DuckDB
   it stands by itself, before the model's transaction; dbt runs no such hook on BigQuery. #}
{% macro forget_night(schema, identifier) %}
    {%- set night = adapter.get_relation(
        database=target.database, schema=schema, identifier=identifier
    ) if execute -%}
    {% if night %}
        delete from {{ night }} where true
    {% endif %}
{% endmacro %}
