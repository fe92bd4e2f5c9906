"""A forecast is run rate x multiple: monotone, scaled, and each row its own."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panels import cell_by_hand, mixed_panel, panel_of, scaled

from jobs.forecasting.empirical import EmpiricalModel, fit, predict
from jobs.forecasting.empirical_features import accumulate, features_at
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES, repair

GRID = (len(HORIZONS_DAYS), len(PROBABILITIES))


@cache
def _model() -> EmpiricalModel:
    return fit(mixed_panel())


class TestPredict:
    """The forecast of a series follows from its own row and the model."""

    def test_equals_a_plain_loop(self) -> None:
        """Run rate times the multiple of the cell."""
        panel, model = mixed_panel(), _model()
        now = features_at(accumulate(panel), np.array([panel.days - 1]))

        forecast = predict(panel, model)

        assert forecast.quantiles.dtype == np.float64
        for row in range(len(panel.seller_ids)):
            age, zero, idle = cell_by_hand(
                int(now.age_days[row, 0]),
                float(now.zero_share[row, 0]),
                int(now.idle_days[row, 0]),
            )
            multiples = model.multiples_days[(age * 7 + zero) * 3 + idle]
            expected = [
                [float(now.run_rate[row, 0]) * float(multiple) for multiple in horizon]
                for horizon in multiples
            ]
            assert expected == forecast.quantiles[row].tolist()

    def test_is_monotone_in_probability_and_horizon(self) -> None:
        """More days and more luck never mean fewer sales."""
        quantiles = predict(mixed_panel(), _model()).quantiles

        assert quantiles.max() > 0
        assert quantiles.min() == 0
        assert (np.diff(quantiles, axis=1) >= 0).all()
        assert (np.diff(quantiles, axis=2) >= 0).all()

    def test_does_not_depend_on_the_bucket(self) -> None:
        """Each quarter of the sellers alone gives the rows of the whole."""
        whole = predict(mixed_panel(), _model()).quantiles

        for bucket in range(4):
            rows = np.arange(bucket, 120, 4)
            alone = predict(mixed_panel().take(rows), _model()).quantiles
            assert np.array_equal(alone, whole[rows])

    @settings(max_examples=20, deadline=None)
    @given(st.integers(1, 10_000))
    def test_scales_with_sales(self, factor: int) -> None:
        """Sales times k give quantiles times k, up to the rounding of float32."""
        once = predict(mixed_panel(), _model()).quantiles

        many = predict(scaled(mixed_panel(), factor), _model()).quantiles

        assert pytest.approx(once * factor, rel=1e-5) == many

    def test_a_seller_who_never_sold_gets_zeros(self) -> None:
        """No history, no forecast."""
        quantiles = predict(mixed_panel(), _model()).quantiles

        assert not mixed_panel().sales[0].any()
        assert not quantiles[0].any()
        assert quantiles[1:].any()

    def test_a_constant_marketplace_is_forecast_exactly(self) -> None:
        """Sellers that sell the same every day are certain, in euros and in yen."""
        panel = panel_of(np.repeat([[250.0], [8_000.0]], 560, axis=1))

        forecast = predict(panel, fit(panel))

        assert not forecast.is_extrapolated.any()
        for row, daily in enumerate((250, 8_000)):
            for place, horizon_days in enumerate(HORIZONS_DAYS):
                assert set(forecast.quantiles[row, place]) == {daily * horizon_days}

    def test_sellers_who_stop_leave_an_atom_at_zero(self) -> None:
        """Where four in ten never come back from a pause, the low quantiles are 0."""
        number = np.arange(300)
        birth = np.where(number < 2, 415, number)
        is_back = (number % 5 >= 2)[:, None]
        age = np.arange(500) - birth[:, None]
        sells = ((age >= 0) & (age < 40)) | ((age >= 100) & is_back)
        panel = panel_of(np.where(sells, 100.0, 0.0))
        pausing = panel.take(np.array([0, 1]))

        quantiles = predict(pausing, fit(panel)).quantiles[:, HORIZONS_DAYS.index(180)]

        assert set(quantiles[:, PROBABILITIES.index(0.25)]) == {0}
        assert quantiles[:, PROBABILITIES.index(0.5)].min() > 0

    def test_a_single_enormous_sale_stays_finite(self) -> None:
        """One sale a million times the rest moves its own seller only."""
        sales = np.repeat([[100.0], [100.0]], 300, axis=1)
        sales[0, 200] = 1e8
        panel = panel_of(sales)
        model = fit(panel)

        quantiles = predict(panel, model).quantiles

        assert np.isfinite(model.multiples_days).all()
        assert quantiles[1].max() < quantiles[0].max()


class TestRepair:
    """The repair never lowers a value that was right."""

    @given(st.lists(st.floats(-1e6, 1e6), min_size=99, max_size=99))
    def test_is_monotone_and_idempotent(self, values: list[float]) -> None:
        """Whatever comes in, the grid that goes out rises on both axes."""
        grid = np.array(values).reshape(GRID)

        repaired = repair(grid)

        assert (repaired >= np.maximum(grid, 0)).all()
        assert (np.diff(repaired, axis=0) >= 0).all()
        assert (np.diff(repaired, axis=1) >= 0).all()
        assert np.array_equal(repair(repaired), repaired)
