{# The night, YYYY-MM-DD, from ADVANCES_AS_OF_DATE. It is read only when SQL is made,
   not when the project is parsed: what was parsed on one night then serves the next. #}
{% macro night_text() %}
    {%- if not execute -%}
        {{- return('2000-01-01') -}}
    {%- endif -%}
    {%- set text = env_var('ADVANCES_AS_OF_DATE', '') -%}
    {%- if not modules.re.match('^\\d{4}-\\d{2}-\\d{2}$', text) -%}
        {{- exceptions.raise_compiler_error(
            "ADVANCES_AS_OF_DATE is " ~ (text or "missing")
            ~ "; give the night as YYYY-MM-DD"
        ) -}}
    {%- endif -%}
    {{- return(text) -}}
{% endmacro %}


{# The night as a date literal, moved by a number of days. There is no default: a row
   may use only what was known on the night, never what is known today. #}
{% macro as_of_date(days=0) %}
    {%- set night = modules.datetime.date.fromisoformat(night_text()) -%}
    cast('{{ night + modules.datetime.timedelta(days=days) }}' as date)
{%- endmacro %}


{# The first moment after the night. #}
{% macro as_of_end() -%}
    cast({{ as_of_date(1) }} as timestamp)
{%- endmacro %}


{# Whether a raw row was loaded, and had happened, by the end of the night. #}
{% macro is_known() -%}
    ingest_date <= {{ as_of_date() }} and updated_at < {{ as_of_end() }}
{%- endmacro %}


{# Whether a raw row is the newest of its key among the rows selected. #}
{% macro is_newest_version(key) -%}
    row_number() over (
        partition by {{ key }}
        order by updated_at desc, ingest_date desc
    ) = 1
{%- endmacro %}


{# What a job is for, as BigQuery's labels and as a comment in the SQL. #}
{% macro job_labels() %}
    {{- return(tojson({
        'command': 'build',
        'as_of_date': env_var('ADVANCES_AS_OF_DATE', ''),
        'policy_version': env_var('ADVANCES_POLICY_VERSION', ''),
    })) -}}
{% endmacro %}
