"""Where little is known the forecast says so and stays low."""

import numpy as np
import pytest
from panels import mixed_panel, panel_of, random_panel

from jobs.forecasting.empirical import extrapolate, fit, predict
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES

GRID = (len(HORIZONS_DAYS), len(PROBABILITIES))


class TestTooLittleData:
    """Where little is known the forecast says so and stays low."""

    def test_extrapolates_horizons_that_have_not_matured(self) -> None:
        """With 300 days only horizons up to 180 days have six matured origins."""
        model = fit(random_panel(count=40, days=300))

        matured = [
            days
            for days, is_extrapolated in zip(
                HORIZONS_DAYS, model.is_extrapolated, strict=True
            )
            if not is_extrapolated
        ]

        assert matured == [7, 14, 30, 60, 90, 120, 180]

    def test_growth_is_the_last_one_seen(self) -> None:
        """A level growing with the square root of days goes on so; none goes faster."""
        known = np.zeros((1, *GRID))
        days = np.array(HORIZONS_DAYS, dtype=np.float64)
        known[0, :, 5] = np.sqrt(days)
        known[0, :, 9] = days**2
        known[0, :, 10] = 40.0

        filled = extrapolate(known, 5, HORIZONS_DAYS)[0]

        assert filled[:5].tolist() == known[0, :5].tolist()
        assert filled[:, 0].tolist() == [0.0] * 9
        assert filled[:, 5] == pytest.approx(np.sqrt(days))
        assert filled[5:, 9] == pytest.approx(90**2 * days[5:] / 90)
        assert filled[5:, 10] == pytest.approx(40.0)

    def test_a_level_that_just_left_zero_grows_in_proportion(self) -> None:
        """Growth from zero has no exponent; it is held at the highest allowed."""
        known = np.zeros((1, *GRID))
        known[0, 1, 5] = 10.0

        filled = extrapolate(known, 2, HORIZONS_DAYS)[0]

        assert filled[2:, 5] == pytest.approx(10.0 * np.array(HORIZONS_DAYS[2:]) / 14)

    def test_one_matured_horizon_does_not_grow(self) -> None:
        """Without two horizons no growth was seen, and none is assumed."""
        known = np.zeros((1, *GRID))
        known[0, 0, 5] = 3.0

        assert extrapolate(known, 1, HORIZONS_DAYS)[0, :, 5].tolist() == [3.0] * 9

    @pytest.mark.parametrize("days", [1, 28, 104])
    def test_a_short_history_forecasts_zero(self, days: int) -> None:
        """Fewer than six origins with 28 days behind and 7 ahead: nothing is said."""
        panel = panel_of(np.full((2, days), 500.0))

        forecast = predict(panel, fit(panel))

        assert forecast.is_extrapolated.all()
        assert not forecast.quantiles.any()

    def test_the_shortest_history_that_is_forecast(self) -> None:
        """28 days, five steps of 14, and 7 to mature: 105 days make a model."""
        panel = panel_of(np.full((2, 105), 500.0))

        forecast = predict(panel, fit(panel))

        assert forecast.is_extrapolated.tolist() == [False] + [True] * 8
        assert forecast.quantiles[0, 0].tolist() == [3_500] * 11

    def test_one_series_is_its_own_model(self) -> None:
        """A panel of one seller learns from that seller's own past."""
        busiest = int((mixed_panel().sales > 0).sum(axis=1).argmax())
        one = mixed_panel().take(np.array([busiest]))

        forecast = predict(one, fit(one))

        assert forecast.quantiles.shape == (1, *GRID)
        assert forecast.quantiles.any()

    def test_an_empty_panel_gives_an_empty_forecast(self) -> None:
        """No series is no error: the model says nothing and there is no row."""
        empty = mixed_panel().take(np.array([], dtype=np.int64))

        model = fit(empty)

        assert not model.multiples_days.any()
        assert predict(empty, model).quantiles.shape == (0, *GRID)

    def test_a_seller_who_sold_before_the_panel_only_gets_zeros(self) -> None:
        """A run rate needs sales inside the panel, and the fit skips such rows."""
        older = panel_of([np.zeros(200), np.full(200, 90.0)], birth=[-50, 0])

        forecast = predict(older, fit(older))

        assert not forecast.quantiles[0].any()
        assert forecast.quantiles[1].any()
