{# Rows that share the columns which should tell them apart. #}
{% test unique_grain(model, columns, only_tonight=false) %}

    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    where {{ 'as_of_date >= ' ~ as_of_date() if only_tonight else 'true' }}
    group by {{ columns | join(', ') }}
    having count(*) > 1

{% endtest %}
