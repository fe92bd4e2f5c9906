"""What one room stores is what the other computes."""

import re
from itertools import pairwise
from pathlib import Path

from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES
from jobs.forecasting.scoring import EVENT_SHARES
from jobs.warehouse.tables import FORECAST_QUANTILES, QUANTILE_COLUMNS, TABLES


def test_stored_quantiles_are_those_of_the_forecast() -> None:
    """The quantile columns stand for the forecast's probabilities, in their order."""
    assert list(PROBABILITIES) == list(QUANTILE_COLUMNS.values())
    assert [
        name for name in FORECAST_QUANTILES.columns if name in QUANTILE_COLUMNS
    ] == list(QUANTILE_COLUMNS)


def test_dbt_knows_the_grid_of_the_forecast() -> None:
    """The macros name each horizon, quantile and share of the jobs' own scores."""
    macros = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"
    matured = (macros / "matured_forecasts.sql").read_text(encoding="utf-8")
    scores = (macros / "forecasts.sql").read_text(encoding="utf-8")
    (horizons,) = re.findall(r"for days in \[([\d, ]+)\]", matured)
    (shares,) = re.findall(r"for share in \[([\d, ]+)\]", scores)
    levels = {name: int(p) for name, p in re.findall(r"'(\d+)': (\d+)", scores)}
    stretches = re.findall(r"\('(\d+)', '(\d+)', (\d+)\)", scores)

    assert [int(days) for days in horizons.split(",")] == list(HORIZONS_DAYS)
    assert [int(share) / 100 for share in shares.split(",")] == list(EVENT_SHARES)
    assert {
        f"quantile_{name}_minor": thousandths / 1000
        for name, thousandths in levels.items()
    } == QUANTILE_COLUMNS
    edges = [0, *levels.values()]
    assert [int(width) for *_, width in stretches] == [
        *(high - low for low, high in pairwise(edges)),
        1000 - edges[-1],
    ]
    names = ["0", *levels, list(levels)[-1]]
    assert [(low, high) for low, high, _ in stretches] == list(pairwise(names))


def test_keys_hold_the_partition_and_the_grain() -> None:
    """Every key and every partition column is a column of its table."""
    assert len(TABLES) >= 8
    for table in TABLES:
        assert set(table.key) <= set(table.columns), table.address
        assert set(table.partition) <= set(table.columns), table.address
