-- Advances whose receivable, over all nights, is not the balance of their newest row,
-- or, on the newest night booked, not what is owed by the facts.
with newest as (

    select
        advance_id,
        currency_code,
        balance_minor
    from {{ ref('fct_advance_schedule') }}
    qualify row_number() over (partition by advance_id order by as_of_date desc) = 1

),

lines as (

    select
        advance_id,
        currency_code,
        {{ sum_minor('debit_minor - credit_minor', "account = 'advances_receivable'") }}
            as receivable_minor
    from {{ ref('fct_journal_entries') }}
    group by advance_id, currency_code

),

booked as (

    select max(as_of_date) as as_of_date
    from {{ source('underwriting', 'advance_days') }}

),

facts as (

    select advances.*
    from {{ ref('fct_advances') }} as advances
    inner join booked
        on booked.as_of_date = {{ as_of_date() }}
    where advances.disbursed_at is not null

)

select
    newest.balance_minor,
    lines.receivable_minor,
    facts.balance_minor as owed_minor,
    coalesce(newest.advance_id, lines.advance_id, facts.advance_id) as advance_id
from newest
full outer join lines
    on
        newest.advance_id = lines.advance_id
        and newest.currency_code = lines.currency_code
full outer join facts
    on newest.advance_id = facts.advance_id
where
    coalesce(newest.balance_minor, 0) <> coalesce(lines.receivable_minor, 0)
    or coalesce(newest.balance_minor, 0)
    <> coalesce(facts.balance_minor, newest.balance_minor, 0)
