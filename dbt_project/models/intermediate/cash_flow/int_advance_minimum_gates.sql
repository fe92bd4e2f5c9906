-- Grain: one row per advance_id and gate_event of its last completed interval.
with minimums as (

    select * from {{ ref('int_advance_minimums') }}

),

advances as (

    select * from {{ ref('stg_advances') }}

),

gates as (

    select * from {{ ref('int_seller_gates') }}

),

final as (

    -- A gate touches an interval on its first and on its last day too.
    select distinct
        minimums.advance_id,
        gates.gate_event
    from minimums
    inner join advances
        on minimums.advance_id = advances.advance_id
    inner join gates
        on
            advances.seller_id = gates.seller_id
            and coalesce(gates.currency_code, advances.currency_code)
            = advances.currency_code
            and minimums.next_interval_start_date > gates.starts_date
            and coalesce(gates.ends_date, minimums.interval_start_date)
            >= minimums.interval_start_date

)

select * from final
