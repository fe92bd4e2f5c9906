-- Entries, nights or currencies whose debits are not their credits.
with lines as (

    select * from {{ ref('fct_journal_entries') }}
    where as_of_date = {{ as_of_date() }}

)

select
    as_of_date,
    currency_code,
    journal_entry_id,
    {{ sum_minor('debit_minor') }} as debit_minor,
    {{ sum_minor('credit_minor') }} as credit_minor
from lines
group by as_of_date, currency_code, journal_entry_id
having sum(debit_minor) <> sum(credit_minor) or count(*) <> 2
