{# The two row counts, when a join lost or multiplied rows. #}
{% test same_row_count(model, other) %}

    with here as (

        select count(*) as row_count from {{ model }}

    ),

    there as (

        select count(*) as row_count from {{ other }}

    )

    select
        here.row_count,
        there.row_count as other_row_count
    from here
    cross join there
    where here.row_count <> there.row_count

{% endtest %}
