-- Grain: one row per seller_id and currency_code with an advance not cancelled.
with advances as (

    select
        *,
        -- Paid out and not written off: what a new advance could settle.
        is_still_owed and status = 'disbursed' and balance_minor > 0 as is_refillable
    from {{ ref('int_advance_balances') }}

),

gates as (

    select * from {{ ref('int_advance_minimum_gates') }}

),

missed as (

    select
        *,
        count(*) over (partition by seller_id, currency_code) as missed_count
    from advances
    where is_still_owed and has_missed_minimum and status <> 'cancelled'

),

shared_gates as (

    -- Of several missed minimums, what touched the interval of each.
    select
        missed.seller_id,
        missed.currency_code,
        gates.gate_event
    from missed
    inner join gates
        on missed.advance_id = gates.advance_id
    group by
        missed.seller_id, missed.currency_code, gates.gate_event, missed.missed_count
    having count(*) = missed.missed_count

),

missed_gates as (

    select
        seller_id,
        currency_code,
        string_agg(gate_event, ',' order by gate_event) as missed_minimum_gates
    from shared_gates
    group by seller_id, currency_code

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
        sums.seller_id,
        sums.currency_code,
        sums.last_advance_closed_date,
        sums.open_advance_balance_minor,
        sums.open_advance_count,
        sums.open_advance_repaid_rate,
        sums.has_missed_minimum,
        missed_gates.missed_minimum_gates,
        -- Of two that are owed a new advance could settle one only.
        case when sums.open_advance_count = 1 then sums.refillable_advance_id end
            as refillable_advance_id,
        case when sums.open_advance_count = 1 then sums.refillable_fee_minor end
            as refillable_fee_minor,
        case when sums.open_advance_count = 1 then sums.refillable_owed_minor end
            as refillable_owed_minor
    from sums
    left join missed_gates
        on
            sums.seller_id = missed_gates.seller_id
            and sums.currency_code = missed_gates.currency_code

)

select * from final
