{# Which days of the cash flows a forward night writes anew. #}

{# The first day that changed, per seller and currency: the earliest day on which any
   version, old or new, of a line that came since the last night happened. #}
{% macro first_touched_days() -%}
    select
        seller_id,
        currency_code,
        min(occurred_date) as first_touched_date
    from {{ ref('stg_changed_lines') }}
    group by seller_id, currency_code
{%- endmacro %}


{# The earliest of those days as a literal: no partition before it is touched. #}
{% macro first_touched_date() %}
    {%- set lines = ref('stg_changed_lines') -%}
    {%- set found = run_query(
        "select min(occurred_date) as first_date from " ~ lines
    ) if execute -%}
    {%- set first_date = found.columns[0].values()[0] if found -%}
    {{- return("cast('" ~ (first_date or '9999-12-31') | string ~ "' as date)") -}}
{% endmacro %}


{% macro touched_flow_days() %}
    {{- return('flow_date >= ' ~ first_touched_date()) -}}
{% endmacro %}


{# Takes the days that shift out of the daily cash flows before they are written anew.
   Their keys alone would not do: a line that moves may leave a day with none. #}
{% macro delete_touched_days() %}
    {% if is_incremental() %}
        delete from {{ this }}
        where flow_date >= {{ first_touched_date() }} and exists (
            select 1
            from ({{ first_touched_days() }}) as touched
            where
                touched.seller_id = {{ this.identifier }}.seller_id
                and touched.currency_code = {{ this.identifier }}.currency_code
                and touched.first_touched_date <= {{ this.identifier }}.flow_date
        )
    {% endif %}
{% endmacro %}
