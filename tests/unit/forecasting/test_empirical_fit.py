"""What the empirical model learns equals plain loops and is blind to order and unit."""

import json
import math
from functools import cache

import numpy as np
import pytest
from panels import cell_by_hand, mixed_panel, scaled

from jobs.forecasting import empirical
from jobs.forecasting.empirical import (
    MODEL_VERSION,
    EmpiricalModel,
    fit,
    origins_of,
    predict,
)
from jobs.forecasting.empirical_features import accumulate, features_at
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES, repair
from jobs.forecasting.panel import Panel

Row = tuple[int, tuple[int, int, int], float]


@cache
def _model() -> EmpiricalModel:
    return fit(mixed_panel())


def _quantile(values: list[float], probability: float) -> float:
    """Interpolate linearly between order statistics, by hand."""
    ordered = sorted(values)
    place = probability * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _rows_by_hand(panel: Panel, horizon_days: int) -> list[Row]:
    """Return (origin, cell, S_H / run rate) of every training row."""
    history = accumulate(panel)
    rows = []
    for step in range(26):
        origin = panel.days - 1 - horizon_days - 14 * step
        if origin < 0:
            break
        features = features_at(history, np.array([origin]))
        for row in range(len(panel.seller_ids)):
            idle = int(features.idle_days[row, 0])
            if features.age_days[row, 0] < 28 or idle >= 120:
                continue
            cell = cell_by_hand(
                int(features.age_days[row, 0]), float(features.zero_share[row, 0]), idle
            )
            later = panel.sales[row, origin + 1 : origin + 1 + horizon_days].tolist()
            rows.append((origin, cell, sum(later) / float(features.run_rate[row, 0])))
    return rows


def _quantiles_by_hand(rows: list[Row], cell: tuple[int, int, int]) -> list[float]:
    """Take the finest group of 200 rows from a third of the origins, 6 at least."""
    least_origins = max(6, math.ceil(len({origin for origin, _, _ in rows}) / 3))
    for told in ((0, 1, 2), (0, 1), (1,), ()):
        group = [
            row for row in rows if all(row[1][axis] == cell[axis] for axis in told)
        ]
        origins = {origin for origin, _, _ in group}
        if not told or (len(group) >= 200 and len(origins) >= least_origins):
            return [
                _quantile([ratio for _, _, ratio in group], probability)
                for probability in PROBABILITIES
            ]
    raise AssertionError


class TestFit:
    """What the model learns is what plain loops over the past find."""

    def test_equals_a_plain_loop(self) -> None:
        """Every cell of every matured horizon, repaired, equals the loop's."""
        panel, model = mixed_panel(), _model()
        matured = np.flatnonzero(~model.is_extrapolated)
        by_hand = [
            _rows_by_hand(panel, HORIZONS_DAYS[position]) for position in matured
        ]
        cells = list(np.ndindex(3, 7, 3))

        expected = repair(
            np.array(
                [[_quantiles_by_hand(rows, cell) for rows in by_hand] for cell in cells]
            )
        )

        assert len(matured) >= 6
        assert model.multiples_days[:, matured] == pytest.approx(expected, abs=1e-6)

    def test_uses_every_level_of_cells(self) -> None:
        """The fixture is rich enough to have fine cells and thin ones."""
        distinct = {tuple(cell) for cell in _model().multiples_days[:, 2].round(6)}

        assert 4 < len(distinct) < 63

    def test_targets_end_on_or_before_the_last_day(self) -> None:
        """The newest origin of each horizon leaves exactly the horizon to mature."""
        for horizon_days in HORIZONS_DAYS:
            origins = origins_of(730, horizon_days)

            assert origins[0] + horizon_days == 729
            assert set(np.diff(origins)) <= {-14}
            assert len(origins) <= 26

    def test_does_not_depend_on_the_order_of_series(self) -> None:
        """Shuffled sellers give the same model, to the bit."""
        order = np.random.default_rng(5).permutation(120)

        assert fit(mixed_panel().take(order)).to_json() == _model().to_json()

    def test_learns_from_no_more_than_the_sample(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A smaller sample is the same one in every order, and teaches less."""
        monkeypatch.setattr(empirical, "SAMPLE_SIZE", 40)
        order = np.random.default_rng(6).permutation(120)

        small = fit(mixed_panel())

        assert small.to_json() == fit(mixed_panel().take(order)).to_json()
        assert small.to_json() != _model().to_json()

    def test_is_the_same_whatever_the_unit_of_money(self) -> None:
        """Multiples have no unit: cents and euros teach the same."""
        scaled_model = fit(scaled(mixed_panel(), 64))

        assert scaled_model.to_json() == _model().to_json()

    def test_survives_text_exactly(self) -> None:
        """A stored model replays the same bytes."""
        again = EmpiricalModel.from_json(_model().to_json())

        assert again.to_json() == _model().to_json()
        assert json.loads(again.to_json())["kind"] == MODEL_VERSION
        assert np.array_equal(again.multiples_days, _model().multiples_days)
        assert np.array_equal(
            predict(mixed_panel(), again).quantiles,
            predict(mixed_panel(), _model()).quantiles,
        )

    @pytest.mark.parametrize("text", ["{}", "[]", '{"kind": "another"}'])
    def test_refuses_the_text_of_another_model(self, text: str) -> None:
        """A model is read by the code that wrote it or not at all."""
        with pytest.raises(
            ValueError, match="not a forecast model of kind empirical-1"
        ):
            EmpiricalModel.from_json(text)

    def test_refuses_a_model_of_another_shape(self) -> None:
        """Other cells or horizons are another model."""
        content = json.loads(_model().to_json())
        content["multiples_days"] = content["multiples_days"][:-1]

        with pytest.raises(ValueError, match=r"shape \(62, 9, 11\), expected"):
            EmpiricalModel.from_json(json.dumps(content))
