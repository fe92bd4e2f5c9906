"""What sellers share at an origin: levels by currency and the pooled year."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from panels import END_DATE, panel_of, random_panel

from jobs.forecasting.calendar import Event
from jobs.forecasting.panel import Panel
from jobs.forecasting.pooled import (
    _LEAST_SERIES,
    LEAST_SHARE,
    Pooled,
    pool,
    run_rate_of,
    trailing_mean,
)
from jobs.forecasting.snapshot import (
    BASE_WEEKS,
    Snapshot,
    take_snapshot,
    weekday_profile,
    year_maps,
)

HORIZONS_DAYS = np.array([7, 30, 90, 365])


def _snapshot(panel: Panel) -> Snapshot:
    maps = year_maps({"": ()}, panel.start_date, panel.days)
    return take_snapshot(panel, maps, weekday_profile(panel), HORIZONS_DAYS)


def _pool(panel: Panel) -> Pooled:
    return pool(panel, _snapshot(panel), weekday_profile(panel))


def _growing(count: int = 20, days: int = 800, growth: float = 1.5) -> Panel:
    """Return sellers who sell more from one year to the next, each of another size."""
    year = np.arange(days) // 364
    sales = np.arange(1.0, count + 1)[:, None] * 100 * growth**year
    return panel_of(sales * np.where(np.arange(count) % 2, 100.0, 1.0)[:, None])


def test_a_trailing_mean_is_limited_by_age() -> None:
    """An old seller's mean is over the weeks, a young one's over its life."""
    sales = np.zeros((2, 200))
    sales[0], sales[1, 180:] = 7.0, 100.0
    snapshot = _snapshot(panel_of(sales))

    assert trailing_mean(snapshot, 16).tolist() == [7.0, 100.0]
    assert trailing_mean(snapshot, 1).tolist() == [7.0, 100.0]


def test_the_typical_level_is_that_of_its_own_currency() -> None:
    """The median of those who sell, in euros and in yen."""
    sales = np.outer([1, 100, 3, 300, 5, 500, 0, 0], np.ones(200))

    typical = _pool(panel_of(sales)).typical

    assert sorted(typical) == ["EUR", "JPY"]
    assert pytest.approx(3, rel=1e-6) == typical["EUR"]
    assert pytest.approx(300, rel=1e-6) == typical["JPY"]


def test_a_level_never_falls_below_a_share_of_the_typical() -> None:
    """Who has not sold for a year has a thousandth of it, in its own currency."""
    sales = np.outer([3.0, 300, 3, 300, 3, 300], np.ones(500))
    sales[4:, 100:] = 0.0
    panel = panel_of(sales)

    level = run_rate_of(panel, _snapshot(panel), _pool(panel).typical)

    expected = np.array([3, 300]) * LEAST_SHARE
    assert pytest.approx(expected) == level.rate[4:]
    assert pytest.approx(np.array([3, 300]) + expected) == level.rate[:2]


def test_who_is_idle_has_the_level_of_a_year() -> None:
    """After 17 weeks without a sale the rate is the mean of the last 52."""
    sales = np.outer([3.0, 300, 3, 300, 3, 300], np.ones(500))
    sales[4:, -119:] = 0.0
    panel = panel_of(sales)

    level = run_rate_of(panel, _snapshot(panel), _pool(panel).typical)

    share = (364 - 119) / 364 + LEAST_SHARE
    assert pytest.approx(np.array([3, 300]) * share) == level.rate[4:]


def test_a_currency_nobody_knows_has_a_level() -> None:
    """Nothing typical is known; the rate is above 0 and every log is finite."""
    panel = panel_of(np.outer([3.0, 0.0], np.ones(200)))
    unknown = replace(panel, currency_codes=np.array(["CHF", "CHF"]))

    level = run_rate_of(unknown, _snapshot(unknown), _pool(panel).typical)

    assert (level.rate > 0).all()
    assert all(np.isfinite(log).all() for log in level.logs.values())


def test_the_year_is_pooled_from_those_who_have_one() -> None:
    """Future over base a year ago, each seller counting alike, by a plain loop."""
    panel = random_panel(40, 800, seed=4)
    snapshot = _snapshot(panel)
    pooled = _pool(panel)
    rate = run_rate_of(panel, snapshot, {}).rate + np.array(
        [LEAST_SHARE * pooled.typical[code] for code in panel.currency_codes]
    )

    assert pooled.is_told[0]
    for place, _ in enumerate(BASE_WEEKS):
        above, below = np.zeros(len(HORIZONS_DAYS)), 0.0
        for row in range(40):
            base = snapshot.base[0, row, place]
            if snapshot.age_days[row] >= 399 and base > 0:
                above += snapshot.future[0, row] / (rate[row] + base)
                below += base / (rate[row] + base)
        expected = np.log(np.clip(above / below, 0.3, 3.0))
        assert pytest.approx(expected, rel=1e-6) == pooled.log_ratios[0, place]


def test_an_event_raises_the_pooled_ratio() -> None:
    """Where last year's like of the next weeks sold double, the ratio says so."""
    panel = _growing(growth=1.0)
    sales = panel.sales.copy()
    like = slice(panel.days - 364, panel.days - 364 + 30)
    sales[:, like] *= 2

    ratio = _pool(replace(panel, sales=sales)).log_ratios[0, 0]

    assert pytest.approx(np.log(2), abs=0.02) == ratio[1]
    assert 0 < ratio[2] < ratio[1]


def test_too_few_sellers_of_an_age_tell_nothing() -> None:
    """Under eight the year is not pooled, and its ratios stay neutral."""
    few = _pool(_growing(_LEAST_SERIES - 1))
    enough = _pool(_growing(_LEAST_SERIES))

    assert few.is_told.tolist() == [False, False]
    assert not few.log_ratios.any()
    assert enough.is_told[0]


def test_currencies_do_not_weigh() -> None:
    """The pooled year is the same whatever the unit of half of the sellers."""
    panel = random_panel(40, 800, seed=4)
    factor = np.where(panel.currency_codes == "JPY", np.float32(64), np.float32(1))
    other = replace(panel, sales=panel.sales * factor[:, None])

    assert pytest.approx(_pool(panel).log_ratios) == _pool(other).log_ratios


def test_an_empty_panel_shares_nothing() -> None:
    """No series is no error."""
    pooled = _pool(_growing().take(np.array([], dtype=np.int64)))

    assert pooled.typical == {}
    assert not pooled.is_told.any()
    assert pooled.profile.tolist() == [1.0] * 7


def test_a_calendar_of_a_country_changes_its_own_base_only() -> None:
    """The base of a seller is read by the calendar of its country."""
    panel = random_panel(24, 800, seed=4)
    events = (
        Event("sale", END_DATE - timedelta(10), 6, 6),
        Event("sale", END_DATE - timedelta(10 + 380), 6, 6),
    )
    maps = year_maps({"": (), "ES": events}, panel.start_date, panel.days)
    profile = weekday_profile(panel)

    found = take_snapshot(panel, maps, profile, HORIZONS_DAYS).base
    plain = _snapshot(panel).base

    is_spanish = panel.country_codes == "ES"
    assert (found[:, is_spanish] != plain[:, is_spanish]).any()
    assert found[:, ~is_spanish].tolist() == plain[:, ~is_spanish].tolist()
