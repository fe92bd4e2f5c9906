-- Grain: one row per offer_id.
{{ config(
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

{% set as_priced = [
    'target_term_days', 'advance_minor', 'fee_minor', 'owed_minor',
    'expected_shortfall_minor', 'fee_rate', 'holdback_rate',
    'repayment_probability_rate', 'repayment_p10_days', 'repayment_p50_days',
    'repayment_p90_days', 'refilled_advance_id', 'settled_balance_minor',
    'discount_minor', 'net_advance_minor', 'settled_fee_minor',
    'fee_on_old_fee_minor', 'policy_version', 'model_version', 'code_version'
] %}

with offers as (

    select * from {{ ref('stg_advance_offers') }}

),

open_offers as (

    select * from {{ ref('stg_open_offers') }}

),

accepted_offers as (

    select
        offer_id,
        min(accepted_at) as accepted_at
    from {{ ref('fct_advances') }}
    where accepted_at < {{ as_of_end() }}
    group by offer_id

),

endings as (

    -- What the night that ended an offer said; the first such night counts.
    select
        offer_id,
        as_of_date,
        outcome,
        reason_code,
        superseded_by_offer_id,
        row_number() over (
            partition by offer_id
            order by as_of_date, policy_version
        ) as ending_number
    from open_offers
    where outcome in ('replaced', 'withdrawn')

),

states as (

    select
        offers.*,
        accepted_offers.accepted_at,
        endings.as_of_date as night_ended_date,
        endings.reason_code,
        endings.superseded_by_offer_id,
        case
            when accepted_offers.accepted_at is not null then 'accepted'
            when endings.outcome is not null then endings.outcome
            when offers.expires_date < {{ as_of_date() }} then 'expired'
            else 'open'
        end as state
    from offers
    left join accepted_offers
        on offers.offer_id = accepted_offers.offer_id
    left join endings
        on
            offers.offer_id = endings.offer_id
            and endings.ending_number = 1

),

predecessors as (

    select
        superseded_by_offer_id as offer_id,
        max(offer_id) as supersedes_offer_id
    from states
    where state = 'replaced'
    group by superseded_by_offer_id

),

final as (

    select
        states.offer_id,
        states.seller_id,
        predecessors.supersedes_offer_id,
        case when states.state = 'replaced' then states.superseded_by_offer_id end
            as superseded_by_offer_id,
        states.as_of_date,
        states.expires_date,
        case
            when states.state = 'accepted' then cast(states.accepted_at as date)
            when states.state = 'expired' then {{ add_days('states.expires_date', 1) }}
            when states.state <> 'open' then states.night_ended_date
        end as ended_date,
        states.accepted_at,
        states.currency_code,
        states.country_code,
        states.state,
        case when states.state in ('replaced', 'withdrawn') then states.reason_code end
            as ended_reason_code,
        {% for column in as_priced %}
            states.{{ column }},
        {% endfor %}
        states.data_as_of
    from states
    left join predecessors
        on states.offer_id = predecessors.offer_id

)

select * from final
