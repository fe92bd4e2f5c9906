-- Grain: one row per offer_id.
{{ config(
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

{% set as_priced = [
    'target_term_days', 'advance_minor', 'fee_minor', 'owed_minor',
    'expected_shortfall_minor', 'fee_rate', 'holdback_rate',
    'repayment_probability_rate', 'repayment_p10_days', 'repayment_p50_days',
    'repayment_p90_days', 'policy_version', 'model_version', 'code_version'
] %}

with offers as (

    select * from {{ ref('stg_advance_offers') }}

),

decisions as (

    -- A night whose data were at fault says nothing about the offers before it.
    select * from {{ ref('stg_eligibility_decisions') }}
    where outcome <> 'not_assessed'

),

accepted_offers as (

    select
        offer_id,
        min(accepted_at) as accepted_at
    from {{ ref('fct_advances') }}
    where accepted_at < {{ as_of_end() }}
    group by offer_id

),

evaluations as (

    select
        seller_id,
        currency_code,
        as_of_date,
        policy_version,
        lead(as_of_date) over (
            partition by seller_id, currency_code
            order by as_of_date, policy_version
        ) as next_evaluated_date
    from decisions

),

successive_offers as (

    select
        offers.*,
        accepted_offers.accepted_at,
        case
            when evaluations.next_evaluated_date <= offers.expires_date
                then evaluations.next_evaluated_date
        end as next_evaluated_date,
        lead(offers.as_of_date) over tier as next_priced_date,
        lead(offers.offer_id) over tier as next_offer_id
    from offers
    left join evaluations
        on
            offers.seller_id = evaluations.seller_id
            and offers.currency_code = evaluations.currency_code
            and offers.as_of_date = evaluations.as_of_date
            and offers.policy_version = evaluations.policy_version
    left join accepted_offers
        on offers.offer_id = accepted_offers.offer_id
    window tier as (
        partition by offers.seller_id, offers.currency_code, offers.target_term_days
        order by offers.as_of_date, offers.policy_version
    )

),

states as (

    select
        *,
        case
            when accepted_at is not null then 'accepted'
            when next_evaluated_date = next_priced_date then 'replaced'
            when next_evaluated_date is not null then 'withdrawn'
            when expires_date < {{ as_of_date() }} then 'expired'
            else 'open'
        end as state
    from successive_offers

),

final as (

    select
        offer_id,
        seller_id,
        lag(case when state = 'replaced' then offer_id end) over tier
            as supersedes_offer_id,
        case when state = 'replaced' then next_offer_id end as superseded_by_offer_id,
        as_of_date,
        expires_date,
        case
            when state = 'accepted' then cast(accepted_at as date)
            when state = 'expired' then {{ add_days('expires_date', 1) }}
            else next_evaluated_date
        end as ended_date,
        accepted_at,
        currency_code,
        country_code,
        state,
        {% for column in as_priced %}
            {{ column }},
        {% endfor %}
        data_as_of
    from states
    window tier as (
        partition by seller_id, currency_code, target_term_days
        order by as_of_date, policy_version
    )

)

select * from final
