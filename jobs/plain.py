"""Results as plain values: what JSON, log records and metrics are made of."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any


def document(result: object) -> dict[str, Any]:
    """Return a command's result as one JSON object: a bare number is its ``count``."""
    if isinstance(result, int):
        return {"count": result}
    told = _told(result)
    return {str(name): plain(value) for name, value in told.items()}


def numbers(result: object) -> dict[str, float]:
    """Return the counts and other numbers on top of a result, by name."""
    told = {"count": result} if isinstance(result, int) else _told(result)
    return {
        str(name): value
        for name, value in told.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def plain(value: object) -> Any:  # noqa: ANN401 - any value that JSON has
    """Return a value as JSON has it: null for NaN, ISO dates, rows as objects.

    Scalars of numpy and frames are told by what they have, so that a command without
    either need not import them.
    """
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    if hasattr(value, "to_dict"):
        return plain(value.to_dict("records"))
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Mapping) or hasattr(value, "as_plain") or is_dataclass(value):
        return document(value)
    return _plain_scalar(value)


def _plain_scalar(value: object) -> bool | int | float | str | None:
    # NaN, and pandas' time that is none, are the values that differ from themselves.
    if value is None or value != value:  # noqa: PLR0124
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, bool | int | str) else str(value)


def _told(result: object) -> Mapping[Any, object]:
    """Return the named parts of a result; its own ``as_plain`` knows better."""
    if isinstance(result, Mapping):
        return result
    if hasattr(result, "as_plain"):
        return dict(result.as_plain())
    if is_dataclass(result):
        return {each.name: getattr(result, each.name) for each in fields(result)}
    return {}
