{# Rows whose flows do not lead from the opening to the closing balance, or that do not
   open with what the row before closed with. #}
{% test balances_tie(model, date_column) %}

    with chained as (

        select
            *,
            lag(closing_balance_minor, 1, 0) over (
                partition by seller_id, currency_code
                order by {{ date_column }}
            ) as previous_closing_balance_minor
        from {{ model }}

    )

    select *
    from chained
    where
        opening_balance_minor <> previous_closing_balance_minor
        or closing_balance_minor <> {{ opening_plus_flows() }}

{% endtest %}
