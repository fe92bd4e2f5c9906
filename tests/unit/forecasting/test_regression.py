"""The pooled ridge finds what is there, and leaves out what overlaps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_rows import EFFECTS, everyone, made_rows, scaled_features, with_target

from jobs.forecasting.features import FEATURES
from jobs.forecasting.regression import (
    Location,
    Scaling,
    _kept,
    fit_location,
)
from jobs.forecasting.rows import Rows


def _fit(rows: Rows) -> Location:
    return fit_location(rows, scaled_features(rows), everyone(rows))


class TestScaling:
    """Features in deviations."""

    def test_has_mean_0_and_deviation_1(self) -> None:
        """Whatever the unit; the constant one stays 1."""
        features = made_rows().features * 7 + 3

        scaled = Scaling.of(features).apply(features)

        assert pytest.approx(0, abs=0.02) == scaled[:, 1:].mean(axis=0)
        assert pytest.approx(1, abs=0.02) == scaled[:, 1:].std(axis=0)
        assert {1.0} == set(scaled[:, 0])

    def test_a_constant_feature_stays_as_it_is(self) -> None:
        """Nothing is divided by a deviation of 0."""
        features = made_rows().features
        features[:, 5] = 0.25

        assert {0.25} == set(Scaling.of(features).apply(features)[:, 5])

    def test_nothing_is_further_than_five_deviations(self) -> None:
        """One enormous value does not carry the rest away."""
        features = made_rows().features
        features[0, 5] = 1e9
        scaling = Scaling.of(made_rows().features)

        assert scaling.apply(features)[0, 5] == 5.0


class TestFitLocation:
    """Where S_H lies."""

    def test_finds_the_effects_that_are_there(self) -> None:
        """Two features have an effect; no other is given one near it."""
        coefficients = dict(zip(FEATURES, _fit(made_rows()).coefficients, strict=True))

        for name, effect in EFFECTS.items():
            assert pytest.approx(effect, abs=0.04) == coefficients.pop(name)
        assert max(abs(found) for found in coefficients.values()) < 0.08

    def test_a_target_without_noise_is_found_by_the_other_origins(self) -> None:
        """What holds at every origin is foretold at the one that is left out."""
        rows = made_rows(noise=0.0)

        assert np.abs(_fit(rows).left_out - rows.target).max() < 0.1

    def test_few_wild_rows_move_little(self) -> None:
        """One row in fifty that sold next to nothing is no trend (Huber weights)."""
        rows = made_rows()
        wild = np.where(np.arange(len(rows.target)) % 50 == 0, -3.0, rows.target)

        moved = _fit(with_target(rows, wild)).coefficients - _fit(rows).coefficients

        assert np.abs(moved).max() < 0.04

    def test_rows_that_are_not_used_teach_nothing(self) -> None:
        """Their targets may be anything."""
        rows = made_rows()
        used = np.arange(len(rows.target)) % 3 > 0
        other = replace(rows, target=np.where(used, rows.target, 2.0))
        features = scaled_features(rows)

        here, there = (fit_location(part, features, used) for part in (rows, other))

        assert here.coefficients.tolist() == there.coefficients.tolist()
        assert not np.allclose(here.coefficients, _fit(other).coefficients)

    def test_a_location_does_not_know_its_own_origin(self) -> None:
        """An origin whose sales all fall is not told so by rows of its own time."""
        rows = made_rows()
        shock = np.where(rows.origin == 8, -1.0, 0.0)

        found = _fit(with_target(rows, rows.target + shock)).left_out
        before = _fit(rows).left_out

        inside = rows.origin == 8
        assert np.abs(found - before)[inside].mean() < 0.05


class TestLeftOut:
    """Which origins a left-out location is learned from."""

    @given(
        st.integers(3, 28),
        st.sampled_from([7, 30, 90, 180, 365]),
        st.sampled_from([7, 14]),
        st.data(),
    )
    def test_never_the_origin_itself(
        self, origins: int, horizon_days: int, step_days: int, data: st.DataObject
    ) -> None:
        """Nor, where enough are left, any whose horizon overlaps that of the origin."""
        origin = data.draw(st.integers(0, origins - 1))
        rows = made_rows(
            origins, each=1, horizon_days=horizon_days, step_days=step_days
        )
        distance = np.abs(rows.origin_days - rows.origin_days[origin])

        kept = _kept(rows, origin, np.ones(origins))

        assert not kept[origin]
        assert kept.any()
        apart = np.count_nonzero(distance >= horizon_days)
        if apart >= max(6, origins / 3):
            assert (distance[kept] >= horizon_days).all()

    @pytest.mark.parametrize("origins", [1, 2])
    def test_two_origins_or_fewer_leave_out_nothing(self, origins: int) -> None:
        """There would be nothing to learn from."""
        rows = made_rows(origins, each=5)

        assert _kept(rows, 0, np.ones(origins)).all()
        assert np.isfinite(_fit(rows).left_out).all()


def test_the_unit_of_money_does_not_matter() -> None:
    """Rows know ratios; sales and bases a hundredfold teach the same."""
    rows = made_rows()
    yen = replace(rows, sold=rows.sold * 100, base=rows.base * 100)

    assert _fit(rows).coefficients.tolist() == _fit(yen).coefficients.tolist()
