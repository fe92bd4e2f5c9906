{# Which items and payouts a forward night writes anew. #}

{# Reads rows of touched items alone, and of the days that `days`, if named, finds. #}
{% macro only_changed_items(days=none) %}
    {% if is_incremental() %}
        where
            {{ days() if days else 'true' }}
            and order_item_id in (
                select changed.order_item_id
                from {{ ref('int_changed_items') }} as changed
            )
    {% endif %}
{% endmacro %}


{# The same of touched payouts. #}
{% macro only_changed_payouts(days=none) %}
    {% if is_incremental() %}
        where
            {{ days() if days else 'true' }}
            and payout_id in (
                select changed.payout_id
                from {{ ref('int_changed_payouts') }} as changed
            )
    {% endif %}
{% endmacro %}


{# Takes rows of touched payouts out before they are written anew: a line that moves may
   leave a payout, a seller or a currency with none. #}
{% macro delete_changed_payouts() %}
    {% if is_incremental() %}
        delete from {{ this }}
        where payout_id in (select payout_id from {{ ref('int_changed_payouts') }})
    {% endif %}
{% endmacro %}
