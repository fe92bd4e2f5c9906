"""Training rows know nothing after their origin, and their targets have matured."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panels import calendars, random_panel, random_sales, same_names

from jobs.forecasting.closures import fill, find_closures
from jobs.forecasting.experts import (
    EXPERTS,
    LEAST_HISTORY_DAYS,
    LOG_FLOOR,
    Evidence,
    weigh,
)
from jobs.forecasting.features import FEATURES
from jobs.forecasting.panel import Panel
from jobs.forecasting.pooled import pool
from jobs.forecasting.rows import (
    FIRST_ORIGIN_DAYS,
    ORIGINS_SPAN_DAYS,
    Past,
    Rows,
    look_back,
    origins_of,
)
from jobs.forecasting.smoothing import smooth
from jobs.forecasting.snapshot import (
    take_snapshot,
    weekday_profile,
    year_maps,
)

DAYS, COUNT = 620, 30
HORIZONS_DAYS = np.array([7, 30, 90, 365])


@cache
def _panel() -> Panel:
    """Return sellers of all ages; two closed for a while, one is closed to this day."""
    sales = random_sales(COUNT, DAYS, seed=5)
    steady = np.ceil(np.random.default_rng(1).gamma(2.0, 90.0, (3, DAYS)))
    steady[0, 300:360] = 0.0
    steady[1, 420:520] = 0.0
    steady[2, DAYS - 50 :] = 0.0
    sales[7:10] = steady
    panel = same_names(random_panel(COUNT, DAYS), sales.astype(np.float32))

    assert find_closures(panel.sales, panel.birth_index).row.tolist() == [7, 8]
    return panel


def _closed_twice() -> Panel:
    """Return the same sellers, of whom one closes for a second time."""
    sales = _panel().sales.copy()
    sales[8, 560:610] = 0.0
    panel = same_names(_panel(), sales)

    assert find_closures(panel.sales, panel.birth_index).row.tolist() == [7, 8, 8]
    return panel


def _look_back(panel: Panel) -> Past:
    maps = year_maps(calendars(), panel.start_date, panel.days)
    return look_back(panel, maps, HORIZONS_DAYS)


@cache
def _past() -> Past:
    return _look_back(_panel())


def _rows(horizon: int) -> Rows:
    rows = _past().rows(horizon)
    assert rows is not None
    return rows


def _is_same(here: Evidence, there: Evidence) -> bool:
    """Tell whether two pieces of evidence have the same bytes."""
    return all(
        getattr(here, field.name).tobytes() == getattr(there, field.name).tobytes()
        for field in fields(Evidence)
    )


class TestOrigins:
    """The past days from which the model looks ahead."""

    @given(st.integers(1, 1_500))
    def test_lie_whole_weeks_before_the_end(self, days: int) -> None:
        """So that an origin has the weekday of the forecast; newest first, evenly."""
        origins = origins_of(days)

        assert (origins >= FIRST_ORIGIN_DAYS).all()
        assert ((days - origins) % 7 == 0).all()
        assert (origins < days).all()
        assert len(set(np.diff(origins).tolist())) <= 1
        assert (np.diff(origins) < 0).all()

    def test_a_short_panel_has_none(self) -> None:
        """Thirteen weeks and one to mature are the least."""
        assert [len(origins_of(days)) for days in (1, 91, 98)] == [0, 0, 1]


class TestRows:
    """What is learned from."""

    @pytest.mark.parametrize("horizon", range(len(HORIZONS_DAYS)))
    def test_targets_end_within_the_panel(self, horizon: int) -> None:
        """The newest origin leaves the horizon to mature, or less than a step more."""
        rows, length = _rows(horizon), int(HORIZONS_DAYS[horizon])

        assert (rows.origin_days + length <= DAYS).all()
        assert rows.origin_days[0] + length > DAYS - rows.step_days
        assert rows.origin_days[0] - rows.origin_days[-1] < ORIGINS_SPAN_DAYS
        assert length == rows.horizon_days

    @pytest.mark.parametrize("horizon", range(len(HORIZONS_DAYS)))
    def test_equal_a_plain_loop(self, horizon: int) -> None:
        """A row is an old enough series that sold in 16 weeks, with its later sales."""
        panel, rows = _panel(), _rows(horizon)
        length = int(HORIZONS_DAYS[horizon])
        expected = [
            (place, float(panel.sales[row, day : day + length].astype(float).sum()))
            for place, day in enumerate(rows.origin_days.tolist())
            for row in range(COUNT)
            if panel.birth_index[row] <= day - LEAST_HISTORY_DAYS
            and panel.sales[row, day - 7 * min(day // 7, 18) : day].any()
        ]

        assert len(expected) > 50
        assert [origin for origin, _ in expected] == rows.origin.tolist()
        assert pytest.approx([sold for _, sold in expected]) == rows.sold
        assert pytest.approx(np.log(rows.sold / rows.base + LOG_FLOOR)) == rows.target
        assert (len(expected), len(FEATURES)) == rows.features.shape
        assert (len(expected), len(EXPERTS)) == rows.experts.shape
        for column in (rows.features, rows.experts, rows.base, rows.risk, rows.size):
            assert np.isfinite(column).all()

    def test_counts_how_many_horizons_lie_side_by_side(self) -> None:
        """Origins a week apart share nearly all of a long horizon."""
        long, short = _rows(3), _rows(0)
        span = long.origin_days[0] - long.origin_days[-1]

        assert pytest.approx(1 + span / 365) == long.independent_count
        assert long.independent_count < short.independent_count

    def test_a_panel_without_history_has_no_rows(self) -> None:
        """No origin, or no seller, is none rather than an error."""
        nobody = _panel().take(np.array([], dtype=np.int64))

        assert _look_back(_panel().cut(95)).rows(0) is None
        assert _look_back(nobody).rows(0) is None
        assert _look_back(_panel().cut(120)).rows(3) is None

    def test_threads_find_the_same(self) -> None:
        """Origins looked at side by side give the same bytes."""
        maps = year_maps(calendars(), _panel().start_date, DAYS)
        with ThreadPoolExecutor(2) as pool:
            found = look_back(_panel(), maps, HORIZONS_DAYS, pool.map)

        assert len(_past().evidence) == len(found.evidence)
        for here, there in zip(_past().evidence, found.evidence, strict=True):
            assert _is_same(here, there)


class TestNoLeak:
    """Nothing later than an origin moves what is known at it."""

    @staticmethod
    def _with_other_future(seed: int, origin: int) -> Panel:
        """Return the panel with other sales, and other openings, after the origin."""
        panel = _panel()
        sales = panel.sales.copy()
        if seed:
            sales[:, origin:] = random_sales(COUNT, DAYS, seed)[:, origin:]
        else:
            sales[:, origin:] = 0.0
        is_open = panel.is_open.copy()
        is_open[:, origin:] = sales[:, origin:] > 0
        return replace(same_names(panel, sales), is_open=is_open)

    @settings(max_examples=15)
    @given(st.integers(0, 2**32 - 1), st.integers(DAYS // 4, DAYS))
    def test_later_sales_change_no_evidence(self, seed: int, day: int) -> None:
        """Not a bit of features, experts and base, at horizon 365 least of all."""
        origin = max(past for past in _past().origin_days.tolist() if past <= day)
        other = _look_back(self._with_other_future(seed, origin))

        compared = 0
        for place, known in enumerate(_past().origin_days.tolist()):
            if known <= origin:
                assert _is_same(_past().evidence[place], other.evidence[place])
                compared += 1
        assert compared > 0

    @pytest.mark.parametrize(
        "panel",
        [
            pytest.param(_panel, id="once"),
            pytest.param(_closed_twice, id="twice"),
        ],
    )
    def test_the_end_of_a_closure_is_not_known_inside_of_it(
        self, panel: Callable[[], Panel]
    ) -> None:
        """A seller who comes back looks, while away, like one who never does."""
        whole = panel()
        past = _look_back(whole)
        closures = find_closures(whole.sales, whole.birth_index)
        compared = 0
        for row, start, end in zip(
            closures.row, closures.start, closures.end, strict=True
        ):
            sales = whole.sales.copy()
            sales[row, end:] = 0.0
            gone = _look_back(same_names(whole, sales))
            for place, day in enumerate(past.origin_days.tolist()):
                if start < day <= end:
                    assert _is_same(past.evidence[place], gone.evidence[place])
                    compared += 1
        assert compared >= 5

    def test_every_origin_sees_what_a_forecast_on_that_day_sees(self) -> None:
        """Evidence equals that of a panel cut there, as if the night were that day."""
        compared = 0
        for day, evidence in zip(
            _past().origin_days.tolist(), _past().evidence, strict=True
        ):
            expected = _evidence_of_a_night(_panel().cut(day))
            typical = evidence.is_typical
            for field in fields(Evidence):
                here = getattr(evidence, field.name)[typical]
                assert getattr(expected, field.name)[typical].tolist() == here.tolist()
            compared += np.count_nonzero(typical)
        assert compared > 200


def _evidence_of_a_night(known: Panel) -> Evidence:
    """Return what is known at the end of a panel, with no later day in sight."""
    closures = find_closures(known.sales, known.birth_index)
    now = replace(known, sales=fill(known.sales, closures, known.days))
    profile = weekday_profile(now)
    maps = year_maps(calendars(), known.start_date, known.days)
    snapshot = take_snapshot(now, maps, profile, HORIZONS_DAYS)
    origin = np.array([known.days])
    mean, deviation = smooth(now.sales, now.birth_index, origin, HORIZONS_DAYS)
    smoothed = (mean[0], deviation[0])
    return weigh(now, snapshot, smoothed, pool(now, snapshot, profile), HORIZONS_DAYS)
