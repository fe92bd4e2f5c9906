"""What was known about a series on a past day: run rate, age, activity, recency."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.forecasting.panel import Panel

#: Trailing windows of the run rate and their weights in tenths; the rest of the
#: tenths is the weight of the whole life. Whole numbers keep a constant series exact.
RUN_RATE_WINDOWS_DAYS: tuple[int, ...] = (28, 56, 112)
RUN_RATE_TENTHS: tuple[int, ...] = (4, 3, 2)
LIFETIME_TENTHS = 1
ZERO_SHARE_WINDOW_DAYS = 112


@dataclass(frozen=True)
class Features:
    """Features of every series at every asked day, each array [series, origins].

    ``run_rate``: repayable minor units a day, above 0 for whoever ever sold.
    ``zero_share``: share of days without a sale in the last 112 days of life.
    ``age_days``: days since the first sale, that day included; 0 before it.
    ``observed_days``: the part of the age that lies inside the panel.
    ``idle_days``: days since the last sale, 0 on the day of a sale.
    """

    run_rate: NDArray[np.float64]
    zero_share: NDArray[np.float64]
    age_days: NDArray[np.int64]
    observed_days: NDArray[np.int64]
    idle_days: NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """Running totals of a panel, each [series, days + 1]; column d is before day d."""

    birth_index: NDArray[np.int64]
    sales: NDArray[np.float64]
    sale_days: NDArray[np.int32]
    last_sale_index: NDArray[np.int32]


def accumulate(panel: Panel) -> History:
    """Return running totals; sums of whole minor units are exact in float64."""
    shape = (panel.sales.shape[0], panel.days + 1)
    sales = np.zeros(shape)
    np.cumsum(panel.sales, axis=1, dtype=np.float64, out=sales[:, 1:])
    has_sale = panel.sales > 0
    sale_days = np.zeros(shape, dtype=np.int32)
    np.cumsum(has_sale, axis=1, out=sale_days[:, 1:])
    last_sale_index = np.full(shape, -1, dtype=np.int32)
    days = np.arange(panel.days, dtype=np.int32)
    last_sale_index[:, 1:] = np.where(has_sale, days, np.int32(-1))
    np.maximum.accumulate(last_sale_index, axis=1, out=last_sale_index)
    return History(panel.birth_index, sales, sale_days, last_sale_index)


def features_at(history: History, origins: NDArray[np.int64]) -> Features:
    """Return the features as known at the end of the days ``origins`` [origins].

    Only running totals up to ``origin + 1`` are read, so nothing later can leak in.
    """
    age = np.maximum(origins - history.birth_index[:, None] + 1, 0)
    observed = np.minimum(age, origins + 1)
    window = np.minimum(observed, ZERO_SHARE_WINDOW_DAYS)
    sale_days = _trailing_sum(history.sale_days, origins, window)
    last_sale = history.last_sale_index[:, origins + 1]
    return Features(
        run_rate=_run_rate(history, origins, observed),
        zero_share=1.0 - sale_days / np.maximum(window, 1),
        age_days=age,
        observed_days=observed,
        idle_days=np.where(last_sale < 0, observed, origins - last_sale),
    )


def target(
    history: History, origins: NDArray[np.int64], horizon_days: int
) -> NDArray[np.float64]:
    """Return S_H, the sales of days origin + 1 … origin + H, [series, origins]."""
    later = history.sales[:, origins + horizon_days + 1]
    return later - history.sales[:, origins + 1]


def _run_rate(
    history: History, origins: NDArray[np.int64], observed: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (4 m_28 + 3 m_56 + 2 m_112 + m_life) / 10, m_k a mean limited by age."""
    blend = LIFETIME_TENTHS * _trailing_mean(history.sales, origins, observed)
    for tenths, days in zip(RUN_RATE_TENTHS, RUN_RATE_WINDOWS_DAYS, strict=True):
        window = np.minimum(observed, days)
        blend += tenths * _trailing_mean(history.sales, origins, window)
    return blend / (sum(RUN_RATE_TENTHS) + LIFETIME_TENTHS)


def _trailing_mean(
    totals: NDArray[np.float64],
    origins: NDArray[np.int64],
    window: NDArray[np.int64],
) -> NDArray[np.float64]:
    return _trailing_sum(totals, origins, window) / np.maximum(window, 1)


def _trailing_sum(
    totals: NDArray[Any],
    origins: NDArray[np.int64],
    window: NDArray[np.int64],
) -> NDArray[Any]:
    """Return the sum over the last ``window`` days, [series, origins]."""
    before = np.take_along_axis(totals, origins + 1 - window, axis=1)
    return np.asarray(totals[:, origins + 1] - before)
