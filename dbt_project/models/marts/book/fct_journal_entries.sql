-- Grain: one row per journal_line_id.
{{ config(
    materialized='incremental',
    incremental_strategy=partition_strategy(),
    unique_key='as_of_date',
    on_schema_change='fail',
    pre_hook='{{ delete_nights_to_replace() }}',
    partition_by=by_day('as_of_date'),
    cluster_by=by_seller()
) }}

with lines as (

    select * from {{ ref('stg_journal_entries') }}
    {{ only_new_nights() }}

),

final as (

    select
        journal_line_id,
        journal_entry_id,
        advance_id,
        seller_id,
        as_of_date,
        currency_code,
        kind,
        account,
        debit_minor,
        credit_minor,
        policy_version,
        model_version,
        code_version,
        data_as_of
    from lines

)

select * from final
