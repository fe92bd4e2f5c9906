-- Grain: one row per seller_id, currency_code, as_of_date and policy_version.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_later_nights() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with decisions as (

    select * from {{ ref('stg_eligibility_decisions') }}
    {{ only_new_nights() }}

),

refused_tiers as (

    select * from {{ ref('stg_offer_evaluations') }}
    where outcome in ('declined', 'review') {{ only_new_nights('and') }}

),

ranked_reasons as (

    -- Rules decline the seller, tiers decline those who passed every rule: nobody has
    -- reasons of both. A tier that waits for a person comes first, then one that only
    -- the night's portfolio had no place for: neither is a judgment of the seller, and
    -- no other reason may hide it. Then the shortest, the easiest to get.
    select
        seller_id,
        currency_code,
        as_of_date,
        policy_version,
        reason_code,
        reason_rank
    from {{ ref('fct_eligibility_reasons') }}
    {{ only_new_nights() }}
    union all
    select
        seller_id,
        currency_code,
        as_of_date,
        policy_version,
        reason_code,
        row_number() over (
            partition by seller_id, currency_code, as_of_date, policy_version
            order by
                reason_code = 'UNUSUAL_SALES' desc,
                reason_code = 'BUDGET_EXHAUSTED' desc,
                min(target_term_days) asc,
                reason_code asc
        ) as reason_rank
    from refused_tiers
    group by seller_id, currency_code, as_of_date, policy_version, reason_code

),

reason_lists as (

    select
        seller_id,
        currency_code,
        as_of_date,
        policy_version,
        max(case when reason_rank = 1 then reason_code end) as main_reason_code,
        string_agg(reason_code, ',' order by reason_rank) as reason_codes
    from ranked_reasons
    group by seller_id, currency_code, as_of_date, policy_version

),

offer_counts as (

    select * from {{ ref('int_seller_open_offers') }}
    {{ only_new_nights() }}

),

final as (

    select
        decisions.seller_id,
        decisions.as_of_date,
        decisions.currency_code,
        decisions.country_code,
        decisions.outcome,
        case
            when decisions.outcome <> 'eligible' or offer_counts.offer_count is null
                then reason_lists.main_reason_code
        end as main_reason_code,
        case
            when decisions.outcome <> 'eligible' or offer_counts.offer_count is null
                then reason_lists.reason_codes
        end as reason_codes,
        decisions.inputs,
        decisions.reason_count,
        coalesce(offer_counts.offer_count, 0) as offer_count,
        coalesce(offer_counts.kept_count, 0) as kept_count,
        offer_counts.offer_count is not null as is_offered,
        decisions.policy_version,
        decisions.model_version,
        decisions.code_version,
        decisions.data_as_of
    from decisions
    left join reason_lists
        on
            decisions.seller_id = reason_lists.seller_id
            and decisions.currency_code = reason_lists.currency_code
            and decisions.as_of_date = reason_lists.as_of_date
            and decisions.policy_version = reason_lists.policy_version
    left join offer_counts
        on
            decisions.seller_id = offer_counts.seller_id
            and decisions.currency_code = offer_counts.currency_code
            and decisions.as_of_date = offer_counts.as_of_date
            and decisions.policy_version = offer_counts.policy_version

)

select * from final
