"""Loops over series and days, compiled where numba is there."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

try:
    from numba import njit
except ImportError:  # pragma: no cover - numba is installed, but may not load
    njit = None  # type: ignore[assignment]

HAS_NUMBA = njit is not None
_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Return ``function`` compiled, or as it is where numba does not load.

    The machine code is kept beside the source, so only the first run compiles. Other
    threads go on while it runs, and it never reorders sums (no fast math).
    """
    if njit is None:
        return function
    return cast("_Function", njit(nogil=True, cache=True)(function))
