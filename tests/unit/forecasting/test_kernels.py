"""Compiled loops do what they do as plain Python, and run without numba."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from made_rows import made_rows
from panels import random_panel

from jobs.forecasting import closures, kernels, smoothing, snapshot
from jobs.forecasting.panel import Panel

Loop = Callable[..., Any]


def _plain(function: Loop) -> Loop:
    """Return the Python behind a compiled function."""
    return function.py_func if kernels.HAS_NUMBA else function


@pytest.fixture
def panel() -> Panel:
    """Return sellers of whom one closed for a while."""
    panel = random_panel(12, 260, seed=3)
    panel.sales[4] = 50.0
    panel.sales[4, 100:150] = 0.0
    panel.birth_index[4] = 0
    return panel


def test_without_numba_a_function_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where it does not load, loops run as Python."""
    monkeypatch.setattr(kernels, "njit", None)

    assert kernels.compiled(made_rows) is made_rows


def test_without_numba_the_smoother_is_numpy(
    monkeypatch: pytest.MonkeyPatch, panel: Panel
) -> None:
    """The same numbers, some twenty times slower."""
    arguments = (
        panel.sales,
        panel.birth_index,
        np.array([100, 200, 260]),
        np.array([7, 90]),
    )
    compiled = smoothing.smooth(*arguments)
    monkeypatch.setattr(smoothing, "HAS_NUMBA", False)

    by_numpy = smoothing.smooth(*arguments)

    for here, there in zip(compiled, by_numpy, strict=True):
        assert here.any()
        assert np.allclose(here, there, rtol=1e-4)


def test_closures_are_found_and_filled_alike(panel: Panel) -> None:
    """Loops over days, compiled and not."""
    birth = np.maximum(panel.birth_index, 0)
    found = closures.find_closures(panel.sales, birth)
    filled, other = panel.sales.copy(), panel.sales.copy()

    closures._fill(filled, found.row, found.start, found.end)  # noqa: SLF001 - the kernel
    _plain(closures._fill)(other, found.row, found.start, found.end)  # noqa: SLF001

    plain = _plain(closures._find)(panel.sales, birth)  # noqa: SLF001
    assert plain == list(zip(found.row, found.start, found.end, strict=True))
    assert plain
    assert filled.tolist() == other.tolist()


def test_segments_are_summed_alike(panel: Panel) -> None:
    """Sums in float64 of float32 sales and factors."""
    index = np.arange(260)[::-1].copy()
    factor = np.linspace(0.5, 2.0, 260).astype(np.float32)
    bounds = np.array([3, 10, 10, 250])
    plain = np.zeros((12, 3))

    _plain(snapshot._segment_sums)(panel.sales, index, factor, bounds, plain)  # noqa: SLF001 - the kernel

    found = snapshot.segment_sums(panel.sales, index, factor, bounds)
    assert pytest.approx(plain, rel=1e-6) == found
    assert not found[:, 1].any()
