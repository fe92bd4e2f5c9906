"""A panel and the model fitted on it, made once for the tests of the whole forecast."""

from functools import cache

from panels import calendars, random_panel

from jobs.forecasting.grid import Forecast
from jobs.forecasting.model import Model, fit, predict
from jobs.forecasting.panel import Panel
from jobs.forecasting.storage import rounded

COUNT, DAYS = 90, 460


@cache
def market() -> Panel:
    """Return 90 sellers of every kind over 460 days."""
    return random_panel(COUNT, DAYS, seed=11)


@cache
def blend() -> Model:
    """Return what the market teaches, as it is stored."""
    return rounded(fit(market(), calendars()))


@cache
def forecast() -> Forecast:
    """Return the market's forecast."""
    return predict(market(), blend())
