"""A forecast against what happened: every score of one horizon, for any forecaster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting import scoring
from jobs.forecasting.grid import PROBABILITIES
from jobs.forecasting.panel import Panel
from jobs.underwriting.distribution import (
    QuantileGrid,
    probability_at_least,
    quantile_line,
)

LEAST_AGE_DAYS = 60
LONGEST_IDLE_DAYS = 120


@dataclass(frozen=True)
class Case:
    """The eligible series of one origin, what was known of them and what they sold.

    ``rows`` int64 [series] in the whole panel. ``actual`` float64 [series, horizons],
    NaN in the horizons that end after the panel.
    """

    origin_date: date
    rows: NDArray[np.int64]
    currency_codes: NDArray[np.str_]
    rate: NDArray[np.float64]
    age_days: NDArray[np.int64]
    zero_share: NDArray[np.float64]
    actual: NDArray[np.float64]

    def take(self, places: NDArray[np.int64]) -> "Case":
        """Return the case of the series at ``places``, in that order."""
        return Case(
            self.origin_date,
            self.rows[places],
            self.currency_codes[places],
            self.rate[places],
            self.age_days[places],
            self.zero_share[places],
            self.actual[places],
        )


@dataclass(frozen=True)
class Score:
    """The scores of one forecaster at one horizon; NaN where nothing could be scored.

    ``ratio_to_seasonal_naive``: of the weighted quantile losses on the same rows.
    """

    row_count: int
    weighted_quantile_loss: float
    ratio_to_seasonal_naive: float
    coverage_80: scoring.Coverage
    coverage_95: scoring.Coverage
    brier: float
    calibration_error: float
    bins: scoring.Bins


@dataclass(frozen=True)
class Results:
    """Rows of one horizon with their quantiles, from one origin or from many.

    ``quantiles`` and ``naive`` float64 [rows, probabilities], the other arrays [rows].
    """

    horizon_days: int
    actual: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    naive: NDArray[np.float64]
    currency_codes: NDArray[np.str_]
    rate: NDArray[np.float64]
    age_days: NDArray[np.int64]
    zero_share: NDArray[np.float64]


def eligible_rows(known: Panel) -> NDArray[np.int64]:
    """Return the series with 60 days since their first row and a sale in the last 120.

    Both are judged by ``known``, the panel cut at the origin.
    """
    is_old = known.days - 1 - known.birth_index >= LEAST_AGE_DAYS
    has_sold = (known.sales[:, -LONGEST_IDLE_DAYS:] > 0).any(axis=1)
    return np.flatnonzero(is_old & has_sold)


def case_at(
    panel: Panel, known: Panel, rows: NDArray[np.int64], horizons_days: Sequence[int]
) -> Case:
    """Return the case of ``rows`` at the last day of ``known``, a cut of ``panel``."""
    actual = np.full((len(rows), len(horizons_days)), np.nan)
    for place, horizon_days in enumerate(horizons_days):
        end = known.days + horizon_days
        if end <= panel.days:
            later = panel.sales[rows, known.days : end]
            actual[:, place] = later.sum(axis=1, dtype=np.float64)
    seen = known.take(rows)
    return Case(
        origin_date=known.end_date,
        rows=rows,
        currency_codes=seen.currency_codes,
        rate=scoring.trailing_rate(seen),
        age_days=known.days - seen.birth_index,
        zero_share=scoring.zero_share(seen),
        actual=actual,
    )


def results_at(
    cases: Sequence[Case],
    quantiles: Sequence[NDArray[np.float64]],
    naive: Sequence[NDArray[np.float64]],
    horizons_days: Sequence[int],
    place: int,
) -> Results:
    """Return the rows of the horizon at ``place`` from all origins that saw its end.

    ``quantiles`` and ``naive``: for each case, [series, horizons, probabilities].
    """
    is_known = [~np.isnan(case.actual[:, place]) for case in cases]

    def joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
        kept = zip(parts, is_known, strict=True)
        return np.concatenate([part[known] for part, known in kept])

    return Results(
        horizon_days=horizons_days[place],
        actual=joined([case.actual[:, place] for case in cases]),
        quantiles=joined([each[:, place] for each in quantiles]),
        naive=joined([each[:, place] for each in naive]),
        currency_codes=joined([case.currency_codes for case in cases]),
        rate=joined([case.rate for case in cases]),
        age_days=joined([case.age_days for case in cases]),
        zero_share=joined([case.zero_share for case in cases]),
    )


def score(results: Results) -> Score:
    """Return every score of ``results``.

    The repayment events are S_H >= k x trailing daily rate x H; series whose trailing
    rate is 0 have none. P(S_H >= K) is read as underwriting reads it.
    """
    loss, naive_loss = (
        scoring.weighted_quantile_loss(
            results.actual, quantiles, results.currency_codes
        )
        for quantiles in (results.quantiles, results.naive)
    )
    probability, happened = _events(results)
    bins = scoring.reliability(probability, happened)
    return Score(
        row_count=len(results.actual),
        weighted_quantile_loss=loss,
        ratio_to_seasonal_naive=loss / naive_loss if naive_loss else float("nan"),
        coverage_80=scoring.coverage(
            results.actual, results.quantiles, scoring.BAND_80
        ),
        coverage_95=scoring.coverage(
            results.actual, results.quantiles, scoring.BAND_95
        ),
        brier=scoring.brier_score(probability, happened),
        calibration_error=scoring.calibration_error(bins),
        bins=bins,
    )


def _events(results: Results) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return predicted probability and outcome of each event [rows, shares]."""
    has_rate = results.rate > 0
    days = np.array([results.horizon_days])
    values = results.quantiles[has_rate][:, None]
    line = quantile_line(QuantileGrid(values, days, np.array(PROBABILITIES)))
    levels = scoring.event_levels(results.rate[has_rate], results.horizon_days)
    probability = [probability_at_least(line, level[:, None]) for level in levels.T]
    happened = results.actual[has_rate][:, None] >= levels
    return np.concatenate(probability, axis=1), happened
