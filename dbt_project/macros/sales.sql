{# The three days with most sales of the last 28. Ranking these alone is a fraction of
   ranking a year. #}
{% macro best_days(daily_flows) -%}
    select
        seller_id,
        currency_code,
        flow_date,
        captured_minor
    from {{ daily_flows }}
    where days_ago < 28
    qualify row_number() over (
        partition by seller_id, currency_code
        order by captured_minor desc, flow_date asc
    ) <= 3
{%- endmacro %}


{# How often a seller sells, by its days with sales in a quarter. #}
{% macro size_band(active_days) %}
    case
        when {{ active_days }} < 10 then 'occasional'
        when {{ active_days }} <= 45 then 'regular'
        when {{ active_days }} > 45 then 'daily'
        else 'unknown'
    end
{% endmacro %}
