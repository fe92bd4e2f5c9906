{# Forward nights: models with `touched` in their `meta` add what came since the night
   before to what is there. DECISIONS.md, "Forward nights", has the whole rule. #}

{# The night that all marts of this part were built for before this build, YYYY-MM-DD,
   or none, where they start over. `advances build` knows it, and when it must not be
   believed. #}
{% macro built_night() %}
    {%- set text = env_var('ADVANCES_BUILT_NIGHT', '') if execute else '' -%}
    {{- return(text if text and text < night_text() else none) -}}
{% endmacro %}


{# The first night whose rows are not in the marts yet, as a literal, so that the
   warehouse can prune partitions by it. #}
{% macro first_new_date() %}
    {%- set built = built_night() -%}
    {%- if built is none -%}
        {{- return("cast('0001-01-01' as date)") -}}
    {%- endif -%}
    {%- set night = modules.datetime.date.fromisoformat(built) -%}
    {%- set next = night + modules.datetime.timedelta(days=1) -%}
    {{- return("cast('" ~ next ~ "' as date)") -}}
{% endmacro %}


{# The condition that a row came since that night. Where all starts over nobody asks,
   and all would be many. #}
{% macro is_new(column='ingest_date') -%}
    {{ 'false' if built_night() is none else column ~ ' >= ' ~ first_new_date() }}
{%- endmacro %}


{# Overrides dbt's own, which decides between starting over and adding. #}
{% macro should_full_refresh() %}
    {%- set configured = config.get('full_refresh') -%}
    {%- if configured is not none -%}
        {{- return(configured) -}}
    {%- endif -%}
    {%- set is_forward = 'touched' in config.get('meta', {}) -%}
    {{- return(flags.FULL_REFRESH or (is_forward and built_night() is none)) -}}
{% endmacro %}


{# The version of this project, as `advances build` says; dbt by hand has none. #}
{% macro project_version() -%}
    {{ env_var('ADVANCES_PROJECT_VERSION', '') if execute else '' }}
{%- endmacro %}


{# Whether this run tests what it builds. #}
{% macro is_tested() -%}
    {%- set left_out = env_var('DBT_EXCLUDE_RESOURCE_TYPES', '') if execute else '' -%}
    {{ flags.WHICH == 'build' and 'test' not in left_out.split() }}
{%- endmacro %}
