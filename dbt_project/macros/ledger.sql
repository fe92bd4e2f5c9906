{# Totals of ledger lines by category, with signs as people say them: what was refunded,
   charged back, kept as commission, reserved or repaid is positive. #}
{% macro ledger_totals() -%}
    {{ sum_minor('amount_minor', "kind = 'sale'") }} as captured_minor,
    {{ sum_minor('-amount_minor', "kind = 'refund'") }} as refunded_minor,
    {{ sum_minor('-amount_minor', "kind in ('chargeback', 'chargeback_reversal')") }}
        as charged_back_minor,
    {{ sum_minor('-amount_minor', "kind in ('commission', 'commission_refund')") }}
        as commission_minor,
    {{ sum_minor('amount_minor', "kind = 'adjustment'") }} as adjustment_minor,
    {{ sum_minor('-amount_minor', "kind = 'reserve'") }} as reserved_minor,
    {{ sum_minor('amount_minor', "kind = 'advance'") }} as advanced_minor,
    {{ sum_minor('-amount_minor', "kind = 'advance_repayment'") }} as repaid_minor
{%- endmacro %}
