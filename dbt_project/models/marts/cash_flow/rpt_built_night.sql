-- Grain: one row per warehouse, the night its cash-flow marts were built for.
--
-- Every other mart and its tests come first; without their success there is no row.
{{ config(pre_hook='{{ merge_row_groups() }}') }}

-- depends_on: {{ ref('dim_sellers') }}
-- depends_on: {{ ref('fct_advance_repayments') }}
-- depends_on: {{ ref('fct_advances') }}
-- depends_on: {{ ref('fct_payouts') }}
-- depends_on: {{ ref('fct_sales') }}
-- depends_on: {{ ref('fct_seller_cash_flows_daily') }}
-- depends_on: {{ ref('fct_seller_cash_flows_weekly') }}
-- depends_on: {{ ref('fct_advance_changes') }}
-- depends_on: {{ ref('fct_seller_gates') }}
-- depends_on: {{ ref('fct_seller_health_daily') }}
-- depends_on: {{ ref('fct_seller_trailing_sales') }}
-- depends_on: {{ ref('fct_seller_unusual_sales_daily') }}
-- depends_on: {{ ref('rpt_advance_faults') }}
-- depends_on: {{ ref('rpt_payout_reconciliation') }}
with newest_change as (

    select * from {{ ref('int_data_as_of') }}

),

final as (

    select
        {{ as_of_date() }} as as_of_date,
        data_as_of,
        '{{ project_version() }}' as project_version,
        {{ is_tested() }} as is_tested
    from newest_change

)

select * from final
