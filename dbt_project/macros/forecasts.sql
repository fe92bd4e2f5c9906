{# What is read off stored quantiles, with nothing but Jinja. Whatever is added up over
   forecasts is a whole number, so that a sum does not depend on the order. #}

{# Twice the mean, over the quantiles q at probabilities p, of rho_p(y - q) with
   rho_p(u) = max(p u, (p - 1) u), to the nearest minor unit. p is in thousandths. #}
{% macro quantile_loss_minor(sold) -%}
    {%- set thousandths = {
        '01': 10, '025': 25, '05': 50, '10': 100, '25': 250, '50': 500, '75': 750,
        '90': 900, '95': 950, '975': 975, '99': 990
    } -%}
    {%- set losses = [] -%}
    {%- for name, p in thousandths.items() -%}
        {%- set miss = '(' ~ sold ~ ' - quantile_' ~ name ~ '_minor)' -%}
        {%- do losses.append(
            'greatest(' ~ p ~ ' * ' ~ miss ~ ', ' ~ (p - 1000) ~ ' * ' ~ miss ~ ')'
        ) -%}
    {%- endfor -%}
    cast(round(({{ losses | join(' + ') }}) * 2 / 11000) as int64)
{%- endmacro %}


{# For each share of what recent sales promise: the probability that sales reach it, as
   the quantiles have it, and whether they did; null where nothing is promised. Shares
   are percentages, both sides a hundredfold, so that whole numbers are compared. #}
{% macro repayment_events(sold, promised) -%}
    {%- set columns = [] -%}
    {%- for share in [60, 80, 95, 110] -%}
        {%- set level = share ~ ' * ' ~ promised -%}
        {%- set when_promised = 'case when ' ~ promised ~ ' > 0 then ' -%}
        {%- do columns.append(
            when_promised ~ probability_at_least(level)
            ~ ' end as reach_' ~ share ~ '_probability_rate'
        ) -%}
        {%- do columns.append(
            when_promised ~ '100 * ' ~ sold ~ ' >= ' ~ level
            ~ ' end as has_reached_' ~ share
        ) -%}
    {%- endfor -%}
    {{ columns | join(', ') }}
{%- endmacro %}


{# P(100 S >= level), to the nearest millionth: over each stretch of probability between
   two quantiles the share of it on which the quantile function is at least the level.
   That function is linear through (0, 0), the quantiles and (1, the last), as offers
   read it. #}
{% macro probability_at_least(level) -%}
    {%- set stretches = [
        ('0', '01', 10), ('01', '025', 15), ('025', '05', 25), ('05', '10', 50),
        ('10', '25', 150), ('25', '50', 250), ('50', '75', 250), ('75', '90', 150),
        ('90', '95', 50), ('95', '975', 25), ('975', '99', 15), ('99', '99', 10)
    ] -%}
    {%- set terms = [] -%}
    {%- for first, last, thousandths in stretches -%}
        {%- set low = '100 * quantile_' ~ first ~ '_minor' if first != '0' else '0' -%}
        {%- set high = '100 * quantile_' ~ last ~ '_minor' -%}
        {%- do terms.append(
            thousandths ~ ' * case when ' ~ low ~ ' >= ' ~ level ~ ' then 1 when '
            ~ high ~ ' >= ' ~ level ~ ' then (' ~ high ~ ' - ' ~ level ~ ') / ('
            ~ high ~ ' - ' ~ low ~ ') else 0 end'
        ) -%}
    {%- endfor -%}
    round(({{ terms | join(' + ') }}) * 1000) / 1000000
{%- endmacro %}


{# How many events of these probabilities are to be expected; null ones are none. #}
{% macro expected_count(probability) -%}
    sum(cast(round(coalesce({{ probability }}, 0) * 1000000) as int64)) / 1000000
{%- endmacro %}


{# Age groups of sellers, by days since the first sale. #}
{% macro age_band(tenure_days) -%}
    case
        when {{ tenure_days }} < 60 then '0-59'
        when {{ tenure_days }} < 120 then '60-119'
        when {{ tenure_days }} < 365 then '120-364'
        else '365+'
    end
{%- endmacro %}
