-- Grain: one row per warehouse, the night whose offers passed every test.
--
-- Every other offer mart and its tests come first; if one fails there is no row.
-- depends_on: {{ ref('fct_advance_offers') }}
-- depends_on: {{ ref('fct_eligibility_decisions') }}
-- depends_on: {{ ref('fct_eligibility_reasons') }}
-- depends_on: {{ ref('fct_offer_changes') }}
-- depends_on: {{ ref('fct_offer_disclosures') }}
-- depends_on: {{ ref('rpt_offer_funnel') }}
with offers as (

    select * from {{ ref('fct_advance_offers') }}

),

final as (

    select
        {{ as_of_date() }} as as_of_date,
        count(
            case when offers.as_of_date = {{ as_of_date() }} then offers.offer_id end
        ) as offer_count,
        count(case when offers.state = 'open' then offers.offer_id end) as open_count,
        '{{ project_version() }}' as project_version,
        {{ is_tested() }} as is_tested
    from offers

)

select * from final
