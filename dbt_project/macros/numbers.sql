{# Numbers, where the two warehouses spell them differently. #}

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
