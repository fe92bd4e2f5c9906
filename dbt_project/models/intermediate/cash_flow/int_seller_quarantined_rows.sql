-- Grain: one row per seller_id with a refused row of the 91 days to the night.
with quarantined_rows as (

    -- A row is as old as it says it is, whichever night loaded it; one whose own time
    -- cannot be read is as old as the night that first saw it.
    select
        *,
        coalesce(cast(row_updated_at as date), ingest_date) as row_date
    from {{ ref('stg_quarantined_rows') }}
    where ingest_date <= {{ as_of_date() }}

),

final as (

    select
        seller_id,
        count(*) as quarantined_91_days_count
    from quarantined_rows
    where
        row_date > {{ as_of_date(-91) }}
        and row_date <= {{ as_of_date() }}
        and seller_id is not null
    group by seller_id

)

select * from final
