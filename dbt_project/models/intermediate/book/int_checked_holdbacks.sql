-- Grain: one row per advance_id and holdback_date.
with advances as (

    select * from {{ ref('stg_advances') }}

),

repayments as (

    select * from {{ ref('int_advance_repayments') }}

),

differences as (

    select * from {{ ref('stg_repayment_differences') }}
    where
        as_of_date = {{ as_of_date() }}
        and difference_date >= {{ as_of_date(-27) }}
        and kind = 'holdback'
    qualify row_number() over (
        partition by advance_id, difference_date
        order by policy_version desc
    ) = 1

),

checks as (

    select max(as_of_date) as checked_date
    from {{ ref('stg_repayment_checks') }}
    where as_of_date = {{ as_of_date() }}

),

taken as (

    -- An advance closed for longer may not be looked at by the check any more.
    select
        repayments.advance_id,
        cast(repayments.repaid_at as date) as holdback_date,
        repayments.currency_code,
        {{ sum_minor('repayments.applied_minor + repayments.excess_minor') }}
            as taken_minor
    from repayments
    inner join advances
        on
            repayments.advance_id = advances.advance_id
            and repayments.currency_code = advances.currency_code
    where
        repayments.kind = 'holdback'
        and not repayments.is_recovery
        and cast(repayments.repaid_at as date) >= {{ as_of_date(-27) }}
        and coalesce(cast(advances.closed_at as date), {{ as_of_date() }})
        >= {{ as_of_date(-27) }}
    group by
        repayments.advance_id,
        cast(repayments.repaid_at as date),
        repayments.currency_code

),

final as (

    select
        coalesce(differences.advance_id, taken.advance_id) as advance_id,
        coalesce(differences.difference_date, taken.holdback_date) as holdback_date,
        coalesce(differences.currency_code, taken.currency_code) as currency_code,
        case
            when checks.checked_date is not null
                then greatest(
                    coalesce(differences.expected_minor, 0),
                    coalesce(differences.taken_minor, taken.taken_minor),
                    coalesce(abs(differences.difference_minor), 0)
                )
        end as checked_minor,
        case
            when checks.checked_date is not null
                then abs(differences.difference_minor)
        end as failed_minor
    from differences
    full outer join taken
        on
            differences.advance_id = taken.advance_id
            and differences.difference_date = taken.holdback_date
    cross join checks

)

select * from final
