"""Simulation: the price of offers, scenarios of sales, and many sellers as one."""
# ruff: noqa: PD011 - the values here are those of a quantile grid, not of pandas.

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jobs.underwriting.distribution import (
    QuantileGrid,
    line_at_day,
    probability_at_least,
    quantile_line,
    repair,
)
from jobs.underwriting.estimate import Minimum
from jobs.underwriting.repayment import missed_minimum_rate
from jobs.underwriting.scenarios import SCENARIOS, lost_month, scaled
from jobs.underwriting.simulation import Simulation, Slider, simulate

from .builders import DAILY, HORIZONS, grid, health, offered, policy

FLAT = list(SCENARIOS).index("flat")
#: A euro and a yen seller, and one of either who may stop: nothing up to .05.
SALES = grid([*DAILY, *DAILY], spread=0.5)
SALES.values[2:, :, :3] = 0.0
ASKED = Slider(
    currency_codes=pd.Series(["EUR", "JPY", "EUR", "JPY"]),
    advance_minor=np.array([500_000, 800_000, 700_000, 30_000_000]),
    term_days=120,
    holdback_rate=0.10,
)


def run(asked: Slider = ASKED, sales: QuantileGrid = SALES) -> Simulation:
    """Simulate under the policy in force."""
    return simulate(sales, asked, policy())


def test_prices_as_the_offers_of_the_night() -> None:
    """Asked for an offer's amount and term, the answer is that offer."""
    offers = offered(health(), grid(DAILY)).offers
    for row in offers.to_dict("records"):
        place = ["anna", "botan"].index(row["seller_id"])
        asked = Slider(
            pd.Series([row["currency_code"]]),
            np.array([row["advance_minor"]]),
            row["target_term_days"],
            row["holdback_rate"],
        )
        found = run(asked, grid(DAILY).take(slice(place, place + 1)))

        assert row["fee_minor"] == found.fee_minor[0]
        for name in ("p10_days", "p50_days", "p90_days", "probability_rate"):
            expected = row[f"repayment_{name}"]
            assert expected == getattr(found, f"repayment_{name}")[0, FLAT]


def test_one_seller_is_as_among_many() -> None:
    """The same numbers, to the last bit, alone or in blocks of thousands."""
    places = np.arange(4_100) % 4
    many = run(
        replace(
            ASKED,
            currency_codes=ASKED.currency_codes.iloc[places],
            advance_minor=ASKED.advance_minor[places],
        ),
        SALES.take(places),
    )
    for place in range(4):
        one = run(
            replace(
                ASKED,
                currency_codes=ASKED.currency_codes.iloc[[place]],
                advance_minor=ASKED.advance_minor[[place]],
            ),
            SALES.take(slice(place, place + 1)),
        )
        for name, values in one._asdict().items():
            for row in (place, place + 4_000):
                expected = getattr(many, name)[row]
                np.testing.assert_array_equal(expected, values[0], err_msg=name)


def test_a_price_above_the_cap_has_no_other_figures() -> None:
    """An amount that no fee within the cap pays for is marked, and no more said."""
    found = run()

    assert found.is_price_above_cap.tolist() == [False, False, False, True]
    assert np.isnan(found.apr_percent[3]).all()
    assert not np.isnan(found.apr_percent[:3]).any()
    assert found.fee_minor[3] == 0


def test_more_sales_repay_earlier_and_cost_a_higher_rate() -> None:
    """Every figure moves with sales as it must; a lost month delays by a month."""
    found = run()
    names = list(SCENARIOS)
    down, up = names.index("sales_down_30"), names.index("sales_up_20")
    lost = names.index("lost_month")
    days, apr = found.repayment_p50_days[:3], found.apr_percent[:3]

    assert (days[:, down] > days[:, FLAT]).all()
    assert (days[:, FLAT] > days[:, up]).all()
    assert days[:, lost] == pytest.approx(days[:, FLAT] + 30)
    assert (apr[:, down] < apr[:, FLAT]).all()
    assert (apr[:, FLAT] < apr[:, up]).all()
    assert (
        found.estimated_term_days[:3, FLAT] < found.estimated_term_days[:3, lost]
    ).all()


def test_scaling_sales_is_exact_on_every_quantile() -> None:
    """Sales x 0.7 reach an amount as the sales forecast reach it / 0.7."""
    line, less = quantile_line(SALES), quantile_line(scaled(SALES, 0.7))
    level = np.array([2e6, 3e6, 4e6, 5e6])

    expected = probability_at_least(line_at_day(line, HORIZONS, 75), level / 0.7)
    found = probability_at_least(line_at_day(less, HORIZONS, 75), level)
    assert expected == pytest.approx(found)


def test_a_lost_month_has_no_sales_for_thirty_days_and_loses_them() -> None:
    """Nothing by day 30; by day H what is forecast between day 30 and day H."""
    found = lost_month(repair(SALES))

    assert (found.values[:, HORIZONS <= 30] == 0).all()
    expected = SALES.values[:, 3:] - SALES.values[:, [2]]
    assert expected == pytest.approx(found.values[:, 3:])


def test_the_first_minimum_is_missed_as_the_forecast_says() -> None:
    """One interval within the horizon: P(r S_90 < minimum), exactly."""
    short = replace(SALES, values=SALES.values[:, :5], horizons_days=HORIZONS[:5])
    line, amount = quantile_line(short), np.array([700_000, 500_000, 10_000, 900_000])
    found = missed_minimum_rate(
        line, short.horizons_days, np.full(4, 9e6), 0.1, Minimum(90, amount)
    )

    at_day = line_at_day(line, short.horizons_days, 90)
    expected = 1 - probability_at_least(at_day, amount / 0.1)
    assert expected == pytest.approx(found)
    assert 0 < found[0] < 1


def test_missed_minimums_against_a_loop_over_levels() -> None:
    """Level by level and interval by interval, the share of levels that miss one."""
    owed, minimum = np.full(4, 1.2e6), Minimum(60, np.full(4, 300_000))
    line = quantile_line(SALES)
    found = missed_minimum_rate(line, HORIZONS, owed, 0.1, minimum)

    levels = (np.arange(2_000) + 0.5) / 2_000
    for seller in range(4):
        missed = np.zeros(len(levels), dtype=bool)
        before = np.zeros(len(levels))
        for end in range(60, 366, 60):
            at_day = line_at_day(line, HORIZONS, end).values[:, seller]
            paid = 0.1 * np.interp(levels, line.edges, at_day)
            due = np.minimum(300_000, np.maximum(owed[seller] - before, 0))
            missed |= paid - before < due - 1e-6
            before = paid
        assert missed.mean() == pytest.approx(found[seller], abs=0.02)
    assert 0.05 < found[2] < 1


def test_a_policy_without_minimums_has_none_to_miss() -> None:
    """An older policy asks for no minimum: no chance of missing it, and none due."""
    older = policy().model_copy(update={"minimums": None})
    found = simulate(SALES, ASKED, older)

    assert np.isnan(found.missed_minimum_rate).all()
    assert (found.minimum_minor == 0).all()
    assert not np.isnan(found.apr_percent[:3]).any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"advance_minor": np.array([1, 1, 1, 0])}, "above 0"),
        ({"advance_minor": np.array([25_000_001, 1, 1, 1])}, "policy's maximum"),
        ({"term_days": 0}, "1 to 365 days"),
        ({"term_days": 366}, "1 to 365 days"),
        ({"holdback_rate": 0.26}, "at most 0.25"),
        ({"holdback_rate": 0.0}, "at most 0.25"),
        ({"holdback_rate": float("nan")}, "at most 0.25"),
        ({"advance_minor": np.array([1])}, "1 amounts for quantiles of 4"),
    ],
)
def test_refuses_what_no_product_may_ask(change: dict[str, object], said: str) -> None:
    """Each limit is named with its value."""
    with pytest.raises(ValueError, match=said):
        run(replace(ASKED, **change))  # type: ignore[arg-type]
