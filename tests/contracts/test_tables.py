"""What one room stores is what the other computes."""

from jobs.forecasting.grid import PROBABILITIES
from jobs.warehouse.tables import FORECAST_QUANTILES, QUANTILE_COLUMNS, TABLES


def test_stored_quantiles_are_those_of_the_forecast() -> None:
    """The quantile columns stand for the forecast's probabilities, in their order."""
    assert list(PROBABILITIES) == list(QUANTILE_COLUMNS.values())
    assert [
        name for name in FORECAST_QUANTILES.columns if name in QUANTILE_COLUMNS
    ] == list(QUANTILE_COLUMNS)


def test_keys_hold_the_partition_and_the_grain() -> None:
    """Every key and every partition column is a column of its table."""
    assert len(TABLES) >= 8
    for table in TABLES:
        assert set(table.key) <= set(table.columns), table.address
        assert set(table.partition) <= set(table.columns), table.address
