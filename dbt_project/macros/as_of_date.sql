{# The night as a date literal, moved by a number of days. There is no default: a row
   may use only what was known on the night, never what is known today. #}
{% macro as_of_date(days=0) %}
    {%- set text = var('as_of_date', none) -%}
    {%- if not text or not modules.re.match('^\\d{4}-\\d{2}-\\d{2}$', text | string) -%}
        {{- exceptions.raise_compiler_error(
            "as_of_date is " ~ (text or "missing") ~ "; pass the night as "
            ~ "--vars '{\"as_of_date\": \"YYYY-MM-DD\"}'"
        ) -}}
    {%- endif -%}
    {%- set night = modules.datetime.date.fromisoformat(text) -%}
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
