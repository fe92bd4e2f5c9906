"""Replayed policies against plain loops, and the comparison at equal volume."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.as_of_health import health_of_sales, passes_gate
from jobs.underwriting.distribution import QuantileLine
from jobs.underwriting.policy_backtest import (
    Cases,
    Lending,
    Outcome,
    Promise,
    at_volume,
    capped,
    join_cases,
    join_lendings,
    join_promises,
    level_oracle,
    replay,
    rules_of_thumb,
)
from jobs.underwriting.policy_statistics import (
    TwoWayBootstrap,
    calibration_error,
    frontier,
    leave_out,
    loss_ratio,
    payoff_quantile,
    share,
    swap_set,
    yield_rate,
)
from underwriting.builders import policy

DAY = dt.date(2026, 11, 1)
TERM, WINDOW = 5, 8
RATE = 0.25
SALES = st.lists(st.integers(0, 40), min_size=WINDOW, max_size=WINDOW)


def cases_of(daily: list[list[int]], origin: list[int], seller: list[int]) -> Cases:
    """Return cases that sold so much a day; every second sells in JPY."""
    count = len(daily)
    rows = pd.DataFrame(
        {
            "currency_code": [("EUR", "JPY")[place % 2] for place in range(count)],
            "repayable_91_days_minor": [20_000 * (1 + place) for place in range(count)],
            "repayable_364_days_minor": [
                90_000 * (1 + place) for place in range(count)
            ],
            "tenure_days": [400] * count,
        }
    )
    sold = np.cumsum(np.array(daily, dtype=np.float64), axis=1)
    unit = np.where(rows["currency_code"] == "JPY", 30_000.0, 20_000.0)
    return Cases(rows, np.array(origin), np.array(seller), unit, sold)


def lending(advance: list[float], fee_rate: float = 0.1, name: str = "ours") -> Lending:
    """Return a lending of these advances at one fee."""
    amounts = np.array(advance)
    return Lending(name, amounts, amounts * (1 + fee_rate), RATE)


def promise_of(count: int) -> Promise:
    """Return a forecast of anything from 0 to 100 units by the term, 200 later."""
    edges = np.array([0.0, 0.5, 1.0])
    levels = np.repeat(np.array([[0.0], [50.0], [100.0]]), count, axis=1)
    return Promise(
        QuantileLine(edges, levels),
        QuantileLine(edges, 2 * levels),
        np.zeros(count, dtype=np.bool_),
    )


def replayed(cases: Cases, advance: list[float], name: str = "ours") -> Outcome:
    """Replay these advances."""
    return replay(cases, lending(advance, name=name), promise_of(len(advance)), TERM)


def looped(daily: list[int], advance: float, owed: float) -> dict[str, float]:
    """Repay one advance day by day until it is paid off or the window ends."""
    balance, paid, payoff, money_days = owed, 0.0, np.nan, 0.0
    for day, sales in enumerate(daily, start=1):
        money_days += max(advance - paid, 0.0)
        repayment = min(RATE * sales, balance)
        balance, paid = balance - repayment, paid + repayment
        if np.isnan(payoff) and balance <= 1e-9:
            payoff = float(day)
    return {
        "collected": paid,
        "loss": max(advance - paid, 0.0),
        "shortfall": balance,
        "payoff_days": payoff,
        "money_days": money_days,
        "is_repaid": float(payoff <= TERM),
    }


@given(st.lists(SALES, min_size=2, max_size=4), st.integers(1, 60))
def test_a_replay_agrees_with_the_loop(daily: list[list[int]], advance: int) -> None:
    """Cash, loss, shortfall, payoff day and money out are those of day by day."""
    count = len(daily)
    # 8 and a quarter of whole sales are exact in binary, so no day is a near miss.
    terms = replace(lending([advance / 4] * count), owed=np.full(count, advance / 2))
    found = replay(
        cases_of(daily, [0] * count, list(range(count))),
        terms,
        promise_of(count),
        TERM,
    )

    for place, sales in enumerate(daily):
        for name, expected in looped(sales, advance / 4, advance / 2).items():
            actual = float(getattr(found, name)[place])
            assert actual == pytest.approx(expected, nan_ok=True), name


def test_a_promise_is_what_the_forecast_said() -> None:
    """10 units owed need 40 of sales: likely .6 by the term; half of .4 x 10 is missed.

    By the window's end sales are even between 0 and 200, so a tenth of 10 is missed.
    """
    cases = cases_of([[0] * WINDOW] * 2, [0, 0], [0, 1])
    found = replay(
        cases,
        Lending("ours", np.array([8.0, 0.0]), np.array([10.0, 0.0]), RATE),
        promise_of(2),
        TERM,
    )

    assert found.probability.tolist() == pytest.approx([0.6, 1.0])
    assert found.expected_shortfall.tolist() == pytest.approx([1.0, 0.0])
    assert found.is_funded.tolist() == [True, False]


def test_rules_lend_the_policys_volume_under_the_same_constraints() -> None:
    """Equal volume, nobody below the smallest advance, nobody above the cap."""
    cases = cases_of([[5] * WINDOW] * 40, [0] * 20 + [1] * 20, list(range(20)) * 2)
    ours = capped(lending([3.0] * 39 + [90.0]), cases.origin, 0.2)

    for name, size in rules_of_thumb(cases).items():
        found = at_volume(name, size, cases, ours, 0.2)
        kept = found.advance[found.advance > 0]
        assert found.advance.sum() == pytest.approx(ours.advance.sum())
        assert 0 < len(kept) < 40
        assert kept.min() > 0.99
        assert share(found.owed, found.advance) == pytest.approx(1.1)


def test_the_cap_keeps_the_fee_rate_and_lets_volume_fall() -> None:
    """One of two is cut to a fifth of its origin's 100, the other origin is not."""
    found = capped(lending([80.0, 20.0, 7.0]), np.array([0, 0, 1]), 0.2)

    assert found.advance.tolist() == pytest.approx([20.0, 20.0, 1.4])
    assert found.owed.tolist() == pytest.approx([22.0, 22.0, 1.54])


def test_the_oracle_knows_the_level_but_not_the_end() -> None:
    """A level is a mean until the last sale; who stops at once has the old one."""
    daily = [[10] * 60 + [0] * 40, [10] * 100, [10] * 5 + [0] * 95]
    cases = cases_of(daily, [0] * 3, [0, 1, 2])

    found = level_oracle(cases)

    assert found[:2].tolist() == [10.0, 10.0]
    assert found[2] == pytest.approx(60_000 / 20_000 / 91)


def test_calibration_by_hand() -> None:
    """Two of the upper bin and one of the lower, by count and by money."""
    probability = np.array([0.9, 1.0, 0.1])
    happened = np.array([True, False, True])

    by_count = calibration_error(probability, happened, np.ones(3))
    by_money = calibration_error(probability, happened, np.array([2.0, 1.0, 1.0]))

    assert by_count == pytest.approx((0.9 + 0.9) / 3)
    assert by_money == pytest.approx((0.8 + 0.9) / 4)


def test_leaving_out_agrees_with_the_loop() -> None:
    """The ratio without each seller in turn, by removing its rows."""
    random = np.random.default_rng(3)
    daily = random.integers(0, 12, (30, WINDOW)).tolist()
    seller = [place % 15 for place in range(30)]
    cases = cases_of(daily, [0] * 15 + [1] * 15, seller)
    ours = replayed(cases, random.uniform(5, 20, 30).tolist())
    theirs = replayed(cases, [12.0] * 30, "rule")
    found = leave_out(ours, theirs, cases.seller)

    ratios = []
    for left_out in range(15):
        kept = cases.seller != left_out
        rates = [
            each.loss[kept].sum() / each.lending.advance[kept].sum()
            for each in (ours, theirs)
        ]
        ratios.append(rates[0] / rates[1])
    assert found.lowest == pytest.approx(min(ratios))
    assert found.highest == pytest.approx(max(ratios))
    assert not np.isnan(found.without_ten)


def test_the_bootstrap_draws_origins_and_sellers() -> None:
    """One origin and one seller leave no doubt; two of each leave some."""
    daily = [[4] * WINDOW, [0] * WINDOW, [9] * WINDOW, [1] * WINDOW]
    alone = cases_of(daily, [0] * 4, [0] * 4)
    crossed = cases_of(daily, [0, 0, 1, 1], [0, 1, 0, 1])
    ours, theirs = replayed(alone, [9.0] * 4), replayed(alone, [7.0] * 4, "rule")

    certain, doubtful, again = (
        TwoWayBootstrap(cases.origin, cases.seller).loss_ratio(ours, theirs)
        for cases in (alone, crossed, crossed)
    )

    expected = loss_ratio(ours, theirs)
    assert certain.value == pytest.approx(expected)
    assert (certain.low, certain.high) == pytest.approx((expected, expected))
    assert doubtful.value == pytest.approx(expected)
    assert doubtful.low < expected < doubtful.high
    assert doubtful == again


def test_the_swap_set_parts_everybody() -> None:
    """Two are funded by both, one by each alone, one by none."""
    cases = cases_of([[1] * WINDOW] * 5, [0] * 5, list(range(5)))
    ours = replayed(cases, [2.0, 4.0, 8.0, 0.0, 0.0])
    found = swap_set(ours, replayed(cases, [2.0, 2.0, 0.0, 3.0, 0.0], "rule"))

    assert [each.count for each in found.values()] == [2, 1, 1]
    assert [each.volume for each in found.values()] == [6.0, 8.0, 3.0]
    # 2 units of cash each: 2 lose nothing, 4 lose 2, 8 lose 6, 3 lose 1.
    rates = [each.loss_rate for each in found.values()]
    assert rates == pytest.approx([2 / 6, 6 / 8, 1 / 3])


def test_figures_of_one_outcome() -> None:
    """Yield, payoff quantiles and frontier of two advances of 4 owed 4.4."""
    cases = cases_of([[8] * WINDOW, [0] * WINDOW], [0, 0], [0, 1])
    found = replayed(cases, [4.0, 4.0])

    # 4.4 come on day 3, nothing on any; 4 + 2 + 0 money days, and 8 x 4.
    assert yield_rate(found) == pytest.approx((4.4 - 8) * 365 / (6 + 32))
    assert payoff_quantile(found, 0.5) == 3
    assert payoff_quantile(found, 0.9) == np.inf
    volume, loss = frontier(found, cases.sold, np.array([1.0, 5.0]))
    assert volume.tolist() == [8.0, 40.0]
    assert loss.tolist() == pytest.approx([4 / 8, (4 + 20) / 40])


def test_nothing_measured_is_no_number() -> None:
    """Shares of nothing are NaN, never 0."""
    cases = cases_of([[1] * WINDOW] * 2, [0, 0], [0, 1])
    nobody = replayed(cases, [0.0, 0.0])

    assert np.isnan(share(nobody.loss, nobody.lending.advance))
    assert np.isnan(loss_ratio(nobody, nobody))
    assert np.isnan(payoff_quantile(nobody, 0.5))


def test_origins_are_joined_row_after_row() -> None:
    """Cases, lendings and promises keep their order."""
    parts = [cases_of([[1] * WINDOW, [2] * WINDOW], [n, n], [0, 1]) for n in (0, 1)]
    cases = join_cases(parts)
    lent = join_lendings([lending([1.0, 2.0]), lending([3.0, 4.0])])
    promise = join_promises([promise_of(2), promise_of(2)])

    assert cases.origin.tolist() == [0, 0, 1, 1]
    assert cases.sold[:, 0].tolist() == [1, 2, 1, 2]
    assert lent.advance.tolist() == [1, 2, 3, 4]
    assert promise.is_extrapolated.shape == (4,)


class TestGate:
    """Health rows of a past day, from sales alone."""

    NAMES = pd.DataFrame(
        {
            "seller_id": ["anna", "botan"],
            "currency_code": ["EUR", "JPY"],
            "country_code": ["DE", "JP"],
        }
    )

    def test_windows_agree_with_the_loop(self) -> None:
        """Sums, sale days, last sale, growth and variation as by plain counting."""
        random = np.random.default_rng(5)
        sales = random.integers(0, 900, (2, 400)) * (random.random((2, 400)) < 0.4)
        sales = sales.astype(np.float64)
        found = health_of_sales(self.NAMES, sales, np.array([400, 300]), DAY)

        for row, days in zip(found.to_dict("records"), sales.tolist(), strict=True):
            back = days[::-1]
            weeks = [sum(back[7 * week : 7 * week + 7]) for week in range(13)]
            assert row["repayable_91_days_minor"] == sum(back[:91])
            assert row["repayable_364_days_minor"] == sum(back[:364])
            assert row["active_91_days"] == sum(day > 0 for day in back[:91])
            assert row["days_since_last_sale"] == [d > 0 for d in back].index(True)
            growth = sum(back[:91]) / sum(back[91:182]) - 1
            assert row["growth_rate"] == pytest.approx(growth)
            variation = np.std(weeks) / np.mean(weeks)
            assert row["weekly_variation_rate"] == pytest.approx(variation)

    @pytest.mark.parametrize(
        ("tenure", "silent_days", "factor", "passes"),
        [(200, 0, 1, True), (89, 0, 1, False), (200, 15, 1, False), (200, 0, 0, False)],
    )
    def test_the_gate_is_the_policys(
        self, tenure: int, silent_days: int, factor: int, *, passes: bool
    ) -> None:
        """History, recency and volume decline; what no panel knows passes."""
        sales = np.tile([0.0, 300_000.0 * factor], (2, 100))
        sales[:, 200 - silent_days :] = 0
        rules = policy()
        rows = health_of_sales(self.NAMES, sales, np.full(2, tenure), DAY)

        assert passes_gate(rows, rules, rules.tiers[0], DAY).tolist() == [passes] * 2

    def test_a_longer_term_asks_for_more_history(self) -> None:
        """120 days of history are enough for 90 days, not for 180."""
        sales = np.full((2, 200), 300_000.0)
        rules = policy()
        rows = health_of_sales(self.NAMES, sales, np.full(2, 120), DAY)

        assert passes_gate(rows, rules, rules.tiers[0], DAY).all()
        assert not passes_gate(rows, rules, rules.tiers[1], DAY).any()
