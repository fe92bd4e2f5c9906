-- Grain: one row per seller_id and currency_code with an item sold in 133 days.
with order_items as (

    select
        *,
        {{ days_between('ordered_date', as_of_date()) }} as days_ago
    from {{ ref('stg_order_items') }}
    where
        ordered_date > {{ as_of_date(-133) }}
        and ordered_date <= {{ as_of_date() }}
        and captured_at < {{ as_of_end() }}
        and status <> 'cancelled'

),

known as (

    select
        *,
        coalesce(delivered_at < {{ as_of_end() }}, false) as is_delivered
    from order_items

),

final as (

    -- Nearly everything is delivered within a fortnight, so younger items tell nothing.
    select
        seller_id,
        currency_code,
        {{ sum_minor('gross_minor', 'days_ago < 28') }} as item_28_days_minor,
        {{ sum_minor('gross_minor', 'days_ago between 28 and 118') }}
            as item_before_minor,
        {{ sum_minor('gross_minor', 'days_ago between 14 and 41') }}
            as deliverable_recent_minor,
        {{ sum_minor(
            'gross_minor', 'days_ago between 14 and 41 and not is_delivered'
        ) }} as undelivered_recent_minor,
        {{ sum_minor('gross_minor', 'days_ago > 41') }} as deliverable_before_minor,
        {{ sum_minor('gross_minor', 'days_ago > 41 and not is_delivered') }}
            as undelivered_before_minor,
        count(case when days_ago < 28 then 1 end) as item_28_days_count,
        count(case when days_ago between 28 and 118 then 1 end) as item_before_count
    from known
    group by seller_id, currency_code

)

select * from final
