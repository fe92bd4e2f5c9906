-- Grain: one row per seller_id and currency_code with an advance not cancelled.
with advances as (

    select
        *,
        -- Paid out and not written off: what a new advance could settle.
        is_still_owed and status = 'disbursed' and balance_minor > 0 as is_refillable
    from {{ ref('int_advance_balances') }}

),

sums as (

    select
        seller_id,
        currency_code,
        max(cast(closed_at as date)) as last_advance_closed_date,
        {{ sum_minor('unpaid_minor', 'is_still_owed') }} as open_advance_balance_minor,
        count(case when is_still_owed then 1 end) as open_advance_count,
        min(
            case
                when is_still_owed
                    then {{ rate('owed_minor - unpaid_minor', 'owed_minor') }}
            end
        ) as open_advance_repaid_rate,
        count(case when is_still_owed and has_missed_minimum then 1 end) > 0
            as has_missed_minimum,
        max(case when is_refillable then advance_id end) as refillable_advance_id,
        max(case when is_refillable then fee_minor end) as refillable_fee_minor,
        max(case when is_refillable then owed_minor end) as refillable_owed_minor
    from advances
    where status <> 'cancelled'
    group by seller_id, currency_code

),

final as (

    select
        seller_id,
        currency_code,
        last_advance_closed_date,
        open_advance_balance_minor,
        open_advance_count,
        open_advance_repaid_rate,
        has_missed_minimum,
        -- Of two that are owed a new advance could settle one only.
        case when open_advance_count = 1 then refillable_advance_id end
            as refillable_advance_id,
        case when open_advance_count = 1 then refillable_fee_minor end
            as refillable_fee_minor,
        case when open_advance_count = 1 then refillable_owed_minor end
            as refillable_owed_minor
    from sums

)

select * from final
