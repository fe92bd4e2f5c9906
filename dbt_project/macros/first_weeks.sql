{# By seller and currency the first week to write and the balance before it. That is the
   seller's first, and on a forward night the open one or an earlier one that a day of
   touches. #}
{% macro first_weeks(daily_flows) -%}
    {% if not is_incremental() %}
        select
            seller_id,
            currency_code,
            {{ week_start('min(flow_date)') }} as week_start_date,
            0 as balance_minor
        from {{ daily_flows }}
        group by seller_id, currency_code
    {% else %}
        with known_weeks as (

            select
                seller_id,
                currency_code,
                week_start_date
            from {{ this }}
            union all
            select
                seller_id,
                currency_code,
                {{ week_start('flow_date') }} as week_start_date
            from {{ daily_flows }}

        ),

        seller_weeks as (

            select
                seller_id,
                currency_code,
                min(week_start_date) as week_start_date
            from known_weeks
            group by seller_id, currency_code

        ),

        first_weeks as (

            select
                seller_weeks.seller_id,
                seller_weeks.currency_code,
                greatest(
                    seller_weeks.week_start_date,
                    least(
                        {{ first_open_week() }},
                        coalesce(
                            {{ week_start('touched.first_touched_date') }},
                            {{ first_open_week() }}
                        )
                    )
                ) as week_start_date
            from seller_weeks
            left join ({{ first_touched_days() }}) as touched
                on
                    seller_weeks.seller_id = touched.seller_id
                    and seller_weeks.currency_code = touched.currency_code

        )

        select
            first_weeks.seller_id,
            first_weeks.currency_code,
            first_weeks.week_start_date,
            coalesce(written.closing_balance_minor, 0) as balance_minor
        from first_weeks
        left join {{ this }} as written
            on
                first_weeks.seller_id = written.seller_id
                and first_weeks.currency_code = written.currency_code
                and written.week_start_date
                = {{ add_days('first_weeks.week_start_date', -7) }}
    {% endif %}
{%- endmacro %}
