-- Advances whose receivable did not move by the night as their balance did.
with days as (

    select * from {{ ref('fct_advance_schedule') }}
    where as_of_date = {{ as_of_date() }}

),

lines as (

    select
        advance_id,
        {{ sum_minor('debit_minor - credit_minor', "account = 'advances_receivable'") }}
            as receivable_change_minor
    from {{ ref('fct_journal_entries') }}
    where as_of_date = {{ as_of_date() }}
    group by advance_id

)

select
    days.advance_id,
    days.opening_balance_minor,
    days.balance_minor,
    lines.receivable_change_minor
from days
left join lines
    on days.advance_id = lines.advance_id
where
    days.balance_minor - days.opening_balance_minor
    <> coalesce(lines.receivable_change_minor, 0)
