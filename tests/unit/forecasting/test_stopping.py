"""The chance that a seller sells nothing grows with idleness and is always finite."""

from dataclasses import replace

import numpy as np
import pytest
from made_rows import made_rows, scaled_features
from numpy.typing import NDArray

from jobs.forecasting.features import FEATURES
from jobs.forecasting.rows import Rows
from jobs.forecasting.stopping import (
    COVARIATES,
    LEAST_ZERO_SHARE,
    fit_stopping,
    stopping_probability,
)

IDLE = FEATURES.index("idle")


def _rows(stopped: NDArray[np.bool_]) -> Rows:
    """Return rows of which some sold nothing."""
    rows = made_rows(origins=20, each=100)
    return replace(rows, sold=np.where(stopped[: len(rows.sold)], 0.0, rows.sold))


def _features() -> NDArray[np.float64]:
    return scaled_features(made_rows(origins=20, each=100))


def _chance(idle: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(2 - 1.5 * idle))


def _often_stopping() -> Rows:
    """Return rows whose chance to stop is that of a logistic curve of idleness."""
    drawn = np.random.default_rng(6).random(2_000)
    return _rows(drawn < _chance(_features()[:, IDLE]))


def test_grows_with_idleness() -> None:
    """The longer without a sale, the likelier none comes, all else the same."""
    rows, features = _often_stopping(), _features()
    walk = np.tile(features.mean(axis=0), (9, 1))
    walk[:, IDLE] = np.linspace(-2, 2, 9)

    found = stopping_probability(walk, fit_stopping(rows, features))

    assert (np.diff(found) > 0).all()
    assert pytest.approx(_chance(walk[:, IDLE]), abs=0.12) == found


def test_is_right_on_average() -> None:
    """As many are expected to stop as did."""
    rows, features = _often_stopping(), _features()

    found = stopping_probability(features, fit_stopping(rows, features))

    assert pytest.approx(np.mean(rows.sold <= 0), abs=0.02) == found.mean()


def test_covariates_that_tell_perfectly_stay_finite() -> None:
    """Where idleness parts the two without a doubt, the curve is steep, not endless."""
    features = _features()

    coefficients = fit_stopping(_rows(features[:, IDLE] > 1), features)

    assert np.isfinite(coefficients).all()
    assert np.abs(coefficients).max() < 50
    found = stopping_probability(features, coefficients)
    assert found[features[:, IDLE] > 2].min() > 0.5
    assert found[features[:, IDLE] < 0].max() < 0.1


def test_everybody_stopping_stays_finite() -> None:
    """A market where nobody sold again still leaves a chance."""
    features = _features()

    coefficients = fit_stopping(_rows(np.ones(2_000, dtype=np.bool_)), features)

    assert np.isfinite(coefficients).all()
    found = stopping_probability(features, coefficients)
    assert 0.8 < np.median(found) < 1.0
    assert found.max() < 1.0


@pytest.mark.parametrize("count", [0, 1])
def test_where_hardly_anyone_stops_nothing_is_learned(count: int) -> None:
    """No coefficients then, and the atom at zero is left out."""
    stopped = np.arange(2_000) < count

    assert count / 2_000 <= LEAST_ZERO_SHARE
    assert fit_stopping(_rows(stopped), _features()).shape == (0,)


def test_reads_no_feature_but_its_covariates() -> None:
    """A change in any other feature changes no probability."""
    rows, features = _often_stopping(), _features()
    coefficients = fit_stopping(rows, features)
    other = features.copy()
    unread = [place for place, name in enumerate(FEATURES) if name not in COVARIATES]
    other[:, unread] += 3.0

    assert len(COVARIATES) == len(coefficients)
    assert (
        stopping_probability(features, coefficients).tolist()
        == stopping_probability(other, coefficients).tolist()
    )
