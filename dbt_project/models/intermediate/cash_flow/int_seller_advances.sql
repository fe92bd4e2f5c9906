-- Grain: one row per seller_id and currency_code with an advance not cancelled.
with advances as (

    select * from {{ ref('int_advance_balances') }}

),

final as (

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
            as has_missed_minimum
    from advances
    where status <> 'cancelled'
    group by seller_id, currency_code

)

select * from final
