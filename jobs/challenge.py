"""Challenge: let other forecasters predict the night on a fixed sample of series.

They are stored beside the champion under their own model_version, so that what they
said can be compared with what then happened. No offer is made of them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.forecast import (
    fit,
    model_write,
    quantile_rows,
    quantile_write,
    read_fit_history,
)
from jobs.forecasters import FORECASTERS
from jobs.forecasting.grid import HORIZONS_DAYS, Forecast, repair
from jobs.forecasting.panel import Panel
from jobs.forecasting.sampling import sample_rows
from jobs.night import Night
from jobs.peers import forecast_peer
from jobs.sales_history import BUCKET_COUNT, SalesHistory
from jobs.warehouse.protocol import Warehouse, Write

#: Series that every challenger predicts, and how many of them the audit takes.
SAMPLE_SERIES, AUDIT_SERIES = 300, 24
#: The audit takes series old enough for a weekly season, and still selling.
AUDIT_AGE_DAYS, AUDIT_IDLE_DAYS = 120, 28
AUDIT_VERSION = "ets-audit-1"
_AUDITOR = "statsmodels ETS"
_BUCKETS = list(range(BUCKET_COUNT))


@dataclass(frozen=True)
class Challenged:
    """How many series the challengers predicted, and how the audit went."""

    model_versions: tuple[str, ...]
    series_count: int
    audited_count: int
    failed_count: int


def challenge(night: Night) -> Challenged:
    """Store what every challenger and the audit predict; replace the night's."""
    with night.warehouse() as warehouse:
        history = read_fit_history(night, warehouse)
        sample = history.take(sample_rows(history.panel, SAMPLE_SERIES))
        versions = _challengers(night, warehouse)
        writes = []
        for version in versions:
            writes += _challenged(
                night.forecast_by(version), warehouse, history, sample
            )
        audited = sample.take(auditable_rows(sample.panel))
        audit, failed_count = _audit(night.forecast_by(AUDIT_VERSION), audited)
        warehouse.replace([*writes, audit])
    return Challenged(
        versions, len(sample.buckets), len(audited.buckets) - failed_count, failed_count
    )


def auditable_rows(panel: Panel) -> NDArray[np.int64]:
    """Return the first rows with enough history and a recent sale, in their order."""
    is_old = panel.days - panel.birth_index >= AUDIT_AGE_DAYS
    has_sold = (panel.sales[:, -AUDIT_IDLE_DAYS:] > 0).any(axis=1)
    return np.flatnonzero(is_old & has_sold)[:AUDIT_SERIES]


def _challengers(night: Night, warehouse: Warehouse) -> tuple[str, ...]:
    """Return the forecasters by which no policy has decided on the night.

    Another policy may have, on the same night; its forecasts of all sellers stay.
    """
    found = warehouse.query(
        "select distinct model_version from underwriting.eligibility_decisions"
        " where as_of_date = $as_of_date",
        as_of_date=night.as_of_date,
    )
    champions = {night.versions["model_version"], *found["model_version"].to_pylist()}
    return tuple(version for version in FORECASTERS if version not in champions)


def _challenged(
    night: Night, warehouse: Warehouse, history: SalesHistory, sample: SalesHistory
) -> list[Write]:
    """Fit a challenger as a champion is fitted, and predict the sample."""
    model = fit(night, warehouse, history)
    forecaster = FORECASTERS[night.versions["model_version"]]
    rows = quantile_rows(night, sample, forecaster.predict(sample.panel, model))
    return [
        model_write(night, model, history.data_as_of),
        quantile_write(night, _BUCKETS, rows),
    ]


def _audit(night: Night, sample: SalesHistory) -> tuple[Write, int]:
    """Fit ETS to each series; a series on which it fails is counted and left out."""
    # Two processes would take longer to start than the audit takes.
    with ThreadPoolExecutor(1) as pool:
        answer = forecast_peer(_AUDITOR, sample.panel, np.array(HORIZONS_DAYS), pool)
    if answer.failed_count:
        night.say(
            f"{_AUDITOR} failed on {answer.failed_count:,} of {len(sample.buckets):,}"
            f" series, which are left out; the first said: {answer.first_error}"
        )
    kept = np.flatnonzero(~answer.has_failed)
    is_extrapolated = np.zeros(len(HORIZONS_DAYS), dtype=np.bool_)
    forecast = Forecast(repair(answer.quantiles[kept]), is_extrapolated)
    rows = quantile_rows(night, sample.take(kept), forecast)
    return quantile_write(night, _BUCKETS, rows), answer.failed_count
