{# Rows for which something that must be true is false or unknown. #}
{% test expression_holds(model, expression) %}

    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)

{% endtest %}
