{# Rows for which something that must be true is false or unknown. Where the rows of a
   night never change again, `only_tonight` asks of its own: the others were asked. #}
{% test expression_holds(model, expression, only_tonight=false) %}

    select *
    from {{ model }}
    where
        not coalesce({{ expression }}, false)
        {% if only_tonight %} and as_of_date >= {{ as_of_date() }} {% endif %}

{% endtest %}
