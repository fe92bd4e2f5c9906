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

with changes as (

    select * from {{ ref('stg_offer_changes') }}
    {{ only_new_nights() }}

),

final as (

    select * from changes

)

select * from final
