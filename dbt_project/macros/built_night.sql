{# Takes back that a night is built, before anything of it is built again: a build that
   stops half-way must not pass for the one before it. It names the table by hand,
   because a reference from the first model to the last would be a circle. #}
{% macro forget_built_night() %}
    {%- set built_night = adapter.get_relation(
        database=target.database, schema='cash_flow', identifier='rpt_built_night'
    ) if execute -%}
    {% if built_night %}
        delete from {{ built_night }} where true
    {% endif %}
{% endmacro %}
