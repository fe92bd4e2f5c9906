"""Disclosures of a night's offers: each is that of one offer alone, by both methods."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobs.underwriting.disclosure import Disclosures, disclose_estimates
from jobs.underwriting.distribution import QuantileGrid, quantile_line, repair
from jobs.underwriting.estimate import (
    Minimum,
    Pace,
    estimate_payments,
    historical_pace,
    underwriting_pace,
)
from jobs.underwriting.offer_disclosures import disclose_offers
from jobs.underwriting.rate import OUTCOMES
from jobs.warehouse.offer_tables import OFFER_DISCLOSURES
from jobs.warehouse.table import VERSIONS

from .builders import DAILY, HORIZONS, YEN, grid, health, offered, policy, unbound

#: Euro and yen sellers; of either one with 200 days behind it, who sold more of late.
YOUNG = {"tenure_days": 200, "repayable_364_days_minor": 23_456_789}
ROWS = health(
    {}, YEN, {"seller_id": "clara", **YOUNG}, {**YEN, "seller_id": "daiki", **YOUNG}
)
SALES = grid([*DAILY, *DAILY], spread=0.5)
#: The figures in money.
AMOUNTS = (
    "finance_charge_minor",
    "total_payment_minor",
    "estimated_payment_minor",
    "monthly_cost_minor",
)


def offers_of(rows: pd.DataFrame, sales: QuantileGrid) -> pd.DataFrame:
    """Return what a night without limits of its portfolio opens."""
    return offered(rows, sales, unbound()).offers


def alone(offer: dict[str, Any], pace: Pace, method: Any) -> Disclosures:  # noqa: ANN401
    """Disclose one offer, with a minimum of an eighteenth every 60 days."""
    owed = np.array([offer["owed_minor"]])
    eighteenth = np.array([(offer["owed_minor"] + 9) // 18])
    estimate = estimate_payments(pace, owed, Minimum(60, eighteenth))
    return disclose_estimates(
        np.array([offer["advance_minor"]]), owed, estimate, method
    )


def test_each_figure_is_that_of_one_offer_alone() -> None:
    """A plain loop over offers finds the same to the last bit, whatever the order."""
    offers = offers_of(ROWS, SALES)
    order = [2, 0, 3, 1]
    found = disclose_offers(
        offers, ROWS.iloc[order], SALES.take(np.array(order)), policy()
    )

    assert 2 * len(offers) == len(found) >= 8
    assert {"EUR", "JPY"} == set(found["currency_code"])
    for place, offer in enumerate(offers.to_dict("records")):
        seller = list(ROWS["seller_id"]).index(offer["seller_id"])
        months, days = ((12, 364), (12, 364), (6, 200), (6, 200))[seller]
        sold = int(ROWS["repayable_364_days_minor"].iloc[seller])
        mean = (2 * sold * 365 + 12 * days) // (2 * 12 * days)
        line = quantile_line(repair(SALES.take(slice(seller, seller + 1))))
        paces = {
            "historical": historical_pace(np.full((1, months), mean), 0.1),
            "underwriting": underwriting_pace(line, HORIZONS, 0.1),
        }
        for row, (method, pace) in enumerate(paces.items(), start=2 * place):
            figures, told = found.iloc[row], alone(offer, pace, method)
            assert (offer["offer_id"], method) == (
                figures["offer_id"],
                figures["method"],
            )
            assert told.apr_percent[0] == figures["apr_percent"]
            assert told.term_days[0] == figures["term_days"]
            assert OUTCOMES[told.outcome[0]] == figures["outcome"] == "found"
            for name in AMOUNTS:
                assert getattr(told, name)[0] == figures[name]
            if method == "historical":
                assert months == figures["months"]
            else:
                assert pd.isna(figures["months"])


def test_says_how_it_was_found_in_the_columns_of_its_table() -> None:
    """The rate by days of a year of 365, and every column but the versions."""
    found = disclose_offers(offers_of(ROWS, SALES), ROWS, SALES, policy())

    assert set(OFFER_DISCLOSURES.columns) - set(VERSIONS) == set(found.columns)
    assert {("us", "day", 365.0, 2)} == set(
        zip(
            *(
                found[name]
                for name in ("law", "unit_period", "unit_periods_a_year", "decimals")
            ),
            strict=True,
        )
    )
    assert not found.duplicated(["offer_id", "method"]).any()


def test_months_are_whole_and_at_least_four() -> None:
    """Of 121 days no historical rate is told, of 122 four months, of 364 twelve."""
    tenures = list(range(90, 400))
    rows = health(
        *(
            {
                **({} if days % 2 else YEN),
                "seller_id": str(days),
                "legal_entity_id": days,
            }
            for days in tenures
        )
    )
    sales = grid([100_000.0] * len(rows))
    offers = offers_of(rows, sales)
    rows = rows.assign(tenure_days=tenures)
    found = disclose_offers(offers, rows, sales, policy())

    assert {str(days) for days in tenures} == set(found["seller_id"])
    for row in found.to_dict("records"):
        days = int(row["seller_id"])
        count = next(count for count in range(12, -1, -1) if count * 364 <= 12 * days)
        is_told = row["method"] == "underwriting" or count >= 4
        assert (row["outcome"] == "too_few_months") != is_told
        assert pd.notna(row["apr_percent"]) == pd.notna(row["term_days"]) == is_told
        assert (row["monthly_cost_minor"] > 0) == is_told
        assert row["total_payment_minor"] > row["finance_charge_minor"] > 0
        if row["method"] == "historical" and is_told:
            assert count == row["months"]
        else:
            assert pd.isna(row["months"])


def test_a_night_without_offers_discloses_nothing() -> None:
    """No rows, but the columns, so that the table can be replaced by nothing."""
    none = offers_of(ROWS, SALES).iloc[:0]
    found = disclose_offers(none, ROWS, SALES, policy())

    assert len(found) == 0
    assert set(OFFER_DISCLOSURES.columns) - set(VERSIONS) == set(found.columns)


def test_a_seller_without_its_row_is_refused() -> None:
    """An offer cannot be told by the sales of nobody, nor by those of another."""
    offers = offers_of(ROWS, SALES)
    with pytest.raises(ValueError, match="without its seller's health row"):
        disclose_offers(offers, ROWS.iloc[1:], SALES.take(slice(1, 4)), policy())
    with pytest.raises(ValueError, match="quantiles of 3"):
        disclose_offers(offers, ROWS, SALES.take(slice(1, 4)), policy())
