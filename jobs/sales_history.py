"""What the forecast reads from the warehouse: daily sales, and how it turned out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.forecasting.conformal import Matured
from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.forecasting.panel import Panel, build_panel
from jobs.night import Night, require_marts
from jobs.sources.protocol import DataError
from jobs.warehouse.protocol import Warehouse
from jobs.warehouse.tables import QUANTILE_COLUMNS

#: Sellers fall into this many buckets by a hash of their id (dbt computes it).
BUCKET_COUNT = 64
#: Two years and what their alignment by holiday reads before them. Older days do not
#: move the forecast; the age of a seller is known without them.
HISTORY_DAYS = 2 * 364 + 120
#: Predicted at once: the weekly sums of so many series fit into the caches.
PART_SERIES = 10_000


@dataclass(frozen=True)
class SalesHistory:
    """The panel of some buckets, with each series' bucket and how fresh the data is."""

    panel: Panel
    buckets: pa.ChunkedArray
    data_as_of: object

    def take(self, rows: NDArray[np.int64]) -> "SalesHistory":
        """Return the history of the series at ``rows``, in that order."""
        buckets = self.buckets.take(pa.array(rows))
        return SalesHistory(self.panel.take(rows), buckets, self.data_as_of)

    def parts(self) -> list["SalesHistory"]:
        """Split the series into parts of one size, the last one smaller."""
        count = len(self.panel.seller_ids)
        firsts = range(0, max(count, 1), PART_SERIES)
        return [
            SalesHistory(
                self.panel.take(slice(first, first + PART_SERIES)),
                self.buckets.slice(first, PART_SERIES),
                self.data_as_of,
            )
            for first in firsts
        ]


def count_series(night: Night, warehouse: Warehouse) -> NDArray[np.int64]:
    """Return how many sellers and currencies each bucket holds, int64 [64]."""
    require_marts(night, warehouse)
    found = warehouse.query(
        "select seller_bucket, count(*) as series_count"
        " from cash_flow.fct_seller_health_daily where as_of_date = $as_of_date"
        " group by seller_bucket",
        as_of_date=night.as_of_date,
    )
    counts = np.zeros(BUCKET_COUNT, dtype=np.int64)
    counts[found["seller_bucket"].to_numpy()] = found["series_count"].to_numpy()
    return counts


def read_history(
    night: Night, warehouse: Warehouse, buckets: Iterable[int]
) -> SalesHistory:
    """Return the daily sales of the sellers in these buckets, as known on the night."""
    wanted = (
        "select seller_id, currency_code, country_code, seller_bucket, first_sale_date,"
        " data_as_of,"
        " row_number() over (order by seller_id, currency_code) - 1 as series_index"
        " from cash_flow.fct_seller_health_daily where as_of_date = $as_of_date"
        f" and seller_bucket in ({', '.join(str(bucket) for bucket in buckets)})"
    )
    series = warehouse.query(
        f"{wanted} order by series_index", as_of_date=night.as_of_date
    )
    flows = warehouse.query(
        f"with wanted as ({wanted})"
        " select series_index, flow_date, repayable_minor"
        " from cash_flow.fct_seller_cash_flows_daily"
        " inner join wanted using (seller_id, currency_code)"
        " where flow_date between $first_date and $as_of_date and repayable_minor > 0",
        as_of_date=night.as_of_date,
        first_date=night.as_of_date - timedelta(days=HISTORY_DAYS - 1),
    )
    panel = build_panel(flows, series, night.as_of_date, HISTORY_DAYS)
    data_as_of = series["data_as_of"][0].as_py() if series.num_rows else None
    return SalesHistory(panel, series["seller_bucket"], data_as_of)


def read_countries(night: Night, warehouse: Warehouse) -> set[str]:
    """Return the country codes of all the night's sellers, also of those not fitted."""
    found = warehouse.query(
        "select distinct country_code from cash_flow.fct_seller_health_daily"
        " where as_of_date = $as_of_date",
        as_of_date=night.as_of_date,
    )
    return set(found["country_code"].to_pylist())


def read_model(night: Night, warehouse: Warehouse) -> str:
    """Return the night's model of the policy; DataError where none was fitted."""
    found = warehouse.query(
        "select model from underwriting.forecast_models"
        " where as_of_date = $as_of_date and model_version = $model_version",
        as_of_date=night.as_of_date,
        model_version=night.versions["model_version"],
    )
    if not found.num_rows:
        message = f"no model for {night.as_of_date}"
        advice = "run `advances forecast fit` first"
        raise DataError(message, advice)
    return str(found["model"][0].as_py())


def read_model_before(night: Night, warehouse: Warehouse) -> str | None:
    """Return the newest model of an earlier night, None where there is none."""
    found = warehouse.query(
        "select model from underwriting.forecast_models"
        " where as_of_date < $as_of_date and model_version = $model_version"
        " order by as_of_date desc limit 1",
        as_of_date=night.as_of_date,
        model_version=night.versions["model_version"],
    )
    return str(found["model"][0].as_py()) if found.num_rows else None


def read_matured(night: Night, warehouse: Warehouse) -> Matured:
    """Return how the forecasts turned out whose last day is the night.

    For every horizon H that is the cohort of H days ago. Sellers of whom nothing was
    expected at all are left out.
    """
    cohorts = " or ".join(
        f"(as_of_date = date '{night.as_of_date - timedelta(days=days)}'"
        f" and horizon_days = {days})"
        for days in HORIZONS_DAYS
    )
    counts = ", ".join(
        f"count(case when coalesce(sold_minor, 0) {sign} {column} then 1 end)"
        f" as {name}_{place}"
        for name, sign in (("below", "<"), ("at_most", "<="))
        for place, column in enumerate(QUANTILE_COLUMNS)
    )
    found = warehouse.query(
        "with cohorts as (select * from underwriting.forecast_quantiles"
        f" where model_version = $model_version and ({cohorts})"
        " and quantile_99_minor > 0),"
        " sold as (select cohorts.seller_id, cohorts.currency_code,"
        " cohorts.horizon_days, sum(flows.repayable_minor) as sold_minor"
        " from cohorts inner join cash_flow.fct_seller_cash_flows_daily as flows"
        " on flows.seller_id = cohorts.seller_id"
        " and flows.currency_code = cohorts.currency_code"
        " and flows.flow_date > cohorts.as_of_date"
        " where flows.flow_date between $first_date and $as_of_date"
        " group by cohorts.seller_id, cohorts.currency_code, cohorts.horizon_days)"
        f" select horizon_days, count(*) as series_count, {counts}"
        " from cohorts left join sold using (seller_id, currency_code, horizon_days)"
        " group by horizon_days",
        as_of_date=night.as_of_date,
        first_date=night.as_of_date - timedelta(days=max(HORIZONS_DAYS) - 1),
        model_version=night.versions["model_version"],
    )
    place = np.searchsorted(HORIZONS_DAYS, found["horizon_days"].to_numpy())
    series_counts = np.zeros(len(HORIZONS_DAYS), dtype=np.int64)
    series_counts[place] = found["series_count"].to_numpy()
    sides = []
    for name in ("below", "at_most"):
        side = np.zeros((len(HORIZONS_DAYS), len(QUANTILE_COLUMNS)), dtype=np.int64)
        for column in range(len(QUANTILE_COLUMNS)):
            side[place, column] = found[f"{name}_{column}"].to_numpy()
        sides.append(side)
    return Matured(sides[0], sides[1], series_counts)
