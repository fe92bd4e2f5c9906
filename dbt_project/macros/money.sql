{# The sum of an amount, over the rows that meet the condition; 0 when there are none.
   The cast undoes the wider integer that some warehouses return from a sum. #}
{% macro sum_minor(amount, condition='true') -%}
    cast(coalesce(sum(case when {{ condition }} then {{ amount }} end), 0) as int64)
{%- endmacro %}


{# Opening balance plus the flows of a row, which must give its closing balance. #}
{% macro opening_plus_flows() -%}
    opening_balance_minor + captured_minor - refunded_minor - charged_back_minor
    - commission_minor + adjustment_minor - reserved_minor + advanced_minor
    - repaid_minor - paid_out_minor
{%- endmacro %}


{# The sum over n columns x, `week_0_minor` and so on, of (n * x - total) squared, as a
   binary float. What is squared is a whole number and the squares are added in one fixed
   order, so both warehouses come to the same last digit. #}
{% macro sum_of_squared_deviations(count, prefix, total) -%}
    {% for index in range(count) -%}
        {%- set deviation -%}
            cast({{ count }} * {{ prefix }}{{ index }}_minor - {{ total }} as {{ float_type() }})
        {%- endset -%}
        {{ deviation }} * {{ deviation }}{{ ' + ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
