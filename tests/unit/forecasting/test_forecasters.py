"""The forecasters that a policy may name: one way to fit, correct and predict each."""

from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from blends import blend, forecast, market
from panels import calendars

from jobs.forecasters import FORECASTERS, THREADS
from jobs.forecasting.conformal import LEAST_SERIES, Matured
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES
from jobs.forecasting.model import MODEL_VERSION
from jobs.forecasting.storage import from_json, to_json
from jobs.underwriting.policy import parse_policy

GRID = (len(HORIZONS_DAYS), len(PROBABILITIES))


def _matured(below: float, series_count: int = 1_000) -> Matured:
    """Return cohorts of which so large a share sold less than every quantile."""
    count = np.full(GRID, round(below * series_count))
    return Matured(count, count, np.full(GRID[0], series_count))


@pytest.mark.parametrize("name", FORECASTERS)
def test_fits_corrects_and_predicts(name: str) -> None:
    """Each keeps its model as text and predicts the same from it every time."""
    forecaster = FORECASTERS[name]

    text = forecaster.calibrate(
        forecaster.fit(market(), calendars()), None, _matured(0.5)
    )
    found = forecaster.predict(market(), text)

    assert (len(market().sales), *GRID) == found.quantiles.shape
    assert found.quantiles.any()
    again = forecaster.predict(market(), text).quantiles
    assert found.quantiles.tobytes() == again.tobytes()


def test_every_policy_names_one_of_them() -> None:
    """A policy whose forecast is gone could not be replayed."""
    policies = sorted(
        path
        for path in resources.files("jobs.policies").iterdir()
        if path.name.endswith(".toml")
    )
    named = [
        parse_policy(path.read_text(encoding="utf-8"), path.name).forecast.model_version
        for path in policies
    ]

    assert len(policies) >= 2
    assert set(named) <= set(FORECASTERS)
    assert named[-1] == next(iter(FORECASTERS))


def test_threads_fit_what_one_thread_fits() -> None:
    """Origins and horizons side by side give the same text."""
    assert THREADS > 1
    assert to_json(blend()) == FORECASTERS[MODEL_VERSION].fit(market(), calendars())


class TestCalibrate:
    """The correction goes on from last night's, on tonight's model."""

    calibrate = staticmethod(FORECASTERS[MODEL_VERSION].calibrate)

    def test_the_first_night_has_nothing_to_go_on_from(self) -> None:
        """Without cohorts the model stays as it was fitted."""
        nothing = _matured(0.0, series_count=0)

        assert to_json(blend()) == self.calibrate(to_json(blend()), None, nothing)

    def test_goes_on_from_the_night_before(self) -> None:
        """Shifts are yesterday's and tonight's step, whatever was fitted tonight."""
        before = replace(blend(), shift=np.full(GRID, 0.001))

        text = self.calibrate(to_json(blend()), to_json(before), _matured(1.0))

        shift = from_json(text).shift
        step = from_json(self.calibrate(to_json(blend()), None, _matured(1.0))).shift
        # Short horizons and tails would reach their bounds.
        inside = np.s_[2:, 3:-3]
        assert pytest.approx(before.shift[inside] + step[inside]) == shift[inside]
        assert (step < 0).all()

    def test_a_small_cohort_leaves_it_as_it_was(self) -> None:
        """Yesterday's shifts stay."""
        before = replace(blend(), shift=np.full(GRID, 0.001))
        few = _matured(1.0, series_count=LEAST_SERIES - 1)

        text = self.calibrate(to_json(blend()), to_json(before), few)

        assert before.shift.tolist() == from_json(text).shift.tolist()

    def test_everybody_below_lowers_the_forecast(self) -> None:
        """Where all sold less than even the highest quantile, tomorrow's lie lower."""
        text = to_json(blend())
        for _ in range(30):
            text = self.calibrate(text, text, _matured(1.0))

        found = FORECASTERS[MODEL_VERSION].predict(market(), text).quantiles

        learned = ~forecast().is_extrapolated
        assert (found[:, learned] <= forecast().quantiles[:, learned]).all()
        assert found.sum() < forecast().quantiles.sum()
