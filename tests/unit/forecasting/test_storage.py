"""A stored model gives the bytes of the one that was just fitted, or is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from blends import blend, forecast, market
from panels import calendars

from jobs.forecasting.model import MODEL_VERSION, Model, fit, predict
from jobs.forecasting.storage import from_json, rounded, to_json


def _fresh() -> Model:
    return fit(market(), calendars())


def test_a_stored_model_forecasts_the_same_bytes() -> None:
    """Rounded before it predicts, a model loses nothing on its way through text."""
    stored = from_json(to_json(_fresh()))

    found = predict(market(), stored).quantiles

    assert forecast().quantiles.tobytes() == found.tobytes()


def test_rounding_twice_changes_nothing() -> None:
    """Text of text is the same text."""
    once = rounded(_fresh())

    assert to_json(_fresh()) == to_json(once) == to_json(rounded(once))


def test_rounding_hardly_moves_a_forecast() -> None:
    """Ten digits are enough."""
    unrounded = predict(market(), _fresh()).quantiles

    assert pytest.approx(unrounded, rel=1e-6) == forecast().quantiles


def test_the_text_is_one_of_plain_numbers() -> None:
    """It says its kind, holds no NaN, and is stable in its order."""
    text = to_json(_fresh())
    content = json.loads(text, parse_constant=pytest.fail)

    assert content["kind"] == MODEL_VERSION
    assert sorted(content) == list(content)
    assert text == json.dumps(content, sort_keys=True, separators=(",", ":"))


def test_everything_comes_back() -> None:
    """Calendars, corrections, currencies and horizons, in the types they had."""
    shift = np.random.default_rng(1).normal(0, 0.01, blend().shift.shape)
    model = rounded(replace(blend(), shift=shift))

    assert calendars() == model.calendars
    assert blend().horizons_days == model.horizons_days
    assert {"EUR", "JPY"} == set(model.pooled.typical)
    assert np.bool_ == model.pooled.is_told.dtype
    assert pytest.approx(shift) == model.shift
    assert len(blend().horizons) == len(model.horizons) > 0


def test_a_model_without_any_horizon_survives() -> None:
    """A young market's model is a model."""
    young = fit(market().cut(60), calendars())

    assert young.horizons == []
    assert rounded(young).horizons == []


def test_a_correction_moves_the_forecast() -> None:
    """The levels asked for are those of the grid and last night's shift."""
    wider = np.where(np.arange(11) < 5, -0.004, 0.004) * (np.arange(11) != 5)
    model = rounded(replace(blend(), shift=np.tile(wider, (9, 1))))

    is_learned = ~forecast().is_extrapolated
    before = forecast().quantiles[:, is_learned]
    found = predict(market(), model).quantiles[:, is_learned]

    assert (found[:, :, :5] <= before[:, :, :5]).all()
    assert (found[:, :, 6:] >= before[:, :, 6:]).all()
    assert (found != before).any()


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"kind": "empirical-1"}'])
def test_refuses_the_text_of_another_model(text: str) -> None:
    """A model is read by the code that wrote it or not at all."""
    with pytest.raises(
        ValueError, match=f"not a forecast model of kind {MODEL_VERSION}"
    ):
        from_json(text)


@pytest.mark.parametrize("text", ["", "{", "kind"])
def test_refuses_what_is_no_json(text: str) -> None:
    """A broken file is a ValueError as well."""
    with pytest.raises(ValueError, match="Expecting"):
        from_json(text)
