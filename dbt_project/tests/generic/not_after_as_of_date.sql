{# Rows with a date or time after the night, which nobody could know. #}
{% test not_after_as_of_date(model, columns) %}

    select *
    from {{ model }}
    where
        {% for column in columns %}
            cast({{ column }} as timestamp) >= {{ as_of_end() }}
            {% if not loop.last %}or{% endif %}
        {% endfor %}

{% endtest %}
