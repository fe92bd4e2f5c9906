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
