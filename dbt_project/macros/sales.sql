{# The order items that are new themselves or have a new refund or chargeback;
   `narrowing` says of the first on which days they can be, where that is known. #}
{% macro changed_items(narrowing='true') -%}
    select order_item_id
    from {{ ref('stg_order_items') }}
    where
        ingest_date >= {{ first_new_date() }}
        and {{ narrowing }}
    union distinct
    select order_item_id
    from {{ ref('stg_refunds') }}
    where ingest_date >= {{ first_new_date() }}
    union distinct
    select order_item_id
    from {{ ref('stg_chargebacks') }}
    where ingest_date >= {{ first_new_date() }}
{%- endmacro %}


{# The condition that an item is, or was when written, of a day of one of those. #}
{% macro days_of_changed_items() %}
    {%- set days = date_list(
        "with changed as (" ~ changed_items() ~ ")"
        ~ " select ordered_date from " ~ ref('stg_order_items')
        ~ " where order_item_id in (select order_item_id from changed)"
        ~ " union distinct select ordered_date from " ~ this
        ~ " where order_item_id in (select order_item_id from changed)"
    ) -%}
    {{- return('ordered_date in (' ~ days ~ ')') -}}
{% endmacro %}


{# How often a seller sells, by its days with sales in a quarter. #}
{% macro size_band(active_days) %}
    case
        when {{ active_days }} < 10 then 'occasional'
        when {{ active_days }} <= 45 then 'regular'
        when {{ active_days }} > 45 then 'daily'
        else 'unknown'
    end
{% endmacro %}
