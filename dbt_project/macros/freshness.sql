{# Overrides dbt's own, which compares with the clock. A row may use only what was known
   on the night, so a source is as old as it was at the end of the night. The condition
   on the partition lets BigQuery, whose raw tables refuse to be read whole, prune. #}
{% macro collect_freshness(source, loaded_at_field, filter) %}
    {%- set night = 'ingest_date' if source.schema == 'raw' else 'as_of_date' -%}
    {%- set sql -%}
        select
            cast(max({{ loaded_at_field }}) as timestamp) as max_loaded_at,
            {{ as_of_end() }} as snapshotted_at
        from {{ source }}
        where {{ night }} <= {{ as_of_date() }}
        {% if filter %} and {{ filter }} {% endif %}
    {%- endset -%}
    {% call statement('collect_freshness', fetch_result=True, auto_begin=False) -%}
        {{ sql }}
    {%- endcall %}
    {{- return(load_result('collect_freshness')) -}}
{% endmacro %}
