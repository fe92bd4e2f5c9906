"""What an advance costs a seller, as the law wants it told.

United States: the actuarial annual percentage rate of Regulation Z, Appendix J, which
California (10 CCR 900-956) and New York (23 NYCRR 600) ask for. European Union: the
rate of Directive 2008/48, Annex I. Amounts are integers in minor units; a rate is in
per cent and unrounded, and how it was found stays beside it.
"""

import datetime as dt
import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.estimate import Estimate
from jobs.underwriting.money import round_half_up, round_up
from jobs.underwriting.rate import OUTCOMES, Payments, period_rates
from jobs.underwriting.unit_periods import (
    DAY,
    UNIT_PERIODS,
    Span,
    UnitPeriod,
    spans,
    unit_period_of,
)

Law = Literal["us", "eu"]
State = Literal["CA", "NY"]

#: California says "nearest ten basis points" but shows 10.45 %: two decimals satisfy
#: both, and the European "at least one".
DECIMALS = 2
#: Disclosed against true rate, in points: 1/8, and 1/4 where payments are irregular.
TOLERANCE_POINTS = 0.125
IRREGULAR_TOLERANCE_POINTS = 0.25
TOLERANCE_SHARE = 0.025

_DAYS_A_MONTH = 365 / 12
#: Units in which the Directive counts a year: 365 days, 52 weeks, 12 equal months.
_EU_UNITS = ("day", "week", "month", "year")


@dataclass(frozen=True)
class Basis:
    """How a rate was found; kept with every figure.

    ``law`` is us or eu. ``method`` says where the payments come from: "scheduled",
    "historical" (mean sales of ``months`` months) or "underwriting" (our forecast).
    """

    law: Law
    method: Literal["scheduled", "historical", "underwriting"]
    unit_period: str
    unit_periods_a_year: float
    months: int | None = None
    decimals: int = DECIMALS


@dataclass(frozen=True)
class Disclosures:
    """The figures of many advances [advances], all on one basis.

    ``apr_percent`` is NaN, and ``outcome`` (a number in ``rate.OUTCOMES``) says why,
    where no rate exists; ``term_days`` is NaN where the last payment is not known.
    ``estimated_payment_minor`` is the mean of a day, ``monthly_cost_minor`` of a month
    of 365 / 12 days; both are 0 where the term is not known.
    """

    basis: Basis
    apr_percent: FloatArray
    residual_rate: FloatArray
    outcome: IntegerArray
    term_days: FloatArray
    finance_charge_minor: IntegerArray
    total_payment_minor: IntegerArray
    estimated_payment_minor: IntegerArray
    monthly_cost_minor: IntegerArray


@dataclass(frozen=True)
class Scheduled:
    """The figures of one advance with dated payments, and its first payment's t, f."""

    figures: Disclosures
    first: Span

    @property
    def apr_percent(self) -> float | None:
        """The unrounded rate; None where there is none."""
        rate = float(self.figures.apr_percent[0])
        return None if math.isnan(rate) else rate

    @property
    def outcome(self) -> str:
        """What became of the rate, one of ``rate.OUTCOMES``."""
        return OUTCOMES[int(self.figures.outcome[0])]


def disclose_estimates(
    advance_minor: IntegerArray,
    owed_minor: IntegerArray,
    estimate: Estimate,
    method: Literal["historical", "underwriting"],
    months: int | None = None,
) -> Disclosures:
    """Disclose advances repaid out of daily sales; all arrays are [advances].

    The unit period is a day, the payments those estimated. Where they do not repay
    what is owed there is no term, and the rate is that of what they do repay.
    """
    basis = Basis("us", method, DAY.name, DAY.a_year, months)
    return _disclosures(
        basis, advance_minor, owed_minor, estimate.payments, estimate.term_days
    )


def disclose_schedule(
    advance_minor: int,
    advance_date: dt.date,
    payments_minor: dict[dt.date, int],
    *,
    law: Law = "us",
    unit: str = "auto",
) -> Scheduled:
    """Disclose one advance with dated payments, zeros left out.

    ``unit`` is a name in ``UNIT_PERIODS``, or "auto": by Appendix J for us; days, as in
    the Directive's published example, for eu.

    Raises:
        ValueError: an advance or payment out of range, a payment before the advance,
            or a unit period that the law does not know.

    """
    _require_schedule(advance_minor, advance_date, payments_minor)
    paid = {date: paid for date, paid in sorted(payments_minor.items()) if paid}
    dates = [advance_date, *(date for date in paid if date > advance_date)]
    chosen = _unit(dates, law, unit)
    found = dict(zip(dates, [Span(0, 0, 1), *spans(chosen, dates)], strict=True))
    places = [found[date] for date in paid] or [Span(0, 0, 1)]
    payments = _payments(list(paid.values()) or [0], places, law, chosen)
    basis = Basis(law, "scheduled", chosen.name, chosen.a_year)
    days = np.array([float((max(paid, default=advance_date) - advance_date).days)])
    total = np.array([sum(paid.values())])
    term = np.where(total > 0, days, np.nan)
    figures = _disclosures(basis, np.array([advance_minor]), total, payments, term)
    return Scheduled(figures, places[0])


def shown_percent(apr_percent: float, decimals: int = DECIMALS) -> str:
    """Return the rate as it is disclosed: rounded, a half away from 0."""
    step = Decimal(1).scaleb(-decimals)
    return str(Decimal(str(apr_percent)).quantize(step, ROUND_HALF_UP))


def is_within_tolerance(
    disclosed_percent: FloatArray,
    true_percent: FloatArray,
    state: State,
    *,
    is_irregular: bool = False,
) -> BooleanArray:
    """Whether a disclosed rate is accurate by the rules of the state.

    Off by at most max(1/8 point, 1/4 if irregular; 2.5 % of the disclosed rate, 10 CCR
    955 (a)): below it only in California, where overstating is no fault; to both sides
    in New York.
    """
    points = IRREGULAR_TOLERANCE_POINTS if is_irregular else TOLERANCE_POINTS
    slack = np.maximum(points, TOLERANCE_SHARE * np.abs(disclosed_percent))
    below = true_percent - disclosed_percent
    off = below if state == "CA" else np.abs(below)
    # A billionth of a point forgives that 9.69 - 0.125 is not exact in binary.
    return np.asarray(off <= slack + 1e-9, dtype=np.bool_)


def unpaid_fee(
    balance_minor: IntegerArray, fee_minor: IntegerArray, owed_minor: IntegerArray
) -> IntegerArray:
    """Fee inside an old balance: balance x fee / owed.

    Each repayment holds its share of the fee. Rounded up, so that a refill never tells
    less of it than there is.
    """
    return round_up(balance_minor * (fee_minor / owed_minor), forgiving=1e-6)


def double_dipping(
    fee_minor: IntegerArray, advance_minor: IntegerArray, unpaid_fee_minor: IntegerArray
) -> IntegerArray:
    """Fee paid on an old fee by a refill: unpaid fee x new fee / new advance.

    New York asks a renewal that settles an old balance to state it. Rounded up to whole
    minor units [advances].
    """
    return round_up(unpaid_fee_minor * (fee_minor / advance_minor), forgiving=1e-6)


def _disclosures(
    basis: Basis,
    advance: IntegerArray,
    total: IntegerArray,
    payments: Payments,
    term: FloatArray,
) -> Disclosures:
    rates = period_rates(advance.astype(np.float64), payments)
    is_yearly = basis.law == "eu"
    a_year = 1.0 if is_yearly else basis.unit_periods_a_year
    known = np.where(np.isnan(term), np.inf, np.maximum(term, 1.0))
    return Disclosures(
        basis=basis,
        apr_percent=100 * a_year * rates.period_rate,
        residual_rate=rates.residual_rate,
        outcome=rates.outcome,
        term_days=term,
        finance_charge_minor=total - advance,
        total_payment_minor=total,
        estimated_payment_minor=round_half_up(total / known),
        monthly_cost_minor=round_half_up(
            total / np.maximum(known / _DAYS_A_MONTH, 1.0)
        ),
    )


def _require_schedule(
    advance_minor: int, advance_date: dt.date, payments_minor: dict[dt.date, int]
) -> None:
    if advance_minor <= 0:
        message = "The advance must be above 0."
        raise ValueError(message)
    for date, paid in payments_minor.items():
        if paid < 0:
            message = f"The payment of {date} is negative; it must be 0 or more."
            raise ValueError(message)
        if date < advance_date:
            message = f"The payment of {date} comes before the advance, {advance_date}."
            raise ValueError(message)


def _unit(dates: list[dt.date], law: Law, unit: str) -> UnitPeriod:
    if law == "eu" and unit not in {"auto", *_EU_UNITS}:
        message = (
            f"The Directive counts in {', '.join(_EU_UNITS)}, not in {unit}; choose one"
            " of those, or auto."
        )
        raise ValueError(message)
    if unit != "auto":
        return UNIT_PERIODS[unit]
    return DAY if law == "eu" or len(dates) == 1 else unit_period_of(dates)


def _payments(
    amounts: list[int], places: list[Span], law: Law, unit: UnitPeriod
) -> Payments:
    """Return one row of single payments: t and f of Appendix J, or years of the EU."""
    full = np.array([[place.full for place in places]], dtype=np.float64)
    fractions = np.array([[place.fraction for place in places]])
    if law == "eu":
        # A month of the Directive has 365 / 12 days, not the 30 of Appendix J.
        days = 30 / _DAYS_A_MONTH if unit.name == "month" else 1.0
        full, fractions = (full + fractions * days) / unit.a_year, np.zeros(full.shape)
    values = np.array([amounts], dtype=np.float64)
    return Payments(values, full, fractions, np.ones(full.shape))
