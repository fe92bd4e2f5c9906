{# Dates, where the two warehouses spell them differently. #}

{# Days from one date to a later one. #}
{% macro days_between(first_date, last_date) -%}
    {{ adapter.dispatch('days_between')(first_date, last_date) }}
{%- endmacro %}

{% macro duckdb__days_between(first_date, last_date) -%}
    date_diff('day', {{ first_date }}, {{ last_date }})
{%- endmacro %}

{% macro bigquery__days_between(first_date, last_date) -%}
    date_diff({{ last_date }}, {{ first_date }}, day)
{%- endmacro %}


{# A date moved by a whole number of days. #}
{% macro add_days(from_date, days) -%}
    {{ adapter.dispatch('add_days')(from_date, days) }}
{%- endmacro %}

{% macro duckdb__add_days(from_date, days) -%}
    {{ from_date }} + cast({{ days }} as integer)
{%- endmacro %}

{% macro bigquery__add_days(from_date, days) -%}
    date_add({{ from_date }}, interval {{ days }} day)
{%- endmacro %}


{# The Monday of a date's ISO week. #}
{% macro week_start(day) -%}
    {{ adapter.dispatch('week_start')(day) }}
{%- endmacro %}

{% macro duckdb__week_start(day) -%}
    cast(date_trunc('week', {{ day }}) as date)
{%- endmacro %}

{% macro bigquery__week_start(day) -%}
    date_trunc({{ day }}, isoweek)
{%- endmacro %}


{# The first day of a date's month. #}
{% macro month_start(day) -%}
    {{ adapter.dispatch('month_start')(day) }}
{%- endmacro %}

{% macro duckdb__month_start(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{% macro bigquery__month_start(day) -%}
    date_trunc({{ day }}, month)
{%- endmacro %}


{# Something to cross join: the dates from the first to the last, step by step. The
   dates may come from the row joined to; cast the column to date when reading it. #}
{% macro date_series(first_date, last_date, step_days, column) -%}
    {{ adapter.dispatch('date_series')(first_date, last_date, step_days, column) }}
{%- endmacro %}

{% macro duckdb__date_series(first_date, last_date, step_days, column) -%}
    unnest(
        generate_series({{ first_date }}, {{ last_date }}, interval {{ step_days }} day)
    ) as series ({{ column }})
{%- endmacro %}

{% macro bigquery__date_series(first_date, last_date, step_days, column) -%}
    unnest(
        generate_date_array(
            {{ first_date }}, {{ last_date }}, interval {{ step_days }} day
        )
    ) as {{ column }}
{%- endmacro %}
