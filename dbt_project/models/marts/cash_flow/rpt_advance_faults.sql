-- Grain: one row per advance_id, row_id and fault.
with repayments as (

    select * from {{ ref('fct_advance_repayments') }}

),

advances as (

    select * from {{ ref('fct_advances') }}

),

second_advances as (

    -- Open, and not the first: another of its seller and currency was open already.
    select distinct
        later.advance_id,
        later.seller_id,
        later.currency_code,
        later.disbursed_at,
        later.owed_minor
    from advances as later
    inner join advances as earlier
        on
            later.seller_id = earlier.seller_id
            and later.currency_code = earlier.currency_code
            and (
                later.disbursed_at > earlier.disbursed_at
                or (
                    later.disbursed_at = earlier.disbursed_at
                    and later.advance_id > earlier.advance_id
                )
            )
            and later.disbursed_at < coalesce(earlier.closed_at, {{ as_of_end() }})

),

final as (

    select
        advance_id,
        advance_repayment_id as row_id,
        fault,
        seller_id,
        repaid_at as happened_at,
        currency_code,
        amount_minor,
        amount_minor - applied_minor as refused_minor
    from repayments
    where fault is not null

    union all

    select
        advance_id,
        advance_id as row_id,
        'two_open_advances' as fault,
        seller_id,
        disbursed_at as happened_at,
        currency_code,
        owed_minor as amount_minor,
        0 as refused_minor
    from second_advances

    union all

    select
        advance_id,
        advance_id as row_id,
        'repaid_with_balance' as fault,
        seller_id,
        closed_at as happened_at,
        currency_code,
        balance_minor as amount_minor,
        0 as refused_minor
    from advances
    where status = 'repaid' and balance_minor > 0

)

select * from final
