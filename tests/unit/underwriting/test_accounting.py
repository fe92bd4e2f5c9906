"""Amortised cost: the published sums to the cent, and what always adds up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.accounting import (
    Expectation,
    Facts,
    Night,
    Position,
    accrued_income,
    effective_rates,
    planned_repaid,
    present_values,
    roll_forward,
)
from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.rate import Payments, period_rates

#: 18 % of 100,000 a year of 360 days is 50.00 a day: 9,000 and a fee of 1,000 in 200
#: days. Beside it an advance in yen, 90,000 and a fee of 9,000 in 100 days.
ADVANCE, FEE, DAYS = (
    np.array([900_000, 90_000]),
    np.array([100_000, 9_000]),
    np.array([200, 100]),
)
OWED = ADVANCE + FEE
RATES = effective_rates(ADVANCE, OWED, DAYS)
NONE = np.zeros(2, dtype=np.int64)
NOTHING = Position(*[NONE] * len(Position._fields))


def facts(repaid: IntegerArray, *, lost: bool = False, recovered: int = 0) -> Facts:
    """Return what is known of the two advances, both written off where ``lost``."""
    return Facts(
        ADVANCE, FEE, repaid, np.full(2, recovered), np.full(2, fill_value=lost)
    )


def next_night(
    opening: Position, known: Facts, expected_days: FloatArray, days: int = 1
) -> Night:
    """Roll forward to what is known, with a tenth of the balance as allowance."""
    expected = Expectation(
        np.full(2, days), np.maximum(expected_days, 1.0), RATES, known.balance // 10
    )
    return roll_forward(opening, known, expected)


def paid_out() -> Position:
    """Return the position on the evening of the disbursement."""
    return next_night(NOTHING, facts(NONE), DAYS * 1.0, days=0).closing


def require_identities(opening: Position, night: Night) -> None:
    """Whatever happens, each part leads from its opening to its closing."""
    end = night.closing
    carried = opening.carrying + night.disbursed + night.income + night.catch_up
    fee_in = opening.recognised_fee + night.income + night.catch_up

    assert (carried - night.repaid - night.used == end.carrying).all()
    assert (opening.allowance + night.charged - night.used == end.allowance).all()
    assert (fee_in == end.recognised_fee).all()
    assert (end.recognised_fee + end.deferred_fee + end.forgone_fee == end.fee).all()
    assert (end.advance + end.fee == end.repaid + end.balance + end.written_off).all()
    assert (night.written_off == night.used + night.forgone_fee).all()
    assert (end.allowance <= end.carrying).all()
    assert ((end.deferred_fee >= 0) & (end.carrying >= 0)).all()


def test_the_effective_rate_is_the_published_one() -> None:
    """50.00 a day for 200 days are worth 9,000 at 0.10678 % a day."""
    assert RATES[0] == pytest.approx(0.0010678144878363462, rel=1e-9)


def test_days_on_plan_earn_the_published_income() -> None:
    """Day 1 earns 9.61 and carries 8,959.61; day 2 9.57 and 8,919.18; in all 1,000."""
    position, incomes, carrying = paid_out(), [], []
    for day in range(1, 201):
        repaid = planned_repaid(OWED, DAYS, np.full(2, day))
        night = next_night(position, facts(repaid), np.maximum(DAYS - day, 1.0))
        require_identities(position, night)
        assert np.abs(night.catch_up).max() <= 1  # the cent that roundings leave
        position = night.closing
        incomes.append(night.income + night.catch_up)
        carrying.append(position.carrying)

    assert [income[0] for income in incomes[:2]] == [961, 957]
    assert [amount[0] for amount in carrying[:2]] == [895_961, 891_918]
    assert (carrying[-1].tolist(), sum(incomes).tolist()) == ([0, 0], [100_000, 9_000])


def test_a_day_with_nothing_paid_still_accrues() -> None:
    """A missed day earns its interest on the whole; carrying and income still tie."""
    first = next_night(paid_out(), facts(OWED // DAYS), DAYS - 1.0)
    missed = next_night(first.closing, facts(OWED // DAYS), DAYS - 1.0)

    require_identities(first.closing, missed)
    assert missed.income[0] == 957
    # Expected a day later than before, the balance is worth what it was: the day's
    # interest is taken back as the catch-up of that expectation.
    assert missed.catch_up[0] == -957
    assert missed.closing.carrying[0] == 895_961


def test_a_later_payoff_is_a_loss_of_the_night_at_the_original_rate() -> None:
    """The balance expected over twice the days is re-discounted, the rest caught up."""
    on_plan = next_night(paid_out(), facts(OWED // DAYS), DAYS - 1.0)
    slower = next_night(paid_out(), facts(OWED // DAYS), 2.0 * (DAYS - 1))
    worth = 995_000 / 398 * sum((1 + RATES[0]) ** -day for day in range(1, 399))

    assert slower.income.tolist() == on_plan.income.tolist()
    assert slower.closing.carrying[0] == round(worth)
    assert slower.catch_up[0] == round(worth) - 895_961


def test_costs_raise_the_outlay_of_the_bond_of_the_standard() -> None:
    """995 and 5 of costs, 59 a year, 1,250 at the end: 9.995 %; then as published."""
    runs = np.array([[[59.0, 1, 0, 5], [1250.0, 5, 0, 1]]])
    rate = period_rates(
        np.array([1000.0]), Payments(*np.moveaxis(runs, 2, 0))
    ).period_rate
    carrying, published = np.array([1000.0]), []
    for _year in range(4):
        income = accrued_income(carrying, np.array([59.0]), np.array([1]), rate)
        carrying = carrying + income - 59
        published.append(round(carrying[0]))

    assert rate[0] == pytest.approx(0.09995, abs=5e-6)
    assert published == [1041, 1086, 1136, 1190]


def test_several_days_at_once_accrue_as_the_days_one_by_one() -> None:
    """Ten days with equal repayments earn in one step what a plain loop adds up."""
    repaid = OWED // DAYS * 10
    carrying = ADVANCE.astype(np.float64)
    for _day in range(10):
        carrying = carrying * (1 + RATES) - repaid / 10
    expected = carrying - ADVANCE + repaid

    accrued = accrued_income(ADVANCE, repaid, np.full(2, 10), RATES)

    assert accrued == pytest.approx(expected, rel=1e-9)


def test_present_values_are_the_sums_of_their_payments() -> None:
    """The closed form is the plain sum; at no rate the balance itself."""
    rates = np.array([RATES[0], 0.0])
    plain = 5_000 * sum((1 + RATES[0]) ** -day for day in range(1, 201))

    assert present_values(OWED, DAYS * 1.0, rates) == pytest.approx([plain, 99_000])


def test_a_write_off_uses_the_allowance_and_forgoes_the_fee() -> None:
    """What is carried is charged and used, the deferred fee never becomes income."""
    opening = next_night(paid_out(), facts(OWED // DAYS), DAYS - 1.0).closing
    night = next_night(opening, facts(OWED // DAYS, lost=True), DAYS * 1.0)
    later = next_night(
        night.closing, facts(OWED // DAYS, lost=True, recovered=7), DAYS * 1.0
    )

    require_identities(opening, night)
    require_identities(night.closing, later)
    assert night.written_off.tolist() == [995_000, 98_010]
    assert night.used[0] == 895_961 + 957
    assert night.charged[0] == night.used[0] - opening.allowance[0]
    assert night.closing.balance.tolist() == [0, 0]
    assert later.recovered.tolist() == [7, 7]
    moved = np.concatenate([later.income, later.used, later.charged])
    assert not moved.any()


def test_nothing_owed_has_no_rate() -> None:
    """A plan that collects nothing, or in no days, or for a gift, is refused."""
    with pytest.raises(ValueError, match="must collect something"):
        effective_rates(ADVANCE, OWED * 0, DAYS)
    with pytest.raises(ValueError, match="must collect something"):
        effective_rates(ADVANCE, OWED, DAYS * 0)
    with pytest.raises(ValueError, match="above 0"):
        effective_rates(ADVANCE * 0, OWED, DAYS)


@pytest.mark.parametrize("idle_days", [300, 100_000])
def test_income_of_idle_years_is_the_fee_and_no_more(idle_days: int) -> None:
    """8 % a day for 300 days is more than any whole number; bounds come before it."""
    advance, fee = np.array([1_000_000, 90_000]), np.array([80_000, 9_000])
    rates = effective_rates(advance, advance + fee, np.array([1, 1]))
    known = Facts(advance, fee, NONE, NONE, np.zeros(2, dtype=np.bool_))
    expected = Expectation(np.full(2, idle_days), np.ones(2), rates, NONE)
    night = roll_forward(NOTHING, known, expected)

    require_identities(NOTHING, night)
    assert night.income.tolist() == fee.tolist()


def test_income_takes_back_no_more_than_was_income() -> None:
    """Much repaid of little carried, as if evenly in idle years: the other bound."""
    advance, fee = np.array([1_000_000, 90_000]), np.array([80_000, 9_000])
    rates = effective_rates(advance, advance + fee, np.array([1, 1]))
    owed, carrying = np.array([60_000, 5_100]), np.array([1_000, 100])
    repaid = advance + fee - owed
    opening = Position(advance, fee, repaid, NONE, NONE, NONE, carrying, NONE)
    known = Facts(advance, fee, advance + fee, NONE, np.zeros(2, dtype=np.bool_))
    expected = Expectation(np.full(2, 300), np.ones(2), rates, NONE)
    night = roll_forward(opening, known, expected)

    require_identities(opening, night)
    assert opening.recognised_fee.tolist() == [21_000, 4_000]
    assert night.income.tolist() == [-21_000, -4_000]


NIGHTS = st.lists(
    st.tuples(
        st.integers(0, 1_000_000),  # repaid so far, of either; may fall by a reversal
        st.floats(1, 730),
        st.integers(1, 40),
        st.booleans(),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=12,
)


@given(NIGHTS)
def test_identities_hold_at_every_step_of_any_life(
    nights: list[tuple[int, float, int, bool, int]],
) -> None:
    """Repaid, reversed, written off, taken back, recovered in any order: it adds up."""
    position = NOTHING
    for repaid, expected_days, days, lost, recovered in nights:
        known = facts(
            np.minimum(repaid, OWED), lost=lost, recovered=recovered if lost else 0
        )
        night = next_night(position, known, np.full(2, expected_days), days)
        require_identities(position, night)
        position = night.closing
