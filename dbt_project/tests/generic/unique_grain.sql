{# Rows that share the columns which should tell them apart. `changed` says what
   tells the rows that a forward night can have changed: days, weeks, or keys of items,
   lines or payouts. #}
{% test unique_grain(model, columns, only_tonight=false, changed=none) %}

    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ changed_lines(model) if changed == 'lines' else model }}
    where
        {{ 'as_of_date >= ' ~ as_of_date() if only_tonight else only_changed(changed) }}
    group by {{ columns | join(', ') }}
    having count(*) > 1

{% endtest %}
