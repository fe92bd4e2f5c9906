-- Grain: one row per finding_id and within_days.
with findings as (

    -- Ledger lines of the 28 days to the reconciled date; younger ones are not asked.
    select * from {{ ref('int_settlement_findings') }}
    where
        finding <> 'batch_differs'
        and ledger_minor is not null
        and age_days <= 27

),

final as (

    {% for days in [1, 2, 4] %}
        {{ 'union all' if not loop.first }}
        select
            finding_id,
            {{ days }} as within_days,
            currency_code,
            abs(ledger_minor) as checked_minor,
            case
                when coalesce(settled_days, 99) > {{ days }} then abs(ledger_minor)
            end as failed_minor
        from findings
        where age_days >= {{ days }}
    {% endfor %}

)

select * from final
