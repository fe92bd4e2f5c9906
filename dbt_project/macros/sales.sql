{# The order items that are new themselves or have a new refund or chargeback. #}
{% macro changed_items() -%}
    select order_item_id
    from {{ ref('stg_order_items') }}
    where ingest_date >= {{ first_new_date() }}
    union distinct
    select order_item_id
    from {{ ref('stg_refunds') }}
    where ingest_date >= {{ first_new_date() }}
    union distinct
    select order_item_id
    from {{ ref('stg_chargebacks') }}
    where ingest_date >= {{ first_new_date() }}
{%- endmacro %}


{# The days on which those were ordered: the partitions of them that a night reads. #}
{% macro dates_of_changed_items() -%}
    select distinct items.ordered_date
    from {{ ref('stg_order_items') }} as items
    inner join ({{ changed_items() }}) as changed
        on items.order_item_id = changed.order_item_id
{%- endmacro %}
