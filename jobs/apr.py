"""Apr: the annual rate of one advance with dated payments, and how it was found."""

from datetime import date
from typing import Any

from jobs.settings import ConfigurationError
from jobs.underwriting.disclosure import (
    Law,
    Scheduled,
    disclose_schedule,
    shown_percent,
)
from jobs.underwriting.money import format_minor, to_minor

_LAWS = {
    "us": "US actuarial method, Regulation Z Appendix J",
    "eu": "Directive 2008/48, Annex I",
}
_OUTCOMES = {
    "found": "",
    "negative": "the payments sum to less than the advance, so the rate is negative",
    "never_repays": "the payments sum to 0: no rate makes them worth the advance",
    "repaid_at_once": "repaid on the day of the advance: it has no rate",
    "below_any_rate": "not even a rate of -100 % a unit period makes the payments worth"
    " the advance: they sum to less and all fall within one period",
    "not_converged": "the search for the rate did not converge; please report these"
    " payments",
}


def parse_payments(texts: tuple[str, ...], currency: str) -> dict[date, int]:
    """Read 2023-11-30:220 and its like; what falls on one day is added up.

    Raises ConfigurationError, naming the payment and what was expected.
    """
    payments: dict[date, int] = {}
    for text in texts:
        day, _, amount = text.partition(":")
        try:
            on = date.fromisoformat(day)
        except ValueError as error:
            message = f"--payment {text!r}: expected a payment such as 2023-11-30:220"
            raise ConfigurationError(message) from error
        payments[on] = payments.get(on, 0) + parse_amount("--payment", amount, currency)
    return payments


def parse_amount(option: str, text: str, currency: str) -> int:
    """Read an amount as written into minor units; ConfigurationError if it is none."""
    try:
        return to_minor(text, currency)
    except ValueError as error:
        raise ConfigurationError(str(error), where=option) from error


def apr(
    advance_minor: int, on: date, payments: dict[date, int], *, law: Law, unit: str
) -> Scheduled:
    """Disclose the advance; ConfigurationError where its flows make no sense."""
    try:
        return disclose_schedule(advance_minor, on, payments, law=law, unit=unit)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def as_json(found: Scheduled, currency: str) -> dict[str, Any]:
    """Return the rate unrounded, with its unit period, t and f of the first payment."""
    figures, basis = found.figures, found.figures.basis
    rate, has_term = found.apr_percent, found.outcome != "never_repays"
    return {
        "apr_percent": rate,
        "apr_shown_percent": None if rate is None else shown_percent(rate),
        "outcome": found.outcome,
        "method": basis.law,
        "unit_period": basis.unit_period,
        "unit_periods_a_year": basis.unit_periods_a_year,
        "t": found.first.full,
        "f": found.first.fraction,
        "residual_rate": None if rate is None else float(figures.residual_rate[0]),
        "currency_code": currency,
        "finance_charge_minor": int(figures.finance_charge_minor[0]),
        "total_payment_minor": int(figures.total_payment_minor[0]),
        "monthly_cost_minor": int(figures.monthly_cost_minor[0]),
        "term_days": int(figures.term_days[0]) if has_term else None,
    }


def as_lines(found: Scheduled, currency: str) -> list[str]:
    """Return the same for a person."""
    told, first = as_json(found, currency), found.first
    name = "none" if found.apr_percent is None else f"{told['apr_shown_percent']} %"
    lines = [f"APR {name} ({_LAWS[told['method']]})"]
    if _OUTCOMES[found.outcome]:
        lines.append(f"  {_OUTCOMES[found.outcome]}")
    if told["term_days"] is None:
        return lines
    charge, total, month = (
        format_minor(told[key], currency)
        for key in (
            "finance_charge_minor",
            "total_payment_minor",
            "monthly_cost_minor",
        )
    )
    unit = f"{told['unit_period']}, {told['unit_periods_a_year']:.6g} a year"
    place = f"t = {first.full}, f = {first.part}/{first.parts}"
    cost = f"finance charge {charge}, total {total}, {month} a month on average"
    return [
        *lines,
        f"  unit period {unit}; first payment at {place}",
        f"  {cost}, over {told['term_days']} days",
    ]
