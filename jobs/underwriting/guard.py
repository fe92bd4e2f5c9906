"""The bust-out guard: sales that rose further than anyone could have forecast.

An advance invites inflated sales: orders of friends, dear items that are never sent,
refunds once the money is paid. The size alone cannot tell them from an honest surge, so
the guard never declines. Sales above the band get the size of 28 days ago (``limit``);
where something else is odd too, a person looks first (``review``).
"""

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.distribution import (
    QuantileGrid,
    line_at_day,
    quantile_at,
    quantile_line,
    repair,
)
from jobs.underwriting.evidence import as_evidence, marked_siblings, share_of
from jobs.underwriting.health import in_order, numbers
from jobs.underwriting.money import round_down
from jobs.underwriting.policy import Guard
from jobs.underwriting.rules import Measure, at_most

#: How far the guard looks back: the sales of so many days, forecast as many days ago.
GUARD_DAYS = 28
#: What of ``cash_flow.fct_seller_unusual_sales_daily`` a finding keeps, because the
#: size of 28 days ago is made of it.
SALES_BEFORE = ("repayable_91_days_before_minor", "repayable_364_days_before_minor")
#: Both ask for a person or a smaller size; a seller without a finding has neither.
LIMIT, REVIEW = "limit", "review"


def find_unusual(
    rows: pd.DataFrame,
    past: QuantileGrid,
    is_forecast: BooleanArray,
    rules: Guard,
) -> pd.DataFrame:
    """Return the sellers and currencies whose sales are unusual, one row each.

    ``rows`` are health rows with the columns of ``fct_seller_unusual_sales_daily``;
    ``past`` holds what was forecast for them 28 days ago, aligned by row, and
    ``is_forecast`` [rows] whether anything was: of the others nothing is said. Columns:
    seller_id, currency_code, verdict (limit or review), evidence (a JSON list of name,
    value and threshold: the sales and the band first, then what else is odd) and
    ``SALES_BEFORE``. Sorted by seller and currency.

    Raises:
        ValueError: rows that are not aligned.

    """
    if not len(rows) == len(past.values) == len(is_forecast):
        message = f"{len(rows)} sellers but forecasts of {len(past.values)}."
        raise ValueError(message)
    size = _size(rows, past, is_forecast, rules)
    is_above = ~size.passed
    oddities = _oddities(rows, is_above, rules)
    is_odd = np.any([~measure.passed for measure in oddities.values()], axis=0)
    found = np.flatnonzero(is_above)
    measures = {"repayable_28_days_minor": size, **oddities}
    evidence = [as_evidence(measures, row) for row in found.tolist()]
    kept = rows.iloc[found][["seller_id", "currency_code", *SALES_BEFORE]]
    findings = kept.reset_index(drop=True).assign(
        verdict=pd.Series(np.where(is_odd, REVIEW, LIMIT)[found], dtype="str"),
        evidence=pd.Series(evidence, dtype="str"),
    )
    return in_order(findings)


def limited(
    rows: pd.DataFrame, grid: QuantileGrid, findings: pd.DataFrame, past: QuantileGrid
) -> tuple[pd.DataFrame, QuantileGrid]:
    """Return health rows and quantiles no larger than those of 28 days ago.

    ``findings`` and ``past`` are aligned with ``rows``. Of every quantile and every
    trailing sum the smaller one holds. The year is counted over the days since the
    first sale, so its sum of 28 days ago is scaled to today's days:
    S' = S x min(tenure, 364) / min(tenure - 28, 364), rounded down.
    """
    days = numbers(rows, "tenure_days")
    grown = np.clip(days, 1, 364) / np.clip(days - GUARD_DAYS, 1, 364)
    quarter, year = (numbers(findings, name) for name in SALES_BEFORE)
    smaller = rows.assign(
        repayable_91_days_minor=_smaller(rows["repayable_91_days_minor"], quarter),
        repayable_364_days_minor=_smaller(
            rows["repayable_364_days_minor"], year * grown
        ),
    )
    values = np.minimum(repair(grid).values, repair(past).values)
    return smaller, QuantileGrid(
        values, grid.horizons_days, grid.probabilities, grid.is_extrapolated
    )


def _smaller(amounts: pd.Series, others: FloatArray) -> IntegerArray:
    """Return the smaller of each two amounts, in whole minor units rounded down."""
    whole = np.minimum(amounts.to_numpy(dtype=np.int64), round_down(others))
    return np.asarray(whole, dtype=np.int64)


def _size(
    rows: pd.DataFrame, past: QuantileGrid, is_forecast: BooleanArray, rules: Guard
) -> Measure:
    """Sales of 28 days at most the band forecast for them; none forecast passes."""
    line = line_at_day(quantile_line(repair(past)), past.horizons_days, GUARD_DAYS)
    band = np.floor(quantile_at(line, rules.band_probability_rate))
    return at_most(
        numbers(rows, "repayable_28_days_minor"), np.where(is_forecast, band, np.nan)
    )


def _oddities(
    rows: pd.DataFrame, is_above: BooleanArray, rules: Guard
) -> dict[str, Measure]:
    """Measure what else may be odd; each passes where it cannot be measured."""
    return {
        "ticket_ratio": at_most(_ticket_ratio(rows, rules), rules.maximum_ticket_ratio),
        "best_days_share_rate": at_most(
            _best_days_share(rows, rules), rules.maximum_best_days_share_rate
        ),
        "undelivered_excess_rate": at_most(
            _undelivered_excess(rows), rules.maximum_undelivered_excess_rate
        ),
        "refunded_after_advances_rate": at_most(
            _refunded_after_advances(rows), rules.maximum_refunded_after_advances_rate
        ),
        "rising_siblings_count": at_most(
            marked_siblings(rows, is_above), float(rules.maximum_rising_siblings_count)
        ),
    }


def _ticket_ratio(rows: pd.DataFrame, rules: Guard) -> FloatArray:
    """Average item of 28 days / of the 91 days before; NaN with few items in either."""
    counts = [numbers(rows, f"item_{when}_count") for when in ("28_days", "before")]
    sales = [numbers(rows, f"item_{when}_minor") for when in ("28_days", "before")]
    ratio = share_of(sales[0] * counts[1], sales[1] * counts[0])
    return np.where(np.minimum(*counts) < rules.minimum_item_count, np.nan, ratio)


def _best_days_share(rows: pd.DataFrame, rules: Guard) -> FloatArray:
    """Share of the three best days in the sales of 28; NaN with few items."""
    share = share_of(
        numbers(rows, "best_3_days_minor"), numbers(rows, "captured_28_days_minor")
    )
    few = numbers(rows, "item_28_days_count") < rules.minimum_item_count
    return np.where(few, np.nan, share)


def _undelivered_excess(rows: pd.DataFrame) -> FloatArray:
    """Share not delivered of what was sold 14 to 41 days ago, less that of before.

    A marketplace that tells of no delivery has the same share in both. Without sales
    in either NaN.
    """
    recent, before = (
        share_of(
            numbers(rows, f"undelivered_{when}_minor"),
            numbers(rows, f"deliverable_{when}_minor"),
        )
        for when in ("recent", "before")
    )
    return np.subtract(recent, before)


def _refunded_after_advances(rows: pd.DataFrame) -> FloatArray:
    """Refunds of the 28 days after earlier advances / sales of the 28 days before."""
    return share_of(
        numbers(rows, "refunded_after_advances_minor"),
        numbers(rows, "captured_before_advances_minor"),
    )
