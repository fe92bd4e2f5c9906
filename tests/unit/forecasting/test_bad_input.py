"""Each odd or broken input has a stated result or a clear error."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from blends import blend, forecast, market
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from panels import END_DATE, calendars, flows, panel_of, random_sales, series

from jobs.forecasting import empirical
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES
from jobs.forecasting.model import Model, fit, predict
from jobs.forecasting.panel import Panel, build_panel
from jobs.forecasting.storage import rounded, to_json

GRID = (len(HORIZONS_DAYS), len(PROBABILITIES))
DAYS = 460
HORIZONS = np.array(HORIZONS_DAYS)
MEDIAN = PROBABILITIES.index(0.5)
WANTED = series(
    ("anna", "EUR", "ES", END_DATE - timedelta(400)),
    ("anna", "JPY", "ES", END_DATE - timedelta(30)),
    ("bert", "JPY", "JP", None),
)


def _quantiles(*rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the forecasts of some series by what the market taught."""
    found = predict(panel_of(np.stack(rows)), blend()).quantiles

    assert (len(rows), *GRID) == found.shape
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=1) >= 0).all()
    assert (np.diff(found, axis=2) >= 0).all()
    return found


def _series(**sold_on: float) -> NDArray[np.float64]:
    """Return a series that sold on days counted from its end, d1 being the last."""
    sales = np.zeros(DAYS)
    for name, amount in sold_on.items():
        sales[-int(name[1:])] = amount
    return sales


def _busy(seed: int = 1) -> NDArray[np.float64]:
    """Return a seller of nearly every day."""
    random = np.random.default_rng(seed)
    return np.ceil(random.gamma(4.0, 50.0, DAYS)) * (random.random(DAYS) < 0.9)


class TestOddSellers:
    """Sellers whose history is strange, forecast by an ordinary market's model."""

    def test_all_zero(self) -> None:
        """Whoever never sold is forecast to sell nothing, in any currency."""
        assert not _quantiles(np.zeros(DAYS), np.zeros(DAYS)).any()

    def test_sold_before_the_panel_only(self) -> None:
        """An old seller without a sale inside the panel gets zeros as well."""
        panel = panel_of(np.zeros((2, DAYS)), birth=[-300, -1])

        assert not predict(panel, blend()).quantiles.any()

    @given(st.integers(1, 10**9))
    def test_one_day_old(self, amount: int) -> None:
        """A first sale today is a forecast of some size, and of no wild one."""
        found = _quantiles(_series(d1=amount), _busy())[0]

        assert found[-1, -1] > 0
        assert found[-1, -1] < amount * 365 * 10

    @pytest.mark.parametrize("age", [2, 6, 7, 8, 27, 28, 29, 41, 42, 60])
    def test_young(self, age: int) -> None:
        """Every age from the first days on has a forecast."""
        sales = np.zeros(DAYS)
        sales[-age:] = 50.0

        assert _quantiles(sales, _busy())[0, :, MEDIAN].all()

    @pytest.mark.parametrize("back", [1, 20, 200])
    @pytest.mark.parametrize("amount", [1e9, 1e15, 1e30])
    def test_a_single_enormous_sale(self, amount: float, back: int) -> None:
        """It stays within its own seller and within reason."""
        calm = _quantiles(_busy(), _busy(2))
        enormous = _busy()
        enormous[-back] = amount

        found = _quantiles(enormous, _busy(2))

        assert calm[1].tolist() == found[1].tolist()
        assert found[0].max() <= amount * 365 * 10

    def test_a_single_enormous_sale_in_the_training(self) -> None:
        """What the others learn hardly moves by one."""
        sales = market().sales.copy()
        row = int(np.argmax((sales > 0).sum(axis=1)))
        sales[row, DAYS - 100] = 1e12
        panel = replace(market(), sales=sales)

        found = predict(panel, fit(panel, calendars())).quantiles

        assert np.isfinite(found).all()
        others = (np.arange(len(sales)) != row) & (forecast().quantiles[:, 4, 5] > 0)
        ratio = found[others, 4, MEDIAN] / forecast().quantiles[others, 4, MEDIAN]
        assert 0.8 < np.median(ratio) < 1.25

    def test_a_single_sale_long_ago(self) -> None:
        """Whoever sold once, a year ago, is expected to sell next to nothing."""
        found = _quantiles(_series(d380=500.0), _busy())[0]

        assert found[:, MEDIAN].max() < 50

    def test_gaps(self) -> None:
        """A week missing here and there lowers a forecast no more than its share."""
        gappy = _busy()
        for first in (400, 300, 200, 120, 60):
            gappy[DAYS - first : DAYS - first + 7] = 0.0

        whole, found = _quantiles(_busy(), gappy)

        assert (found[:, MEDIAN] > 0.6 * whole[:, MEDIAN]).all()
        assert (found[:, MEDIAN] < 1.2 * whole[:, MEDIAN]).all()

    def test_the_smallest_amounts(self) -> None:
        """A cent a day, and sales too small for half the digits of a float."""
        found = _quantiles(np.ones(DAYS), np.full(DAYS, 1e-30))

        assert found[:, :, MEDIAN].all()


class TestOddMarkets:
    """Whole markets to learn from that are strange."""

    @pytest.mark.parametrize("daily", [(100.0, 8_000.0), (3.0, 3.0)])
    def test_constant_series(self, daily: tuple[float, float]) -> None:
        """Who sells the same every day is forecast to go on, within a few percent."""
        panel = panel_of(np.outer(np.resize(daily, 40), np.ones(DAYS)))

        found = predict(panel, fit(panel, calendars()))

        expected = np.outer(daily, HORIZONS)
        matured = ~found.is_extrapolated
        median = found.quantiles[:2, :, MEDIAN]
        assert np.count_nonzero(matured) >= 6
        assert pytest.approx(expected[:, matured], rel=0.03) == median[:, matured]
        assert pytest.approx(expected, rel=0.2) == median

    def test_all_zero(self) -> None:
        """A market without a sale teaches nothing and forecasts zeros."""
        panel = panel_of(np.zeros((5, DAYS)))

        found = predict(panel, fit(panel, calendars()))

        assert not found.quantiles.any()
        assert found.is_extrapolated.all()

    def test_one_seller(self) -> None:
        """A panel of one seller learns from that seller's own past."""
        panel = panel_of(_busy()[None])
        month = _busy()[-60:].sum() / 2

        found = predict(panel, fit(panel, calendars())).quantiles

        assert (1, *GRID) == found.shape
        assert 0.5 * month < found[0, 2, MEDIAN] < 2 * month
        assert (np.diff(found, axis=2) >= 0).all()

    @pytest.mark.parametrize("back", [[300], [150, 300], [20, 140, 160, 350]])
    def test_one_seller_who_hardly_sold(self, back: list[int]) -> None:
        """A market in which nobody sold after some horizon's origins has a forecast."""
        panel = panel_of(_series(**{f"d{days}": 900.0 for days in back})[None])

        found = predict(panel, fit(panel, calendars())).quantiles

        assert np.isfinite(found).all()
        assert found.max() <= 1_000 * 900 * len(back)

    def test_pauses_of_four_months(self) -> None:
        """A sale after so long is not as many times larger as a float can hold."""
        sales = np.zeros((2, DAYS))
        sales[0, 5::117], sales[1, 40::118] = 300.0, 9_000.0
        panel = panel_of(sales)

        found = predict(panel, fit(panel, calendars())).quantiles

        assert (found.max(axis=(1, 2)) <= 1_000 * sales.sum(axis=1)).all()

    def test_sparse_sellers_of_every_kind(self) -> None:
        """Small markets of hardly any sales have finite forecasts in order."""
        for seed in range(12):
            random = np.random.default_rng(seed)
            rate = random.choice([0.05, 0.1, 0.5, 1.0], (4, 1))
            sales = np.ceil(random.gamma(1, 100, (4, 300)))
            panel = panel_of(sales * (random.random((4, 300)) < rate))
            found = predict(panel, fit(panel, calendars())).quantiles

            assert np.isfinite(found).all()
            assert (np.diff(found, axis=1) >= 0).all()
            assert (np.diff(found, axis=2) >= 0).all()

    def test_two_currencies_of_one_seller(self) -> None:
        """Euros and yen of one seller are told apart wherever they are read."""
        sales = random_sales(40, 330, seed=2)
        panel = replace(panel_of(sales), seller_ids=np.repeat(market().seller_ids, 2))
        panel = replace(panel, seller_ids=panel.seller_ids[:40])
        renamed = panel_of(sales)

        model = rounded(fit(panel, calendars()))
        found = predict(panel, model).quantiles
        other = predict(renamed, model).quantiles

        assert len(np.unique(panel.seller_ids)) == 20
        assert found.any()
        assert other.tolist() == found.tolist()

    def test_no_sellers(self) -> None:
        """An empty panel teaches nothing, and its forecast has no rows."""
        empty = _nobody()

        model = fit(empty, calendars())

        assert model.horizons == []
        assert (0, *GRID) == predict(empty, model).quantiles.shape
        assert predict(market(), model).is_extrapolated.all()

    def test_no_sellers_in_a_block(self) -> None:
        """A bucket that holds nobody is an empty forecast, not an error."""
        found = predict(_nobody(), blend())

        assert (0, *GRID) == found.quantiles.shape
        assert forecast().is_extrapolated.tolist() == found.is_extrapolated.tolist()

    def test_nothing_but_stopped_sellers(self) -> None:
        """A market that ended half a year ago is expected to stay ended."""
        sales = random_sales(40, DAYS, seed=3)
        sales[:, DAYS - 180 :] = 0.0
        panel = panel_of(sales)

        found = predict(panel, fit(panel, calendars())).quantiles

        assert np.isfinite(found).all()
        assert found[:, :, MEDIAN].sum() < 0.05 * sales[:, -360:-180].sum()

    def test_every_day_closed(self) -> None:
        """Without an open day nothing counts as a day without a sale."""
        panel = market().take(slice(0, 30))
        closed: Panel = replace(panel, is_open=panel.sales > 0)

        found = predict(closed, _closed_model()).quantiles

        assert np.isfinite(found).all()
        assert found[1:].any()


def _nobody() -> Panel:
    return market().take(np.array([], dtype=np.int64))


@cache
def _closed_model() -> Model:
    panel = replace(market(), is_open=market().sales > 0)
    return rounded(fit(panel, calendars()))


class TestBrokenRows:
    """Rows that cannot be, each an error that names its series and day."""

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            (
                (1, END_DATE + timedelta(1), 5),
                (
                    "anna in JPY on 2026-11-01, 5 minor units, is later than the"
                    " panel's last day, 2026-10-31"
                ),
            ),
            (
                (1, END_DATE, -5),
                (
                    "anna in JPY on 2026-10-31, -5 minor units, is negative; repayable"
                    " sales are 0 or more"
                ),
            ),
        ],
        ids=["future", "negative"],
    )
    def test_a_future_or_a_negative_day(
        self, row: tuple[int, object, int], expected: str
    ) -> None:
        """Neither is dropped or turned into something else."""
        with pytest.raises(ValueError, match=expected):
            build_panel(flows((0, END_DATE, 1), row), WANTED, END_DATE, 30)

    def test_a_duplicate(self) -> None:
        """Two rows of a day are not added, nor does the last one win."""
        rows = flows((0, END_DATE, 7), (1, END_DATE, 8), (1, END_DATE, 8))

        with pytest.raises(
            ValueError, match="anna in JPY on 2026-10-31, 8 minor units, is the second"
        ):
            build_panel(rows, WANTED, END_DATE, 30)

    def test_a_missing_amount(self) -> None:
        """No amount is not an amount of zero."""
        rows = flows((0, END_DATE, 7), (1, END_DATE, None))

        with pytest.raises(ValueError, match="flows have no repayable_minor in 1 rows"):
            build_panel(rows, WANTED, END_DATE, 30)

    @pytest.mark.parametrize("amount", [float("nan"), float("inf")])
    def test_an_amount_that_is_no_number(self, amount: float) -> None:
        """NaN and infinity are refused where the column could hold them."""
        rows = flows((0, END_DATE, 7)).set_column(
            2, "repayable_minor", pa.array([amount], pa.float64())
        )

        with pytest.raises(ValueError, match="of type double; expected whole minor"):
            build_panel(rows, WANTED, END_DATE, 30)


@pytest.mark.parametrize("days", [60, 330])
def test_the_baseline_stands_the_same_markets(days: int) -> None:
    """The old model is audited every night on what the new one is given."""
    for sales in (np.zeros((3, days)), np.ones((3, days)), np.zeros((0, days))):
        panel = panel_of(sales)
        old = empirical.predict(panel, empirical.fit(panel)).quantiles
        new = predict(panel, fit(panel, calendars()))

        assert old.shape == new.quantiles.shape
        assert np.isfinite(old).all()
        assert np.isfinite(new.quantiles).all()


def test_a_model_of_an_odd_market_is_text_without_nan() -> None:
    """What was learned from constants, or from nobody, can be stored and read."""
    for sales in (np.zeros((3, 200)), np.ones((3, 330)), np.zeros((0, 200))):
        model = fit(panel_of(sales), calendars())

        assert "NaN" not in to_json(model)
        assert "Infinity" not in to_json(model)
        assert to_json(model) == to_json(rounded(model))
