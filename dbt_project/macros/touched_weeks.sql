{# Which weeks of the weekly cash flows a forward night writes anew. #}

{# The Monday of the week of a date, YYYY-MM-DD, as a literal. #}
{% macro monday_of(text) %}
    {%- set day = modules.datetime.date.fromisoformat(text) -%}
    {%- set monday = day - modules.datetime.timedelta(days=day.weekday()) -%}
    {{- return("cast('" ~ monday ~ "' as date)") -}}
{% endmacro %}


{# The first week that may change of every seller: the one that the last night was in,
   which had not ended, or was not there. #}
{% macro first_open_week() %}
    {{- return(monday_of(built_night() or '0001-01-01')) -}}
{% endmacro %}


{# The first week that changes of any seller. #}
{% macro first_touched_week() %}
    {%- set literal = first_touched_date() -%}
    {%- set touched = modules.re.search('\\d{4}-\\d{2}-\\d{2}', literal) -%}
    {%- set dates = [touched.group(), built_night() or '0001-01-01'] -%}
    {{- return(monday_of(dates | min)) -}}
{% endmacro %}


{% macro touched_weeks() %}
    {{- return('week_start_date >= ' ~ first_touched_week()) -}}
{% endmacro %}


{# Takes out the weeks that are written anew: open ones and those of touched days. #}
{% macro delete_touched_weeks() %}
    {% if is_incremental() %}
        delete from {{ this }}
        where week_start_date >= {{ first_touched_week() }} and (
            week_start_date >= {{ first_open_week() }}
            or exists (
                select 1
                from ({{ first_touched_days() }}) as touched
                where
                    touched.seller_id = {{ this.identifier }}.seller_id
                    and touched.currency_code = {{ this.identifier }}.currency_code
                    and {{ week_start('touched.first_touched_date') }}
                    <= {{ this.identifier }}.week_start_date
            )
        )
    {% endif %}
{% endmacro %}


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
