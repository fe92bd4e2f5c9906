"""Retrospective audit of disclosed rates: what advances really cost, once paid off.

The rate that came out is that of the repayments on their days (Regulation Z, Appendix
J, a day as the unit period, as it was disclosed). Amounts are integers in minor units.
"""

import datetime as dt

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import FloatArray
from jobs.underwriting.audit_laws import AuditLaw
from jobs.underwriting.disclosure import is_within_tolerance, shown_percent
from jobs.underwriting.ladder import blocks
from jobs.underwriting.rate import Payments, period_rates
from jobs.underwriting.unit_periods import DAY

#: What an audit finds of an advance. ``no_rate``: the disclosed or the true one does
#: not exist, as of an advance repaid on its first day.
VERDICTS = ("accurate", "inaccurate", "undisclosed", "no_rate")
ACCURATE, INACCURATE, UNDISCLOSED, NO_RATE = VERDICTS


def window_start(as_of_date: dt.date, months: int) -> dt.date:
    """Return the first day of the months that end with ``as_of_date``.

    A month that has no such day begins with its last one.
    """
    after = pd.Timestamp(as_of_date) + pd.Timedelta(days=1)
    return (after - pd.DateOffset(months=months)).date()


def audit_rates(
    advances: pd.DataFrame,
    repayments: pd.DataFrame,
    disclosed: pd.DataFrame,
    law: AuditLaw,
) -> pd.DataFrame:
    """Return the paid-off advances with the rate that came out and a verdict on each.

    ``advances`` has advance_id, offer_id (may be null), advance_minor, owed_minor and
    disbursed_date; ``repayments`` advance_id, repaid_date and amount_minor (reversals
    below 0); ``disclosed`` offer_id, apr_percent (unrounded, null for none) and
    decimals. Columns added: disclosed_percent, as it was shown; true_percent;
    difference_percent, true less disclosed, in points; verdict, of ``VERDICTS``.
    Sorted by advance.

    Payments that follow sales are irregular, so the wider tolerance holds.
    """
    rows = advances.sort_values("advance_id", ignore_index=True)
    shown = _shown(rows, disclosed)
    true = true_percents(rows, repayments)
    has_rates = ~np.isnan(shown) & ~np.isnan(true)
    is_accurate = is_within_tolerance(shown, true, law.state, is_irregular=True)
    verdict = np.where(is_accurate, ACCURATE, INACCURATE)
    verdict = np.where(has_rates, verdict, NO_RATE)
    is_disclosed = rows["offer_id"].isin(disclosed["offer_id"].dropna())
    return rows.assign(
        disclosed_percent=shown,
        true_percent=true,
        difference_percent=true - shown,
        verdict=pd.Series(np.where(is_disclosed, verdict, UNDISCLOSED), dtype="str"),
    )


def true_percents(advances: pd.DataFrame, repayments: pd.DataFrame) -> FloatArray:
    """Return the annual rate of what was repaid, in per cent, NaN for none [advances].

    ``advances`` and ``repayments`` are as for ``audit_rates``.
    """
    paid = standing_payments(advances, repayments)
    places = paid.groupby("row")["day"].cumcount().to_numpy(dtype=np.int64)
    rows, days, amounts = (
        paid[name].to_numpy(dtype=np.int64) for name in ("row", "day", "amount_minor")
    )
    given = advances["advance_minor"].to_numpy(dtype=np.float64)
    rates = np.full(len(advances), np.nan)
    for block in blocks(len(advances)):
        here = (rows >= block.start) & (rows < block.stop)
        shape = (len(given[block]), int(places[here].max(initial=0)) + 1)
        where = (rows[here] - block.start, places[here])
        values, periods = np.zeros(shape), np.ones(shape)
        values[where], periods[where] = amounts[here], days[here]
        payments = Payments(values, periods, np.zeros(shape), np.ones(shape))
        rates[block] = period_rates(given[block], payments).period_rate
    return 100 * DAY.a_year * rates


def standing_payments(advances: pd.DataFrame, repayments: pd.DataFrame) -> pd.DataFrame:
    """Return what each day's repayments still stand for, reversals taken off.

    Columns row (of ``advances``), day (from the disbursement, 0 or more) and
    amount_minor (above 0), in that order. What is given back undoes the newest
    repayments before it, and what exceeds the owed amount repays nothing: of the sums
    to date, capped by the owed amount, the least from a day on is what stands.
    """
    places = advances[["advance_id", "disbursed_date", "owed_minor"]].reset_index(
        drop=True
    )
    lines = repayments.merge(places.reset_index(names="row"), on="advance_id")
    days = (lines["repaid_date"] - lines["disbursed_date"]).dt.days
    daily = (
        lines.assign(day=days.clip(lower=0))
        .groupby(["row", "day"], as_index=False)
        .agg(amount_minor=("amount_minor", "sum"), owed_minor=("owed_minor", "first"))
    )
    to_date = daily.groupby("row")["amount_minor"].cumsum()
    capped = to_date.clip(upper=daily["owed_minor"])
    standing = capped[::-1].groupby(daily["row"]).cummin()[::-1].clip(lower=0)
    before = standing.groupby(daily["row"]).shift(fill_value=0)
    amounts = (standing - before).astype("int64")
    kept = daily.assign(amount_minor=amounts)[["row", "day", "amount_minor"]]
    return kept.loc[kept["amount_minor"] > 0].reset_index(drop=True)


def _shown(advances: pd.DataFrame, disclosed: pd.DataFrame) -> FloatArray:
    """Return the rate as the seller was shown it, NaN where there was none [rows]."""
    known = disclosed.dropna(subset=["apr_percent"])
    texts = [
        shown_percent(rate, decimals)
        for rate, decimals in zip(known["apr_percent"], known["decimals"], strict=True)
    ]
    rates = pd.Series([float(text) for text in texts], index=known["offer_id"])
    found = advances["offer_id"].map(rates)
    return np.asarray(found, dtype=np.float64)
