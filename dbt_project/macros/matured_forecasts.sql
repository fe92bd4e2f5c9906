{# The first night to score, YYYY-MM-DD: the newest one scored, which may be half done;
   where there is none, the first day in a column of what is read. #}
{% macro first_matured_night(relation, column) %}
    {%- if not execute -%}
        {{- return(night_text()) -}}
    {%- endif -%}
    {%- set days = [] -%}
    {%- if is_incremental() -%}
        {%- set days = run_query("select max(matured_date) from " ~ this).columns[0] -%}
    {%- endif -%}
    {%- if not (days and days[0]) -%}
        {%- set days = run_query(
            "select min(" ~ column ~ ") from " ~ relation
        ).columns[0] -%}
    {%- endif -%}
    {{- return([night_text(), (days[0] or night_text()) | string] | min) -}}
{% endmacro %}


{# The nights whose forecasts matured from then to the night, as literals in a list. A
   forecast for H days matures H nights later, so these are few partitions of many. #}
{% macro forecast_nights(first_night) %}
    {%- set first = modules.datetime.date.fromisoformat(first_night[:10]) -%}
    {%- set last = modules.datetime.date.fromisoformat(night_text()) -%}
    {%- set nights = [] -%}
    {%- for days in [7, 14, 30, 60, 90, 120, 180, 270, 365] -%}
        {%- for later in range((last - first).days + 1) -%}
            {%- do nights.append(
                (first + modules.datetime.timedelta(days=later - days)) | string
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return("cast('" ~ nights | unique | sort | join("' as date), cast('")
        ~ "' as date)") -}}
{% endmacro %}


{# Such a night as a literal, moved by a number of days. #}
{% macro night_literal(night, days=0) -%}
    {%- set first = modules.datetime.date.fromisoformat(night[:10]) -%}
    cast('{{ first + modules.datetime.timedelta(days=days) }}' as date)
{%- endmacro %}
