{# Everything the two warehouses spell differently, and nothing else. #}

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


{# Numerator over denominator as a binary float; null when the denominator is 0. #}
{% macro rate(numerator, denominator) -%}
    {{ adapter.dispatch('rate')(numerator, denominator) }}
{%- endmacro %}

{% macro duckdb__rate(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif({{ denominator }}, 0)
{%- endmacro %}

{% macro bigquery__rate(numerator, denominator) -%}
    cast({{ numerator }} as float64) / nullif({{ denominator }}, 0)
{%- endmacro %}


{% macro float_type() -%}
    {{- return('float64' if target.type == 'bigquery' else 'double') -}}
{%- endmacro %}


{# 0 to 63 from the seller's id, the same in both warehouses and on every night. #}
{% macro seller_bucket(seller_id) -%}
    {{ adapter.dispatch('seller_bucket')(seller_id) }}
{%- endmacro %}

{% macro duckdb__seller_bucket(seller_id) -%}
    mod(cast(concat('0x', substr(md5({{ seller_id }}), 1, 8)) as int64), 64)
{%- endmacro %}

{% macro bigquery__seller_bucket(seller_id) -%}
    mod(cast(concat('0x', substr(to_hex(md5({{ seller_id }})), 1, 8)) as int64), 64)
{%- endmacro %}


{# The quotient of two whole numbers, without its fraction. #}
{% macro whole_quotient(amount, divisor) -%}
    {{ adapter.dispatch('whole_quotient')(amount, divisor) }}
{%- endmacro %}

{% macro duckdb__whole_quotient(amount, divisor) -%}
    ({{ amount }}) // nullif({{ divisor }}, 0)
{%- endmacro %}

{% macro bigquery__whole_quotient(amount, divisor) -%}
    {#- Parentheses of its own: a translator of SQL may make an operator of div(). -#}
    div(({{ amount }}), nullif({{ divisor }}, 0))
{%- endmacro %}


{# amount * part / whole rounded down, for amounts from 0 on; null where the whole is 0.
   Divided in two steps, as people divide by hand: the product of two large amounts
   would not fit in a whole number of 64 bits. #}
{% macro pro_rata(amount, part, whole) -%}
    {%- set high = whole_quotient(amount, 1000000) -%}
    {{ whole_quotient(high ~ ' * ' ~ part, whole) }} * 1000000
    + {{ whole_quotient(
        'mod(' ~ high ~ ' * ' ~ part ~ ', nullif(' ~ whole ~ ', 0)) * 1000000 + mod('
        ~ amount ~ ', 1000000) * ' ~ part,
        whole
    ) }}
{%- endmacro %}
