"""What each offer of a night costs its seller, as the law wants it told, twice.

By the underwriting method the sales are those our forecast expects, by the historical
method they are the mean of the seller's own months. Both are kept with the offer, with
how they were found.
"""

from typing import Literal

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.disclosure import Disclosures, disclose_estimates
from jobs.underwriting.distribution import QuantileGrid, quantile_line, repair
from jobs.underwriting.estimate import (
    MONTHS,
    Pace,
    agreed_minimum,
    estimate_payments,
    steady_pace,
    underwriting_pace,
)
from jobs.underwriting.health import numbers
from jobs.underwriting.ladder import blocks
from jobs.underwriting.money import round_half_up
from jobs.underwriting.policy import Policy
from jobs.underwriting.rate import OUTCOMES
from jobs.underwriting.sizing import annual_sales

Method = Literal["historical", "underwriting"]

#: What becomes of the historical method where a seller has no four months of sales.
TOO_FEW_MONTHS = "too_few_months"
#: The figures of such a seller, beside those of any method.
_UNKNOWN = {
    "apr_percent": np.nan,
    "outcome": TOO_FEW_MONTHS,
    "term_days": pd.NA,
    "estimated_payment_minor": 0,
    "monthly_cost_minor": 0,
}

_ACCOUNT = ["seller_id", "currency_code"]
_YEAR_DAYS = 364  # What a health row calls a year: 52 weeks.


def disclose_offers(
    offers: pd.DataFrame, rows: pd.DataFrame, grid: QuantileGrid, policy: Policy
) -> pd.DataFrame:
    """Return two rows an offer, of the columns of their table but for versions.

    ``rows`` are the health rows that the offers were made of, aligned with ``grid``.
    The result is sorted as the offers are, historical before underwriting. ``months``
    is null for the underwriting method. Where a seller has fewer than four months there
    is no historical figure: months, rate and term are null, and what depends on them 0.

    Raises:
        ValueError: an offer to a seller without a row, or rows that are not aligned.

    """
    if len(rows) != len(grid.values):
        message = f"{len(rows)} sellers but quantiles of {len(grid.values)}."
        raise ValueError(message)
    places = rows[_ACCOUNT].reset_index(drop=True).reset_index()
    found = offers[_ACCOUNT].merge(places, on=_ACCOUNT, how="left")["index"]
    if found.isna().any():
        message = "An offer cannot be disclosed without its seller's health row."
        raise ValueError(message)
    where = found.to_numpy(dtype=np.int64)
    parts = [
        _block(
            offers.iloc[part], rows.iloc[where[part]], grid.take(where[part]), policy
        )
        for part in blocks(len(offers))
    ]
    return pd.concat(parts, ignore_index=True)


def whole_months(rows: pd.DataFrame) -> IntegerArray:
    """Months of 364 / 12 days behind a health row's year of sales, 0 to 12 [sellers].

    A month that is not over does not count.
    """
    days = np.clip(numbers(rows, "tenure_days"), 0, _YEAR_DAYS).astype(np.int64)
    return days * 12 // _YEAR_DAYS


def mean_month_minor(rows: pd.DataFrame) -> IntegerArray:
    """Mean sales of a month, annual sales / 12, in whole minor units [sellers]."""
    return round_half_up(annual_sales(rows) / 12)


def _block(
    offers: pd.DataFrame, rows: pd.DataFrame, grid: QuantileGrid, policy: Policy
) -> pd.DataFrame:
    rate = policy.sizing.holdback_rate
    steady = steady_pace(mean_month_minor(rows).astype(np.float64), rate)
    expected = underwriting_pace(quantile_line(repair(grid)), grid.horizons_days, rate)
    months = whole_months(rows).astype(np.float64)
    is_short = months < MONTHS.start
    historical = _rows(
        offers,
        _told(offers, steady, "historical", policy),
        np.where(is_short, np.nan, months),
    )
    for name, value in _UNKNOWN.items():
        historical[name] = historical[name].mask(is_short, value)
    underwriting = _rows(
        offers,
        _told(offers, expected, "underwriting", policy),
        np.full(len(offers), np.nan),
    )
    # Row by row, so that the two methods of an offer stand beside each other.
    return pd.concat([historical, underwriting]).sort_index(kind="stable")


def _told(
    offers: pd.DataFrame, pace: Pace, method: Method, policy: Policy
) -> Disclosures:
    owed = offers["owed_minor"].to_numpy(dtype=np.int64)
    estimate = estimate_payments(pace, owed, agreed_minimum(owed, policy))
    advance = offers["advance_minor"].to_numpy(dtype=np.int64)
    return disclose_estimates(advance, owed, estimate, method)


def _rows(offers: pd.DataFrame, told: Disclosures, months: FloatArray) -> pd.DataFrame:
    """One row an offer, numbered from 0."""
    basis = told.basis
    names = np.array(OUTCOMES, dtype=object)[told.outcome]
    keys = offers[["offer_id", "seller_id", "as_of_date", "currency_code"]]
    return keys.reset_index(drop=True).assign(
        method=basis.method,
        law=basis.law,
        months=pd.Series(months).astype("Int64"),
        unit_period=basis.unit_period,
        unit_periods_a_year=float(basis.unit_periods_a_year),
        decimals=basis.decimals,
        apr_percent=told.apr_percent,
        outcome=pd.Series(names, dtype="str"),
        term_days=pd.Series(told.term_days).astype("Int64"),
        finance_charge_minor=told.finance_charge_minor,
        total_payment_minor=told.total_payment_minor,
        estimated_payment_minor=told.estimated_payment_minor,
        monthly_cost_minor=told.monthly_cost_minor,
    )
