"""Early warnings: open advances whose seller shows a sign of trouble, worst first.

A sign is measured for every seller and currency, also without an advance, because a
sibling's trouble is a sign too. Nothing is stopped by a warning: a person looks.
"""

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import FloatArray, IntegerArray
from jobs.underwriting.distribution import (
    QuantileGrid,
    expected_minimum,
    line_at_day,
    quantile_at,
    quantile_line,
    repair,
)
from jobs.underwriting.evidence import as_evidence, marked_siblings, share_of
from jobs.underwriting.health import numbers
from jobs.underwriting.money import round_up
from jobs.underwriting.policy import Warnings
from jobs.underwriting.rules import Measure, at_least, at_most

#: Signs that no forecast of sales knows of: all that is left to be repaid is at risk.
UNFORESEEN = ("new_restriction", "failed_payouts", "troubled_siblings")
#: In the order in which an advance's signs are told.
SIGNS = (*UNFORESEEN, "chargeback_surge", "refund_surge", "sales_below_band")

_ACCOUNT = ["seller_id", "currency_code"]


def find_signs(
    accounts: pd.DataFrame, past: QuantileGrid, rules: Warnings
) -> dict[str, Measure]:
    """Measure every sign of every seller and currency [accounts], keyed as ``SIGNS``.

    ``accounts`` has seller_id, legal_entity_id, is_forecast, sold_minor (repayable
    sales of ``sales_days``), restricted_days (since the newest restriction in force
    began; NaN without one), failed_payouts_count (of ``event_days``) and
    captured_minor, refunded_minor and charged_back_minor, each of ``surge_days``
    (recent_*) and of the ``usual_days`` before them (usual_*). ``past`` holds what was
    forecast ``sales_days`` ago, aligned by row; of rows without ``is_forecast`` sales
    say nothing. A sign is shown where its measure did not pass.

    Raises:
        ValueError: rows that are not aligned.

    """
    if len(accounts) != len(past.values):
        message = f"{len(accounts)} sellers but forecasts of {len(past.values)}."
        raise ValueError(message)
    own = {
        "new_restriction": at_least(
            numbers(accounts, "restricted_days"), float(rules.event_days)
        ),
        "failed_payouts": at_most(
            numbers(accounts, "failed_payouts_count"),
            float(rules.maximum_failed_payouts_count),
        ),
        "chargeback_surge": _surge(
            accounts, "charged_back", rules, rules.minimum_chargeback_rate
        ),
        "refund_surge": _surge(accounts, "refunded", rules, rules.minimum_refund_rate),
    }
    # Sales below the band are not contagious: one seller in twenty is there by chance.
    is_troubled = np.any([~measure.passed for measure in own.values()], axis=0)
    own["troubled_siblings"] = at_most(
        marked_siblings(accounts, is_troubled),
        float(rules.maximum_troubled_siblings_count),
    )
    own["sales_below_band"] = _sales(accounts, past, rules)
    return {name: own[name] for name in SIGNS}


def rank_warnings(
    advances: pd.DataFrame,
    forecast: QuantileGrid,
    accounts: pd.DataFrame,
    signs: dict[str, Measure],
) -> pd.DataFrame:
    """Return the open advances with a sign, most money at risk first in each currency.

    ``advances`` has advance_id, seller_id, currency_code, balance_minor (above 0) and
    holdback_rate; ``forecast`` is tonight's, aligned by row. Further columns of the
    result: legal_entity_id; expected_shortfall_minor, what the holdback is expected to
    leave unpaid at the last horizon; at_risk_minor, the whole balance where a sign is
    of ``UNFORESEEN``, else that shortfall; risk_rank from 1 in each currency;
    main_sign; signs, joined by commas; evidence, a JSON list of name, value and
    threshold.

    Raises:
        ValueError: an advance of an account without a row, or rows not aligned.

    """
    if len(advances) != len(forecast.values):
        message = f"{len(advances)} advances but forecasts of {len(forecast.values)}."
        raise ValueError(message)
    places = accounts[[*_ACCOUNT, "legal_entity_id"]].reset_index(drop=True)
    found = advances.merge(places.reset_index(), on=_ACCOUNT, how="left")
    if found["index"].isna().any():
        lacking = found.loc[found["index"].isna(), "advance_id"].iloc[0]
        message = f"Advance {lacking} is of a seller and currency without a health row."
        raise ValueError(message)
    where = found["index"].to_numpy(dtype=np.int64)
    is_warned = np.any([~measure.passed[where] for measure in signs.values()], axis=0)
    warned = found.loc[is_warned].drop(columns="index")
    shortfall = expected_shortfall(warned, forecast.take(np.flatnonzero(is_warned)))
    return _ranked(_told(warned, shortfall, signs, where[is_warned]))


def expected_shortfall(advances: pd.DataFrame, forecast: QuantileGrid) -> IntegerArray:
    """B - E[min(B, r S_H)] at the last horizon H, rounded up [advances].

    B is the balance and r the holdback rate; without a holdback all of B.
    """
    balance = numbers(advances, "balance_minor")
    rate = numbers(advances, "holdback_rate")
    is_held = rate > 0
    line = line_at_day(
        quantile_line(repair(forecast)),
        forecast.horizons_days,
        float(forecast.horizons_days[-1]),
    )
    level = balance / np.where(is_held, rate, 1.0)
    repaid = np.where(is_held, rate * expected_minimum(line, level), 0.0)
    return round_up(np.clip(balance - repaid, 0.0, balance), forgiving=1e-6)


def _told(
    warned: pd.DataFrame,
    shortfall: IntegerArray,
    signs: dict[str, Measure],
    where: IntegerArray,
) -> pd.DataFrame:
    """Return the advances with their signs, those of the accounts at ``where``."""
    shown = {name: ~measure.passed[where] for name, measure in signs.items()}
    names = [[name for name in SIGNS if shown[name][row]] for row in range(len(warned))]
    proofs = [as_evidence(signs, row) for row in where.tolist()]
    is_unforeseen = np.any([shown[name] for name in UNFORESEEN], axis=0)
    texts = {
        "main_sign": [each[0] for each in names],
        "signs": [",".join(each) for each in names],
        "evidence": proofs,
    }
    return warned.assign(
        expected_shortfall_minor=shortfall,
        at_risk_minor=np.where(is_unforeseen, warned["balance_minor"], shortfall),
        **{
            name: pd.Series(column, index=warned.index, dtype="str")
            for name, column in texts.items()
        },
    )


def _sales(accounts: pd.DataFrame, past: QuantileGrid, rules: Warnings) -> Measure:
    """Sales at least the band forecast for them, in whole minor units rounded down."""
    line = line_at_day(
        quantile_line(repair(past)), past.horizons_days, rules.sales_days
    )
    band = np.floor(quantile_at(line, rules.band_probability_rate))
    is_forecast = accounts["is_forecast"].to_numpy(dtype=np.bool_)
    return at_least(
        numbers(accounts, "sold_minor"), np.where(is_forecast, band, np.nan)
    )


def _surge(
    accounts: pd.DataFrame, name: str, rules: Warnings, minimum_rate: float
) -> Measure:
    """Recent share of sales at most the usual one times the ratio, or the minimum.

    The recent share is of recent or of usual sales, whichever are more a day: who stops
    selling still refunds what was sold before, and the fall is a sign of its own.
    """
    recent, usual = (numbers(accounts, f"{part}_captured_minor") for part in _PARTS)
    days = rules.surge_days / rules.usual_days
    rate = share_of(
        numbers(accounts, f"recent_{name}_minor"), np.maximum(recent, usual * days)
    )
    before = share_of(numbers(accounts, f"usual_{name}_minor"), usual)
    highest: FloatArray = np.fmax(minimum_rate, rules.maximum_surge_ratio * before)
    return at_most(rate, highest)


_PARTS = ("recent", "usual")


def _ranked(warnings: pd.DataFrame) -> pd.DataFrame:
    order = ["currency_code", "at_risk_minor", "balance_minor", "advance_id"]
    rows = warnings.sort_values(
        order, ascending=[True, False, False, True], ignore_index=True
    )
    return rows.assign(risk_rank=rows.groupby("currency_code").cumcount() + 1)
