{# Rows whose flows do not lead from the opening to the closing balance, or that do not
   open with what the row before closed with. Of the rows before those that `changed`
   names, which have been asked before, the sum of their flows is where they end. #}
{% test balances_tie(model, date_column, changed=none) %}

    {%- set is_changed = only_changed(changed) %}

    with balances_before as (

        select
            seller_id,
            currency_code,
            sum(closing_balance_minor - opening_balance_minor) as balance_minor
        from {{ model }}
        where not ({{ is_changed }})
        group by seller_id, currency_code

    ),

    chained as (

        select
            *,
            lag(closing_balance_minor) over (
                partition by seller_id, currency_code
                order by {{ date_column }}
            ) as previous_closing_balance_minor
        from {{ model }}
        where {{ is_changed }}

    )

    select chained.*
    from chained
    left join balances_before
        on
            chained.seller_id = balances_before.seller_id
            and chained.currency_code = balances_before.currency_code
    where
        chained.opening_balance_minor <> coalesce(
            chained.previous_closing_balance_minor, balances_before.balance_minor, 0
        )
        or chained.closing_balance_minor <> {{ opening_plus_flows() }}

{% endtest %}
