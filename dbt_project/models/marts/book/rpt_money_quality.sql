-- Grain: one row per as_of_date, currency_code and check_name.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    pre_hook='{{ delete_later_nights() }}',
    partition_by=by_day('as_of_date')
) }}

with source_flows as (

    select * from {{ ref('int_source_flows') }}

),

payouts as (

    select * from {{ ref('rpt_payout_reconciliation') }}

),

findings as (

    select * from {{ ref('int_settlement_findings') }}

),

uncleared as (

    select * from {{ ref('rpt_uncleared_flows') }}
    where reason <> 'not_settled_yet'

),

holdbacks as (

    select * from {{ ref('int_checked_holdbacks') }}

),

settled as (

    select * from {{ ref('int_settled_lines') }}

),

cleared as (

    select
        currency_code,
        abs(due_minor) as checked_minor
    from source_flows
    where due_minor = ledger_minor
    union all
    select
        currency_code,
        abs(amount_minor) as checked_minor
    from payouts
    where is_reconciled
    union all
    select
        currency_code,
        abs(ledger_minor) as checked_minor
    from findings
    where finding = 'matched'

),

checked as (

    select
        currency_code,
        'completeness' as check_name,
        abs(due_minor) as checked_minor,
        case when ledger_minor is null then abs(due_minor) end as failed_minor
    from source_flows
    where due_minor is not null
    union all
    select
        currency_code,
        'clearing' as check_name,
        checked_minor,
        null as failed_minor
    from cleared
    union all
    select
        currency_code,
        'clearing' as check_name,
        abs(residual_minor) as checked_minor,
        abs(residual_minor) as failed_minor
    from uncleared
    union all
    select
        currency_code,
        'holdback' as check_name,
        checked_minor,
        failed_minor
    from holdbacks
    union all
    select
        currency_code,
        concat('settled_within_', cast(within_days as string), '_days') as check_name,
        checked_minor,
        failed_minor
    from settled

),

final as (

    select
        {{ as_of_date() }} as as_of_date,
        currency_code,
        check_name,
        case
            when count(checked_minor) = 0 then 'not_checked'
            when count(failed_minor) = 0 then 'passed'
            else 'failed'
        end as state,
        count(checked_minor) as checked_count,
        count(failed_minor) as failed_count,
        {{ sum_minor('checked_minor') }} as checked_minor,
        {{ sum_minor('failed_minor') }} as failed_minor,
        1 - {{ rate(sum_minor('failed_minor'), sum_minor('checked_minor')) }}
            as passed_rate,
        (select max(findings.reconciled_date) from findings) as reconciled_date
    from checked
    group by currency_code, check_name

)

select * from final
