-- Grain: one row per seller_id with a row refused in 91 nights.
with quarantined_rows as (

    select * from {{ ref('stg_quarantined_rows') }}

),

final as (

    select
        seller_id,
        count(*) as quarantined_91_days_count
    from quarantined_rows
    where ingest_date > {{ as_of_date(-91) }} and seller_id is not null
    group by seller_id

)

select * from final
