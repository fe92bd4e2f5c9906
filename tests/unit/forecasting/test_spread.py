"""How far sales may lie from their location, and who is how uncertain."""

import numpy as np
import pytest
from made_rows import everyone, made_rows, scaled_features
from numpy.typing import NDArray

from jobs.forecasting.features import SHARED
from jobs.forecasting.rows import Rows
from jobs.forecasting.spread import LEVELS, Spread, fit_spread
from jobs.forecasting.stacking import GROUPS

LONG = {"origins": 24, "each": 120}


def _group(rows: Rows) -> NDArray[np.int64]:
    return np.arange(len(rows.target)) % GROUPS


def _fit(rows: Rows, residual: NDArray[np.float64]) -> Spread:
    return fit_spread(scaled_features(rows), residual, _group(rows), everyone(rows))


def _noise(rows: Rows, seed: int = 4) -> NDArray[np.float64]:
    """Return the same noise of deviation 0.3 at every origin, in another order."""
    random = np.random.default_rng(seed)
    count = len(rows.origin_days)
    each = len(rows.target) // count
    one = 0.3 * random.normal(0, 1, each)
    return np.concatenate([one for _ in range(count)])


class TestCommonShock:
    """What the series of an origin share stays in their residuals."""

    @staticmethod
    def _band(rows: Rows, shock: NDArray[np.float64]) -> float:
        """Return the width of the 80 % band of a usual series."""
        spread = _fit(rows, _noise(rows) + shock[rows.origin])
        low, high = np.interp([0.1, 0.9], LEVELS, spread.residuals[0])
        return float((high - low) * np.median(spread.scales(scaled_features(rows))))

    def test_bands_are_wide_where_origins_differ(self) -> None:
        """A shock of .5 beside noise of .3 widens the band as their sum of squares."""
        rows = made_rows(**LONG)
        shock = np.random.default_rng(8).normal(0, 1, len(rows.origin_days))
        shock = 0.5 * (shock - shock.mean()) / shock.std()

        ratio = self._band(rows, shock) / self._band(rows, np.zeros(len(shock)))

        assert pytest.approx(np.sqrt(1 + (0.5 / 0.3) ** 2), rel=0.3) == ratio

    def test_bands_are_no_wider_where_origins_are_alike(self) -> None:
        """Independent noise of .3 is a band of that noise."""
        rows = made_rows(**LONG)

        band = self._band(rows, np.zeros(len(rows.origin_days)))

        assert pytest.approx(2 * 1.2816 * 0.3, rel=0.15) == band


class TestScale:
    """Who is uncertain."""

    def test_tells_the_calm_from_the_restless(self) -> None:
        """Noise that grows with restlessness is found, in log units a deviation."""
        rows = made_rows(**LONG)
        features = scaled_features(rows)
        restless = features[:, SHARED.index("restlessness")]
        spread = _fit(rows, _noise(rows) * np.exp(0.5 * restless))
        calm, wild = features[:1].copy(), features[:1].copy()
        calm[0, SHARED.index("restlessness")] = -1.0
        wild[0, SHARED.index("restlessness")] = 1.0

        ratio = spread.scales(wild)[0] / spread.scales(calm)[0]

        assert 1.8 < ratio < 3.5

    def test_stays_within_what_was_seen(self) -> None:
        """A series unlike any other is no more uncertain than the most uncertain."""
        rows = made_rows()
        spread = _fit(rows, _noise(rows))

        scales = spread.scales(100 * scaled_features(rows))

        assert (np.log(scales) >= spread.limits[0] - 1e-12).all()
        assert (np.log(scales) <= spread.limits[1] + 1e-12).all()


class TestResiduals:
    """The quantiles of residuals, in scales."""

    def test_are_those_of_the_noise(self) -> None:
        """Scale times quantile is the normal deviation that was put in."""
        rows = made_rows(**LONG)
        noise = 0.3 * np.random.default_rng(2).normal(0, 1, len(rows.target))
        spread = _fit(rows, noise)
        scale = np.median(spread.scales(scaled_features(rows)))
        tenth = np.interp([0.1, 0.5, 0.9], LEVELS, spread.residuals[0]) * scale

        assert pytest.approx([-0.384, 0, 0.384], abs=0.06) == tenth

    def test_rise_with_the_level(self) -> None:
        """In every group."""
        rows = made_rows()

        assert (np.diff(_fit(rows, _noise(rows)).residuals, axis=1) >= 0).all()

    def test_differ_by_risk_group(self) -> None:
        """One group's surprises are not another's."""
        rows = made_rows(**LONG)
        lucky = np.where(_group(rows) == 2, np.abs(_noise(rows)), _noise(rows))

        residuals = _fit(rows, lucky).residuals

        assert residuals[2, 0] >= 0
        assert residuals[1, 0] < 0

    def test_a_thin_group_takes_those_of_everybody(self) -> None:
        """Few rows say too little about their tails."""
        rows = made_rows()
        alike = np.zeros(len(rows.target), dtype=np.int64)
        alike[:10] = 1

        spread = fit_spread(scaled_features(rows), _noise(rows), alike, everyone(rows))

        assert spread.residuals[1].tolist() == spread.residuals[3].tolist()

    def test_no_residual_at_all_has_no_spread(self) -> None:
        """Everything foretold exactly is finite and certain."""
        rows = made_rows()

        spread = _fit(rows, np.zeros(len(rows.target)))

        assert not spread.residuals.any()
        assert np.isfinite(spread.scales(scaled_features(rows))).all()
