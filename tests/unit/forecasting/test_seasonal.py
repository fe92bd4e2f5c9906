"""The ridge on weekly sales equals one that is solved and left out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.forecasting.seasonal import (
    _HIGHEST,
    _LEAST_ALIGNED_WEEKS,
    _LEAST_WEEKS,
    _LOWEST,
    _PENALTIES,
    _RECENT_WEEKS,
    _SHARPNESS,
    _YEAR_SHARE,
    WeeklyHistory,
    _floor_of,
    seasonal_ridge,
)

HORIZONS_DAYS = np.array([1, 7, 30, 90, 365])
AHEAD_WEEKS = 46
EVEN_WEEK = np.arange(1, 8) / 7


def _weekly_sales(weeks: int, seed: int) -> NDArray[np.float64]:
    """Return weekly sales of a euro and a yen seller, with a year and some noise."""
    random = np.random.default_rng(seed)
    week = np.arange(weeks)
    year = 1 + 0.5 * np.sin(2 * np.pi * week / 52)
    sales = 100 * year * random.gamma(20, 1 / 20, (2, weeks))
    return np.round(sales * [[1.0], [100.0]])


def _history(known: int, aligned: int, seed: int = 2) -> WeeklyHistory:
    """Return two sellers of so many weeks, some with their like a year before."""
    whole = _weekly_sales(52 + known + AHEAD_WEEKS, seed)
    return WeeklyHistory(
        weeks=whole[:, 52 : 52 + known],
        year_before=whole[:, : known + AHEAD_WEEKS],
        known_weeks=np.full(2, known),
        aligned_weeks=np.full(2, aligned),
    )


def _shares(history: WeeklyHistory) -> NDArray[np.float64]:
    return np.tile(EVEN_WEEK, (len(history.weeks), 1))


def _design(
    log_weeks: list[float], log_year: list[float], aligned: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return features and what they explain, a row for each week that has a before."""
    known = len(log_weeks)
    recent, recent_year = _recent(log_weeks, log_year, aligned)
    rows, changes = [], []
    for week in range(1, known):
        row = [1.0, (week + 1 - known) / 52, recent - log_weeks[week - 1]]
        change = log_weeks[week] - log_weeks[week - 1]
        if aligned:
            if week < known - aligned + 1:
                continue
            row += [log_year[week] - recent_year, recent_year - log_year[week - 1]]
            change -= _YEAR_SHARE * (log_year[week] - log_year[week - 1])
        rows.append(row)
        changes.append(change)
    return np.array(rows), np.array(changes)


def _recent(
    log_weeks: list[float], log_year: list[float], aligned: int
) -> tuple[float, float]:
    """Return the recent level of this year and of the last."""
    known = len(log_weeks)
    last_year = log_year[known - min(aligned, _RECENT_WEEKS) : known]
    recent = log_weeks[-_RECENT_WEEKS:]
    level = sum(recent) / len(recent)
    return level, sum(last_year) / len(last_year) if aligned else 0.0


def _weights_by_hand(
    features: NDArray[np.float64], change: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve every penalty, refit without each row, and average by the errors."""

    def solve(kept: NDArray[np.bool_], penalty: float) -> NDArray[np.float64]:
        inside, answer = features[kept], change[kept]
        gram = inside.T @ inside + penalty * np.eye(features.shape[1])
        return np.linalg.solve(gram, inside.T @ answer)

    everyone = np.ones(len(change), dtype=np.bool_)
    solutions, errors = [], []
    for penalty in _PENALTIES:
        total = 0.0
        for row in range(len(change)):
            without = everyone.copy()
            without[row] = False
            total += float(change[row] - features[row] @ solve(without, penalty)) ** 2
        solutions.append(solve(everyone, penalty))
        errors.append(total)
    shares = np.exp(-_SHARPNESS * (np.array(errors) / min(errors) - 1))
    return shares / shares.sum() @ np.array(solutions)


def _by_hand(history: WeeklyHistory, row: int) -> list[float]:
    """Return the expected sums of one series, walked week by week."""
    known, aligned = int(history.known_weeks[row]), int(history.aligned_weeks[row])
    aligned = aligned if aligned >= _LEAST_ALIGNED_WEEKS else 0
    first = history.weeks.shape[1] - known
    weeks = history.weeks[row, first:]
    floor = _floor_of(weeks)
    log_weeks = np.log(weeks + floor).tolist()
    log_year = np.log(history.year_before[row, first:] + floor).tolist()
    recent, recent_year = _recent(log_weeks, log_year, aligned)
    weights = _weights_by_hand(*_design(log_weeks, log_year, aligned))
    daily, log = [], log_weeks[-1]
    for step in range(53):
        week = known + step
        if step < AHEAD_WEEKS:
            row_ahead = [1.0, 0.0, recent - log]
            change = 0.0
            if aligned:
                now, before = log_year[week], log_year[week - 1]
                row_ahead += [now - recent_year, recent_year - before]
                change = _YEAR_SHARE * (now - before)
            log += change + float(np.array(row_ahead) @ weights)
            log = min(max(log, recent + _LOWEST), recent + _HIGHEST)
        daily += [max(np.exp(log) - floor, 0.0) / 7] * 7
    return [sum(daily[:horizon]) for horizon in HORIZONS_DAYS.tolist()]


@pytest.mark.parametrize(
    ("known", "aligned"), [(20, 0), (70, 0), (70, 69), (90, 40), (30, 5)]
)
def test_equals_a_ridge_solved_by_hand(known: int, aligned: int) -> None:
    """With a year to compare with, with a part of one, and without."""
    history = _history(known, aligned)

    expected = [_by_hand(history, row) for row in range(2)]
    found, has_year = seasonal_ridge(history, _shares(history), HORIZONS_DAYS)

    assert pytest.approx(np.array(expected), rel=1e-8) == found
    assert [aligned >= _LEAST_ALIGNED_WEEKS] * 2 == has_year.tolist()


def test_a_year_to_compare_with_changes_the_forecast() -> None:
    """The aligned weeks are used, not only counted."""
    with_year, without = _history(70, 69), _history(70, 0)

    found, _ = seasonal_ridge(with_year, _shares(with_year), HORIZONS_DAYS)
    other, _ = seasonal_ridge(without, _shares(without), HORIZONS_DAYS)

    assert (np.abs(found / other - 1)[:, -1] > 0.01).all()


def test_fewer_than_six_weeks_are_not_a_number() -> None:
    """Too young a series has no expectation; one just old enough has."""
    history = _history(30, 0)
    young = WeeklyHistory(
        history.weeks,
        history.year_before,
        np.array([_LEAST_WEEKS - 1, _LEAST_WEEKS]),
        np.zeros(2, dtype=np.int64),
    )

    found, _ = seasonal_ridge(young, _shares(young), HORIZONS_DAYS)

    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_nothing_sold_stays_nothing() -> None:
    """Of a series of zeros nothing is expected, whatever its neighbour sells."""
    history = _history(30, 0)
    history.weeks[0] = 0.0

    found, has_year = seasonal_ridge(history, _shares(history), HORIZONS_DAYS)

    assert [0.0] * len(HORIZONS_DAYS) == found[0].tolist()
    assert found[1].all()
    assert not has_year[0]


def test_weeks_before_the_birth_do_not_count() -> None:
    """What stands in the columns before the known weeks changes nothing."""
    history = _history(60, 0)
    history.known_weeks[:] = 25
    found, _ = seasonal_ridge(history, _shares(history), HORIZONS_DAYS)

    history.weeks[:, :35] = 1e6
    other, _ = seasonal_ridge(history, _shares(history), HORIZONS_DAYS)

    assert found.tolist() == other.tolist()


def test_a_constant_series_goes_on() -> None:
    """The same every week is expected to be the same, by the day."""
    daily = np.array([[10.0], [4_000.0]])
    weeks = np.repeat(7 * daily, 40, axis=1)
    year = np.repeat(7 * daily, 40 + AHEAD_WEEKS, axis=1)
    history = WeeklyHistory(weeks, year, np.full(2, 40), np.full(2, 39))

    found, _ = seasonal_ridge(history, _shares(history), HORIZONS_DAYS)

    assert pytest.approx(daily * HORIZONS_DAYS) == found


def test_the_broken_week_takes_the_share_of_its_days() -> None:
    """A seller who sells on the first day of the week only has sold by day 1."""
    history = _history(40, 0)
    shares = np.array([np.ones(7), [0, 0, 0, 0, 0, 0, 1.0]])
    days = np.array([1, 6, 7, 8])

    first, last = seasonal_ridge(history, shares, days)[0]

    assert first[0] == first[1] == first[2] < first[3]
    assert last[:2].tolist() == [0.0, 0.0]
    assert 0 < last[2] == last[3]


def test_currencies_do_not_matter() -> None:
    """A series in yen, a power of two larger, is expected to sell as much more."""
    history = _history(70, 69)
    larger = WeeklyHistory(
        history.weeks * 64,
        history.year_before * 64,
        history.known_weeks,
        history.aligned_weeks,
    )

    found, _ = seasonal_ridge(history, _shares(history), HORIZONS_DAYS)
    other, _ = seasonal_ridge(larger, _shares(larger), HORIZONS_DAYS)

    assert pytest.approx(64 * found, rel=1e-12) == other
