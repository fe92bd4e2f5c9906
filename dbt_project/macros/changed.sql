{# What tests ask of on a night on which asking of everything is not due: the rows that
   tonight can have changed. DECISIONS.md, "Tests of a forward night". #}

{# Whether tests ask of everything, which they must unless all before tonight has been
   asked; `advances build` knows. #}
{% macro asks_of_everything() %}
    {%- set text = env_var('ADVANCES_TESTED_NIGHT', '') if execute else '' -%}
    {{- return(not text or built_night() is none) -}}
{% endmacro %}


{# The last night that has been asked, as all before it have, YYYY-MM-DD; one before any
   where everything is asked. #}
{% macro tested_night() %}
    {{- return(
        '0001-01-01' if asks_of_everything() else env_var('ADVANCES_TESTED_NIGHT')
    ) -}}
{% endmacro %}


{# The condition that a row is of a night that tonight's build may have written, in a
   table whose rows are nights: `first_night_to_replace` goes no further back. #}
{% macro asked_nights() -%}
    as_of_date >= cast('{{ tested_night() }}' as date)
{%- endmacro %}


{# Overrides dbt's own, by which a test asks of some rows of a table alone: `where` in
   its configuration may name the condition above, as no YAML can call a macro. #}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- if where -%}
        (
            select * from {{ relation }}
            where {{ where | replace('__asked_nights__', asked_nights()) }}
        ) as asked
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}


{# The condition that a row is of a key or day that changed; true where everything is
   asked, or the rows have neither. #}
{% macro only_changed(what) %}
    {%- set condition = changed_keys(what) if what in ('items', 'payouts')
        else only_changed_days() if what == 'days'
        else only_changed_weeks() if what == 'weeks' -%}
    {{- return(condition if condition and not asks_of_everything() else 'true') -}}
{% endmacro %}


{% macro changed_keys(what) %}
    {%- set key, table = {
        'items': ('order_item_id', ref('int_changed_items')),
        'payouts': ('payout_id', ref('int_changed_payouts')),
    }[what] -%}
    {{- return(
        key ~ ' in (select changed.' ~ key ~ ' from ' ~ table ~ ' as changed)'
    ) -}}
{% endmacro %}


{# Ledger lines that came tonight, and what may wrongly be left of those that had come
   before: two parts, because to look for tonight's keys among all takes longer. #}
{% macro changed_lines(lines) -%}
    {%- set changed -%}
        (
            select * from {{ lines }} where {{ is_new() }}
            union all
            select * from {{ lines }}
            where not ({{ is_new() }}) and balance_transaction_id in (
                select known.balance_transaction_id
                from {{ ref('stg_changed_lines') }} as known
                where known.was_known
            )
        ) as changed_lines
    {%- endset -%}
    {{- return(lines if asks_of_everything() else changed) -}}
{%- endmacro %}


{% macro only_changed_days(column='flow_date') %}
    {%- set first = first_touched_date() -%}
    {{- return('true' if asks_of_everything() else column ~ ' >= ' ~ first) -}}
{% endmacro %}


{% macro only_changed_weeks(column='week_start_date') %}
    {%- set first = first_touched_week() -%}
    {{- return('true' if asks_of_everything() else column ~ ' >= ' ~ first) -}}
{% endmacro %}


{# Overrides dbt's own, by which a model keeps its contract. The contract is of the SQL
   and not of a night's rows, so it is asked when everything is. #}
{% macro get_assert_columns_equivalent(sql) -%}
    {{ assert_columns_equivalent(sql) if asks_of_everything() }}
{%- endmacro %}
