-- Grain: one row.
{% set tables = [
    'stg_sellers',
    'stg_compliance_checks',
    'stg_seller_restrictions',
    'stg_order_items',
    'stg_refunds',
    'stg_chargebacks',
    'stg_payouts',
    'stg_balance_transactions',
    'stg_advances',
    'stg_advance_repayments',
    'stg_offer_events',
] %}

with newest_changes as (

    {% for table in tables %}
        select max(updated_at) as updated_at
        from {{ ref(table) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

final as (

    select max(updated_at) as data_as_of from newest_changes

)

select * from final
