-- Grain: one row per seller_id.
with checks as (

    select * from {{ ref('stg_compliance_checks') }}

),

restrictions as (

    select * from {{ ref('stg_seller_restrictions') }}

),

newest_checks as (

    select
        seller_id,
        check_kind,
        case
            when outcome = 'passed' and expires_at <= {{ as_of_end() }} then 'expired'
            else outcome
        end as outcome
    from checks
    where checked_at < {{ as_of_end() }}
    qualify
        row_number() over (
            partition by seller_id, check_kind
            order by checked_at desc, updated_at desc, compliance_check_id desc
        ) = 1

),

outcomes as (

    select
        seller_id,
        max(case when check_kind = 'kyb' then outcome end) as kyb_outcome,
        max(case when check_kind = 'sanctions' then outcome end) as sanctions_outcome,
        max(case when check_kind = 'tax_id' then outcome end) as tax_id_outcome
    from newest_checks
    group by seller_id

),

active_restrictions as (

    select
        seller_id,
        max(starts_at) as restricted_at,
        max(case when restriction_kind = 'payout_hold' then 1 else 0 end)
            as payout_hold_count,
        max(case when restriction_kind = 'listing_suspended' then 1 else 0 end)
            as listing_suspended_count,
        max(case when restriction_kind = 'fraud_review' then 1 else 0 end)
            as fraud_review_count
    from restrictions
    where
        starts_at <= {{ as_of_end() }}
        and (ends_at is null or ends_at > {{ as_of_end() }})
    group by seller_id

),

final as (

    select
        coalesce(outcomes.seller_id, active_restrictions.seller_id) as seller_id,
        outcomes.kyb_outcome,
        outcomes.sanctions_outcome,
        outcomes.tax_id_outcome,
        active_restrictions.restricted_at,
        coalesce(active_restrictions.payout_hold_count, 0) > 0 as has_payout_hold,
        coalesce(active_restrictions.listing_suspended_count, 0) > 0
            as has_listing_suspended,
        coalesce(active_restrictions.fraud_review_count, 0) > 0 as has_fraud_review
    from outcomes
    full outer join active_restrictions
        on outcomes.seller_id = active_restrictions.seller_id

)

select * from final
