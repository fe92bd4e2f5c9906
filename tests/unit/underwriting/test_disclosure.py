"""Disclosure against published results, and what must be told where there is none."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from jobs.underwriting.disclosure import (
    disclose_estimates,
    disclose_schedule,
    double_dipping,
    is_within_tolerance,
    shown_percent,
    unpaid_fee,
)
from jobs.underwriting.estimate import estimate_payments, historical_pace
from jobs.underwriting.money import to_minor

DAY = dt.date.fromisoformat


def monthly(first: str, amounts: list[str], step: int = 1) -> dict[dt.date, int]:
    """Return payments on the same day of every ``step``-th month."""
    start = DAY(first)
    months = (start.month - 1 + step * place for place in range(len(amounts)))
    return {
        dt.date(start.year + month // 12, month % 12 + 1, start.day): to_minor(
            amount, "USD"
        )
        for month, amount in zip(months, amounts, strict=True)
    }


def every(first: str, days: int, amounts: list[str]) -> dict[dt.date, int]:
    """Return payments so many days apart."""
    return {
        DAY(first) + dt.timedelta(days * place): to_minor(amount, "USD")
        for place, amount in enumerate(amounts)
    }


#: Name, advance, its day, payments, law, published rate in per cent.
SCHEDULES = [
    ("J c1i", "5000", "1978-01-10", monthly("1978-02-10", ["230"] * 24), "us", "9.69"),
    (
        "J c1ii",
        "6000",
        "1978-02-10",
        monthly("1978-04-01", ["200"] * 36),
        "us",
        "11.82",
    ),
    (
        "J c1iv",
        "10000",
        "1978-05-23",
        monthly("1978-10-01", ["385"] * 40, 3),
        "us",
        "8.97",
    ),
    (
        "J c1v",
        "500",
        "1978-03-20",
        every("1978-04-21", 7, ["17.60"] * 30),
        "us",
        "14.96",
    ),
    (
        "J c2i",
        "5000",
        "1978-01-10",
        monthly("1978-02-10", ["250"] + ["230"] * 23),
        "us",
        "10.08",
    ),
    (
        "J c3i",
        "5000",
        "1978-01-10",
        monthly("1978-02-10", ["230"] * 23 + ["280"]),
        "us",
        "10.50",
    ),
    (
        "J c4i",
        "5000",
        "1978-01-10",
        monthly("1978-02-10", ["250"] + ["230"] * 22 + ["280"]),
        "us",
        "10.90",
    ),
    (
        "J c4ii",
        "8000",
        "1978-01-10",
        monthly("1978-03-01", ["449.36"] + ["465"] * 18 + ["200"], 2),
        "us",
        "7.30",
    ),
    ("J c5i", "1000", "1978-01-03", monthly("1978-09-15", ["1080"]), "us", "11.45"),
    ("daily", "1000", "2023-10-26", every("2023-11-30", 1, ["220"] * 5), "us", "94.15"),
    ("EU", "1000", "1994-01-01", every("1995-07-01", 1, ["1200"]), "eu", "12.96"),
]
#: Name, advance, fee, holdback rate, sales a month, N, last payment, rate.
SALES_BASED = [
    ("sales 12 %", 1_700_000, 170_000, 0.12, 2_000_000, 237, 7863.01, "29.72"),
    ("sales 14 %", 1_000_000, 140_000, 0.14, 1_000_000, 248, 3123.29, "39.36"),
]


def test_published_rates(show: Callable[[str], None]) -> None:
    """Every oracle is met to the decimals published; the table shows each beside it."""
    table = []
    for name, advance, on, payments, law, published in SCHEDULES:
        amount = to_minor(advance, "USD")
        found = disclose_schedule(amount, DAY(on), payments, law=law)
        first = f"{found.first.full} {found.first.part}/{found.first.parts}"
        unit = found.figures.basis.unit_period
        assert found.apr_percent is not None
        table.append((name, published, shown_percent(found.apr_percent), unit, first))
    for name, advance, fee, rate, sales, count, last, published in SALES_BASED:
        pace = historical_pace(np.full((1, 6), sales), rate)
        owed = np.array([advance + fee])
        estimate = estimate_payments(pace, owed)
        figures = disclose_estimates(
            np.array([advance]), owed, estimate, "historical", 6
        )
        assert [count] == estimate.term_days
        assert last == pytest.approx(estimate.payments.amounts[0, -1], abs=0.01)
        shown = shown_percent(figures.apr_percent[0])
        table.append((name, published, shown, figures.basis.unit_period, "1 0/1"))

    for name, published, shown, unit, first in table:
        show(f"{name:<10} expected {published:>5} found {shown:>5}  {unit}, {first}")
    assert [row[1] for row in table] == [row[2] for row in table]


def test_a_figure_keeps_how_it_was_found() -> None:
    """Law, method, months, unit period and decimals stay with the figure."""
    pace = historical_pace(np.full((2, 4), [[2_000_000], [300_000]]), 0.1)
    owed = np.array([1_100_000, 550_000])
    figures = disclose_estimates(
        np.array([1_000_000, 500_000]),
        owed,
        estimate_payments(pace, owed),
        "historical",
        4,
    )

    basis = figures.basis
    assert (basis.law, basis.method, basis.months) == ("us", "historical", 4)
    assert (
        basis.unit_period,
        basis.unit_periods_a_year,
        basis.decimals,
    ) == ("day", 365.0, 2)
    with pytest.raises(AttributeError):
        basis.law = "eu"  # type: ignore[misc]
    assert replace(basis, law="eu") != basis


def test_an_advance_of_a_dollar_and_a_yen_seller_is_told_in_whole_minor_units() -> None:
    """Charge, total, payment a day and cost a month are integers of each currency."""
    pace = historical_pace(np.full((2, 4), [[2_000_000], [300_000]]), 0.1)
    owed = np.array([1_100_000, 55_000])
    figures = disclose_estimates(
        np.array([1_000_000, 50_000]),
        owed,
        estimate_payments(pace, owed),
        "historical",
        4,
    )

    assert figures.term_days.tolist() == [168, 56]
    assert figures.finance_charge_minor.tolist() == [100_000, 5_000]
    assert figures.estimated_payment_minor.tolist() == [6_548, 982]
    assert figures.monthly_cost_minor.tolist() == [199_157, 29_874]


@pytest.mark.parametrize(
    ("payments", "unit", "outcome", "sign"),
    [
        ({"2024-02-01": 100_000}, "auto", "found", 0),
        ({"2024-02-01": 60_000}, "auto", "negative", -1),
        ({"2024-02-01": 0}, "auto", "never_repays", None),
        ({}, "auto", "never_repays", None),
        ({"2024-01-01": 100_000}, "auto", "repaid_at_once", None),
        ({"2024-02-01": 10_000}, "year", "below_any_rate", None),
        ({"2024-01-01": 10_000}, "auto", "below_any_rate", None),
    ],
)
def test_odd_flows_have_a_stated_outcome(
    payments: dict[str, int], unit: str, outcome: str, sign: int | None
) -> None:
    """Zero and negative rates are numbers; a total of zero has none and says so."""
    paid = {DAY(date): amount for date, amount in payments.items()}
    found = disclose_schedule(100_000, DAY("2024-01-01"), paid, unit=unit)
    rate = found.apr_percent

    assert (outcome, sign) == (
        found.outcome,
        None if rate is None else round(math.copysign(1, rate)) * (abs(rate) > 0),
    )


def test_the_directive_counts_days_weeks_or_equal_months() -> None:
    """Eighteen months are 546 days, or 1.5 years where months are asked for."""
    args = (100_000, DAY("1994-01-01"), {DAY("1995-07-01"): 120_000})
    rates = {
        unit: disclose_schedule(*args, law="eu", unit=unit).apr_percent
        for unit in ("day", "month", "week")
    }

    assert rates["day"] == pytest.approx(100 * (1.2 ** (365 / 546) - 1))
    assert rates["month"] == pytest.approx(100 * (1.2 ** (1 / 1.5) - 1))
    assert rates["week"] == pytest.approx(100 * (1.2 ** (52 / 78) - 1))
    with pytest.raises(ValueError, match="not in quarter; choose one"):
        disclose_schedule(*args, law="eu", unit="quarter")


@pytest.mark.parametrize(
    ("state", "is_irregular", "off", "expected"),
    [
        ("CA", False, -0.125, True),
        ("CA", False, -0.13, False),
        ("CA", True, -0.25, True),
        ("CA", False, 5.0, True),
        ("NY", False, -0.13, False),
        ("NY", False, 0.13, False),
        ("NY", True, 0.25, True),
    ],
)
def test_tolerance_is_one_sided_in_california_alone(
    state: str, off: float, *, is_irregular: bool, expected: bool
) -> None:
    """A quarter point where irregular, an eighth elsewhere; one way, or both."""
    true = np.array([4.0])
    found = is_within_tolerance(true + off, true, state, is_irregular=is_irregular)

    assert expected == bool(found[0])


def test_a_dear_rate_may_be_off_by_a_share_of_it() -> None:
    """A whole point is 2.5 % of the 40 % disclosed, and more than that of 39 %."""
    found = is_within_tolerance(np.array([40.0, 39.0]), np.array([41.0, 40.0]), "NY")

    assert found.tolist() == [True, False]


def test_rates_are_shown_with_halves_away_from_zero() -> None:
    """10.445 becomes 10.45, as in the example of California."""
    assert [shown_percent(rate) for rate in (10.445, 9.685708, -0.125)] == [
        "10.45",
        "9.69",
        "-0.13",
    ]


def test_a_refill_tells_the_fee_paid_on_an_old_fee() -> None:
    """Half of 1,000 + 120 unpaid holds 60 of old fee; a new 10 % fee adds 6 to it."""
    balance, fee, owed = (
        np.array(pair) for pair in ([56_000, 5_600], [12_000, 1_200], [112_000, 11_200])
    )
    unpaid = unpaid_fee(balance, fee, owed)

    assert unpaid.tolist() == [6_000, 600]
    dipped = double_dipping(
        np.array([20_000, 1_001]), np.array([200_000, 10_000]), unpaid
    )
    assert dipped.tolist() == [600, 61]
