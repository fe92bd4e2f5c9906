-- Advances that do not open with what the row they continue closed with.
with schedule as (

    select * from {{ ref('fct_advance_schedule') }}

)

select
    days.advance_id,
    days.before_date,
    days.opening_carrying_minor,
    before_days.carrying_minor
from schedule as days
left join schedule as before_days
    on
        days.advance_id = before_days.advance_id
        and days.before_date = before_days.as_of_date
where
    days.as_of_date = {{ as_of_date() }}
    and (
        days.currency_code <> coalesce(before_days.currency_code, days.currency_code)
        or days.opening_balance_minor <> coalesce(before_days.balance_minor, 0)
        or days.opening_carrying_minor <> coalesce(before_days.carrying_minor, 0)
        or days.opening_allowance_minor <> coalesce(before_days.allowance_minor, 0)
    )
