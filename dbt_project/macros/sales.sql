{# How often a seller sells, by its days with sales in a quarter. #}
{% macro size_band(active_days) %}
    case
        when {{ active_days }} < 10 then 'occasional'
        when {{ active_days }} <= 45 then 'regular'
        when {{ active_days }} > 45 then 'daily'
        else 'unknown'
    end
{% endmacro %}
