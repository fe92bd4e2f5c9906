{# Tables whose rows are nights: decisions, offers, the book, health. #}

{# The night to start from when nights are added to a table whose rows are nights: the
   newest one there, which may be half done, or the night being built. It is never before
   the one tested last: the nights until then are done, also those without rows. #}
{% macro first_night_to_replace() %}
    {%- set newest = run_query("select max(as_of_date) as newest from " ~ this) -%}
    {%- set night = newest.columns[0].values()[0] if execute else none -%}
    {%- set there = ((night or '0001-01-01') | string)[:10] -%}
    {%- set first = [night_text(), [there, tested_night()] | max] | min -%}
    {{- return("cast('" ~ first ~ "' as date)") -}}
{% endmacro %}


{# The condition by which a model whose rows are nights reads the ones to replace. #}
{% macro only_new_nights(keyword='where') %}
    {% if is_incremental() %}
        {{ keyword }} as_of_date >= {{ first_night_to_replace() }}
    {% endif %}
{% endmacro %}


{# Takes out the nights after this one, which a step back in time must not show. With
   `>=` this one too, where it may have no rows that would replace those of before. #}
{% macro delete_later_nights(column='as_of_date', operator='>') %}
    {% if is_incremental() %}
        delete from {{ this }} where {{ column }} {{ operator }} {{ as_of_date() }}
    {% endif %}
{% endmacro %}


{# Takes out the nights that `only_new_nights` reads again, and so all later ones, where
   a night may have no rows: replacing by night leaves alone what has no successor. #}
{% macro delete_nights_to_replace() %}
    {% if is_incremental() %}
        delete from {{ this }} where as_of_date >= {{ first_night_to_replace() }}
    {% endif %}
{% endmacro %}
