"""The whole forecast: laws that hold for any seller, market, unit and machine."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from blends import COUNT, DAYS, blend, forecast, market
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from panels import calendars, panel_of, random_panel, scaled
from threadpoolctl import threadpool_limits

from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES, Forecast, repair
from jobs.forecasting.model import LEAST_ORIGINS, fit, predict
from jobs.forecasting.rows import FIRST_ORIGIN_DAYS
from jobs.forecasting.smoothing import smooth
from jobs.forecasting.storage import rounded, to_json

GRID = (len(HORIZONS_DAYS), len(PROBABILITIES))
MEDIAN = PROBABILITIES.index(0.5)


def _same(here: NDArray[np.float64], there: NDArray[np.float64]) -> bool:
    return here.tobytes() == there.tobytes()


def is_lawful(found: Forecast) -> bool:
    """Tell whether quantiles are finite, at least 0, and rise on both axes."""
    quantiles = found.quantiles
    return bool(
        np.isfinite(quantiles).all()
        and (quantiles >= 0).all()
        and (np.diff(quantiles, axis=1) >= 0).all()
        and (np.diff(quantiles, axis=2) >= 0).all()
    )


class TestShape:
    """What every forecast looks like."""

    def test_has_a_quantile_for_every_series_horizon_and_probability(self) -> None:
        """In float64, in the unit of the series."""
        assert (COUNT, *GRID) == forecast().quantiles.shape
        assert np.float64 == forecast().quantiles.dtype
        assert forecast().horizons_days == HORIZONS_DAYS

    def test_rises_with_probability_and_horizon(self) -> None:
        """More days and more luck never mean fewer sales."""
        assert is_lawful(forecast())
        assert forecast().quantiles.any()

    @settings(max_examples=8)
    @given(st.integers(0, 2**32 - 1), st.integers(3, 25), st.integers(100, 330))
    def test_rises_in_any_market(self, seed: int, count: int, days: int) -> None:
        """Few sellers or short histories too."""
        panel = random_panel(count, days, seed)

        assert is_lawful(predict(panel, fit(panel, calendars())))

    def test_a_seller_who_never_sold_gets_zeros(self) -> None:
        """No history, no forecast."""
        assert not market().sales[0].any()
        assert not forecast().quantiles[0].any()
        assert forecast().quantiles[1:].any()

    def test_is_of_the_size_of_what_was_sold(self) -> None:
        """The median of a busy seller's month is near its last ones."""
        month = market().sales[:, -30:].sum(axis=1, dtype=np.float64)
        before = market().sales[:, -60:-30].sum(axis=1, dtype=np.float64)
        busy = (market().sales[:, -60:] > 0).mean(axis=1) > 0.8
        usual = (month + before)[busy] / 2
        ratio = forecast().quantiles[busy, HORIZONS_DAYS.index(30), MEDIAN] / usual

        assert np.count_nonzero(busy) > 10
        assert 0.8 < np.median(ratio) < 1.25

    def test_any_horizons_may_be_asked_for(self) -> None:
        """A weekly panel's horizons, one alone, or a few."""
        found = predict(market(), fit(market(), calendars(), (28, 91)))

        assert (COUNT, 2, len(PROBABILITIES)) == found.quantiles.shape
        assert found.horizons_days == (28, 91)
        assert found.is_extrapolated.tolist() == [False, False]
        assert is_lawful(found)


class TestMatured:
    """Horizons that the past is too short to teach."""

    @pytest.mark.parametrize("days", [112, 133, 200, 300, DAYS])
    def test_with_fewer_than_six_origins_are_marked(self, days: int) -> None:
        """A horizon needs six origins after the first thirteen weeks, a week apart."""
        found = predict(market().cut(days), fit(market().cut(days), calendars()))

        is_matured = [
            horizon + 7 * (LEAST_ORIGINS - 1) <= days - FIRST_ORIGIN_DAYS
            for horizon in HORIZONS_DAYS
        ]
        # Origins lie whole weeks before the end, so one of them may not fit.
        is_certain = [
            horizon + 7 * LEAST_ORIGINS <= days - FIRST_ORIGIN_DAYS
            for horizon in HORIZONS_DAYS
        ]
        for marked, could, must in zip(
            found.is_extrapolated.tolist(), is_matured, is_certain, strict=True
        ):
            assert marked or could
            assert not (marked and must)
        assert is_lawful(found)

    def test_too_few_rows_that_sold_teach_nothing(self) -> None:
        """Origins are not enough: two sellers of few sales are no market."""
        sales = np.zeros((2, 300))
        sales[:, [10, 299]] = 500.0

        found = predict(panel_of(sales), fit(panel_of(sales), calendars()))

        assert found.is_extrapolated.all()
        assert is_lawful(found)

    def test_go_on_in_proportion(self) -> None:
        """As much a day as over the longest horizon that was learned, or a little less.

        Less where that one lay below a shorter one and was raised to it.
        """
        quantiles = forecast().quantiles
        count = int(np.flatnonzero(forecast().is_extrapolated)[0])
        longest = quantiles[:, count - 1]

        assert 0 < count < len(HORIZONS_DAYS)
        for place in range(count, len(HORIZONS_DAYS)):
            expected = longest * HORIZONS_DAYS[place] / HORIZONS_DAYS[count - 1]
            found = quantiles[:, place]
            assert (found >= quantiles[:, place - 1]).all()
            assert (found <= expected * (1 + 1e-9)).all()
            assert np.isclose(expected, found).mean() > 0.75

    @pytest.mark.parametrize("days", [1, 7, 60, 97, 120])
    def test_the_smoother_speaks_where_nothing_could_be_learned(
        self, days: int
    ) -> None:
        """Its normal quantiles, at least 0, every horizon being marked."""
        panel = market().cut(days)
        lengths = np.array(HORIZONS_DAYS)
        mean, deviation = smooth(
            panel.sales, panel.birth_index, np.array([days]), lengths
        )
        normal = [NormalDist().inv_cdf(level) for level in PROBABILITIES]
        expected = repair(mean[0, ..., None] + deviation[0, ..., None] * normal)

        found = predict(panel, fit(panel, calendars()))

        assert found.is_extrapolated.all()
        assert is_lawful(found)
        assert pytest.approx(expected, rel=1e-5) == found.quantiles


class TestUnits:
    """Money in cents, euros or yen."""

    @pytest.mark.parametrize("power", [-3, 6])
    def test_sales_times_a_power_of_two_scale_exactly(self, power: int) -> None:
        """Fit and forecast in another unit give the same bits, in that unit."""
        factor = 2.0**power
        panel = scaled(market(), factor)

        once = predict(market(), fit(market(), calendars())).quantiles
        many = predict(panel, fit(panel, calendars())).quantiles

        assert _same(once * factor, many)

    @settings(max_examples=6)
    @given(st.floats(0.01, 1_000))
    def test_sales_times_any_number_scale_nearly(self, factor: float) -> None:
        """Up to what float32 can hold of a sale."""
        panel = scaled(market(), factor)

        many = predict(panel, fit(panel, calendars())).quantiles

        assert _near(forecast().quantiles * factor, many)

    def test_currencies_do_not_mix(self) -> None:
        """Yen a hundredfold make the yen forecasts so, and leave the euros alone."""
        panel = scaled(market(), 100, "JPY")
        is_yen = market().currency_codes == "JPY"
        factor = np.where(is_yen, 100.0, 1.0)[:, None, None]

        found = predict(panel, fit(panel, calendars())).quantiles

        assert _near(forecast().quantiles * factor, found)

    def test_two_currencies_of_one_seller_are_two_series(self) -> None:
        """The name does not join what the currency parts."""
        names = market().seller_ids.copy()
        names[2], names[3] = names[2], names[2]
        panel = replace(market(), seller_ids=names)

        assert _same(forecast().quantiles, predict(panel, blend()).quantiles)

    def test_a_currency_that_the_model_has_not_seen_is_forecast(self) -> None:
        """Its size is unknown; the rest of what is known of a seller holds."""
        codes = market().currency_codes.copy()
        codes[5:9] = "CHF"

        found = predict(replace(market(), currency_codes=codes), blend())

        assert is_lawful(found)
        assert found.quantiles[5:9].any()
        others = np.r_[0:5, 9:COUNT]
        assert _same(forecast().quantiles[others], found.quantiles[others])


def _near(expected: NDArray[np.float64], found: NDArray[np.float64]) -> bool:
    """Tell whether quantiles agree to a thousandth of a series' largest one.

    Float32 sales round, and a choice between two nearly equal ones may fall the other
    way, so single quantiles may move a little more than the rounding.
    """
    largest = expected.max(axis=(1, 2), keepdims=True)
    near = np.abs(found - expected) <= 1e-3 * np.maximum(largest, 1e-9)
    return bool(near.mean() > 0.99)


class TestDeterminism:
    """The same bytes for the same input, however it is cut, ordered or computed."""

    def test_the_order_of_sellers_changes_nothing(self) -> None:
        """A shuffled market teaches the same model and gets the same forecasts."""
        order = np.random.default_rng(5).permutation(COUNT)
        shuffled = market().take(order)

        model = rounded(fit(shuffled, calendars()))

        assert to_json(blend()) == to_json(model)
        found = predict(shuffled, model).quantiles
        assert _same(forecast().quantiles[order], found)

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 45])
    def test_a_forecast_does_not_depend_on_the_bucket(self, size: int) -> None:
        """Alone, in pairs or in halves, every seller gets the bytes of the whole."""
        for first in range(0, COUNT, size):
            rows = np.arange(first, min(first + size, COUNT))
            alone = predict(market().take(rows), blend()).quantiles
            assert _same(forecast().quantiles[rows], alone)

    @settings(max_examples=20)
    @given(st.lists(st.integers(0, COUNT - 1), min_size=2, max_size=30))
    def test_nor_on_who_else_is_in_it(self, rows: list[int]) -> None:
        """Any sellers in any order, some of them twice."""
        found = predict(market().take(np.array(rows)), blend()).quantiles

        assert _same(forecast().quantiles[rows], found)

    def test_one_or_two_threads_give_the_same_bytes(self) -> None:
        """Of linear algebra, and of blocks predicted side by side."""
        with threadpool_limits(1):
            one = to_json(fit(market(), calendars()))
        with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
            two = to_json(fit(market(), calendars(), HORIZONS_DAYS, pool.map))
            blocks = [market().take(slice(0, 40)), market().take(slice(40, COUNT))]
            found = list(pool.map(lambda block: predict(block, blend()), blocks))

        assert one == two
        quantiles = np.concatenate([part.quantiles for part in found])
        assert _same(forecast().quantiles, quantiles)

    def test_predicting_does_not_depend_on_threads_of_linear_algebra(self) -> None:
        """Whatever the machine has."""
        for threads in (1, 2):
            with threadpool_limits(threads):
                found = predict(market(), blend()).quantiles
            assert _same(forecast().quantiles, found)

    def test_twice_is_the_same(self) -> None:
        """No clock, no chance."""
        again = rounded(fit(market(), calendars()))

        assert to_json(blend()) == to_json(again)
        assert _same(forecast().quantiles, predict(market(), again).quantiles)

    def test_neither_fitting_nor_predicting_changes_the_panel(self) -> None:
        """What was given stays as it was."""
        panel = random_panel(20, 250, seed=3)
        sales, birth = panel.sales.copy(), panel.birth_index.copy()

        predict(panel, fit(panel, calendars()))

        assert sales.tobytes() == panel.sales.tobytes()
        assert birth.tobytes() == panel.birth_index.tobytes()


class TestTime:
    """What is learned, and what may be known."""

    def test_the_last_day_is_not_wasted(self) -> None:
        """A sale today changes the forecast of its seller, and of no other."""
        row = int(np.flatnonzero(market().sales[:, -1] > 0)[0])
        sales = market().sales.copy()
        sales[row, -1] *= 8

        found = predict(replace(market(), sales=sales), blend()).quantiles

        others = np.arange(COUNT) != row
        assert not _same(forecast().quantiles[row], found[row])
        assert _same(forecast().quantiles[others], found[others])

    def test_a_closure_that_ended_is_no_decline(self) -> None:
        """A seller back from five weeks of closure is expected to go on as before."""
        random = np.random.default_rng(2)
        sales = np.ceil(random.gamma(9.0, 20.0, (30, 300)))
        whole = panel_of(sales)
        sales[4, 220:262] = 0.0
        closed = panel_of(sales)
        model = fit(whole, calendars())

        before, after = (
            predict(panel, model).quantiles[4, :, MEDIAN] for panel in (whole, closed)
        )

        assert pytest.approx(before, rel=0.1) == after

    def test_a_calendar_moves_the_forecast(self) -> None:
        """What is not aligned is another forecast."""
        nowhere = replace(market(), country_codes=np.full(COUNT, ""))

        found = predict(nowhere, blend()).quantiles

        is_listed = np.isin(market().country_codes, ["ES", "JP"])
        assert _same(forecast().quantiles[~is_listed], found[~is_listed])
        assert not _same(forecast().quantiles[is_listed], found[is_listed])
