"""What was read is predicted in parts, and stored in whole units, rounded down."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs import sales_history
from jobs.forecast import quantile_rows
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES, Forecast
from jobs.forecasting.panel import Panel
from jobs.sales_history import SalesHistory
from jobs.warehouse.tables import QUANTILE_COLUMNS

END_DATE = date(2026, 10, 31)


def history(count: int) -> SalesHistory:
    """Return sellers who alternate between EUR and JPY, each in a bucket of its own."""
    row = np.arange(count)
    panel = Panel(
        seller_ids=np.array([f"seller-{number}" for number in row], "<U9"),
        currency_codes=np.array(["EUR", "JPY"])[row % 2],
        country_codes=np.full(count, ""),
        start_date=END_DATE - timedelta(days=2),
        end_date=END_DATE,
        sales=np.ones((count, 3), dtype=np.float32),
        birth_index=np.zeros(count, dtype=np.int64),
        is_open=np.ones((count, 3), dtype=np.bool_),
    )
    buckets = pa.chunked_array([row])
    return SalesHistory(panel, buckets, datetime(2026, 11, 1, 2))  # noqa: DTZ001 - UTC


@pytest.mark.parametrize(("count", "sizes"), [(7, [3, 3, 1]), (3, [3]), (0, [0])])
def test_parts_are_the_whole(
    monkeypatch: pytest.MonkeyPatch, count: int, sizes: list[int]
) -> None:
    """Every series once, in its order, beside its own bucket."""
    monkeypatch.setattr(sales_history, "PART_SERIES", 3)
    whole = history(count)

    parts = whole.parts()

    assert sizes == [len(part.panel.seller_ids) for part in parts]
    names = [name for part in parts for name in part.panel.seller_ids.tolist()]
    buckets = [bucket for part in parts for bucket in part.buckets.to_pylist()]
    assert whole.panel.seller_ids.tolist() == names
    assert whole.buckets.to_pylist() == buckets


def test_takes_series_with_their_buckets() -> None:
    """In the asked order."""
    found = history(5).take(np.array([4, 1]))

    assert found.panel.seller_ids.tolist() == ["seller-4", "seller-1"]
    assert found.panel.currency_codes.tolist() == ["EUR", "JPY"]
    assert found.buckets.to_pylist() == [4, 1]


def _rows(quantiles: np.ndarray[Any, Any], count: int) -> list[dict[str, Any]]:
    night: Any = SimpleNamespace(
        as_of_date=END_DATE,
        versions={"model_version": "blend-1", "code_version": "abc"},
    )
    is_extrapolated = np.arange(len(HORIZONS_DAYS)) > 6
    forecast = Forecast(quantiles, is_extrapolated)
    return quantile_rows(night, history(count), forecast).to_pylist()


def test_quantiles_are_stored_in_whole_units_rounded_down() -> None:
    """A forecast of 99.9 cents has not promised a euro."""
    shape = (2, len(HORIZONS_DAYS), len(PROBABILITIES))
    quantiles = np.arange(np.prod(shape), dtype=np.float64).reshape(shape) + 0.999

    rows = _rows(quantiles, 2)

    assert len(rows) == 2 * len(HORIZONS_DAYS)
    for number, row in enumerate(rows):
        seller, place = divmod(number, len(HORIZONS_DAYS))
        assert row["seller_id"] == f"seller-{seller}"
        assert row["currency_code"] == ("EUR", "JPY")[seller]
        assert row["seller_bucket"] == seller
        assert row["horizon_days"] == HORIZONS_DAYS[place]
        assert row["is_extrapolated"] == (place > 6)
        stored = [row[name] for name in QUANTILE_COLUMNS]
        assert stored == np.floor(quantiles[seller, place]).astype(int).tolist()


def test_no_series_are_no_rows() -> None:
    """A share of the sellers that holds nobody stores nothing, and fails not."""
    shape = (0, len(HORIZONS_DAYS), len(PROBABILITIES))

    assert _rows(np.zeros(shape), 0) == []
