"""A fitted model as text, and back to the same bits.

Numbers keep ten significant digits. The fit is rounded to them before it predicts, so
that the stored model and the one that was just fitted give the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np

from jobs.forecasting.calendar import Event
from jobs.forecasting.horizon import HorizonModel
from jobs.forecasting.model import MODEL_VERSION, Model
from jobs.forecasting.pooled import Pooled
from jobs.forecasting.regression import Scaling
from jobs.forecasting.spread import Spread

_DIGITS = 10


def to_json(model: Model) -> str:
    """Return the model as text; ``from_json`` gives back what ``rounded`` gives."""
    content = {"kind": MODEL_VERSION, **_plain(model)}
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def rounded(model: Model) -> Model:
    """Return the model with every number at ten significant digits."""
    return from_json(to_json(model))


def from_json(text: str) -> Model:
    """Return the model that ``to_json`` wrote; ValueError for any other text."""
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("kind") != MODEL_VERSION:
        message = f"not a forecast model of kind {MODEL_VERSION}"
        raise ValueError(message)
    pooled = content["pooled"]
    return Model(
        horizons_days=tuple(content["horizons_days"]),
        horizons=[_horizon(horizon) for horizon in content["horizons"]],
        pooled=Pooled(
            np.array(pooled["profile"]),
            pooled["typical"],
            np.array(pooled["log_ratios"]),
            np.array(pooled["is_told"], dtype=np.bool_),
        ),
        calendars={
            country_code: tuple(
                Event(**event | {"date": date.fromisoformat(event["date"])})
                for event in events
            )
            for country_code, events in content["calendars"].items()
        },
        shift=np.array(content["shift"]),
    )


def _horizon(content: Mapping[str, Any]) -> HorizonModel:
    return HorizonModel(
        scaling=Scaling(**_arrays(content["scaling"])),
        spread=Spread(**_arrays(content["spread"])),
        **_arrays(
            {
                name: content[name]
                for name in ("coefficients", "support", "edges", "weights", "stopping")
            }
        ),
    )


def _arrays(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.array(value, dtype=np.float64) for name, value in content.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a model is made of
    """Return numbers, text, lists and dictionaries alone."""
    if is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name)) for field in fields(value)
        }
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    return value.isoformat() if isinstance(value, date) else value
