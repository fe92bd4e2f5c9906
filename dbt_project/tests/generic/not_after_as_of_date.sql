{# Rows with a date or time after the night, which nobody could know. #}
{% test not_after_as_of_date(model, columns, only_tonight=false) %}

    select *
    from {{ model }}
    where
        (
            {% for column in columns %}
                cast({{ column }} as timestamp) >= {{ as_of_end() }}
                {% if not loop.last %}or{% endif %}
            {% endfor %}
        )
        {% if only_tonight %} and as_of_date >= {{ as_of_date() }} {% endif %}

{% endtest %}
