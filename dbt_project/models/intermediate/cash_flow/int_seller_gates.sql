-- Grain: one row per gate_event and row_id, a span of days of one seller.
{{ config(materialized='table') }}

with checks as (

    select * from {{ ref('stg_compliance_checks') }}

),

restrictions as (

    select * from {{ ref('stg_seller_restrictions') }}

),

failures as (

    select * from {{ ref('stg_payouts') }}
    where initiated_at is not null and payout_status in ('failed', 'returned')

),

paid as (

    select * from {{ ref('stg_payouts') }}
    where payout_status = 'paid'

),

passed as (

    select
        *,
        lead(checked_at) over (
            partition by seller_id order by checked_at, compliance_check_id
        ) as next_passed_at
    from checks
    where
        check_kind = 'kyb'
        and outcome = 'passed'

),

failed as (

    -- Few payouts fail: each looks for the next that was paid.
    select
        failures.payout_id,
        failures.seller_id,
        failures.currency_code,
        failures.initiated_at,
        min(paid.initiated_at) as next_paid_at
    from failures
    left join paid
        on
            failures.seller_id = paid.seller_id
            and failures.currency_code = paid.currency_code
            and (
                failures.initiated_at < paid.initiated_at
                or (
                    failures.initiated_at = paid.initiated_at
                    and failures.payout_id < paid.payout_id
                )
            )
    group by
        failures.payout_id,
        failures.seller_id,
        failures.currency_code,
        failures.initiated_at

),

final as (

    select
        'kyb_expired' as gate_event,
        compliance_check_id as row_id,
        seller_id,
        cast(null as string) as currency_code,
        cast(expires_at as date) as starts_date,
        cast(next_passed_at as date) as ends_date
    from passed
    where expires_at < coalesce(next_passed_at, {{ as_of_end() }})

    union all

    select
        restriction_kind as gate_event,
        seller_restriction_id as row_id,
        seller_id,
        cast(null as string) as currency_code,
        cast(starts_at as date) as starts_date,
        cast(ends_at as date) as ends_date
    from restrictions
    where starts_at < {{ as_of_end() }}

    union all

    select
        'payout_failed' as gate_event,
        payout_id as row_id,
        seller_id,
        currency_code,
        cast(initiated_at as date) as starts_date,
        cast(next_paid_at as date) as ends_date
    from failed

)

select * from final
