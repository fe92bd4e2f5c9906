"""Tiny builders of flows and panels for the forecasting tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from jobs.forecasting.calendar import Calendars, Event
from jobs.forecasting.panel import Panel

END_DATE = date(2026, 10, 31)
CURRENCIES = ("EUR", "JPY")
COUNTRIES = ("ES", "JP", "FR", "")

Flow = tuple[int, date, float | None]
Series = tuple[str, str, str, date | None]


def flows(*rows: Flow) -> pa.Table:
    """Return a flow table of (row of the series, date, repayable amount)."""
    return pa.table(
        {
            "series_index": pa.array([row[0] for row in rows], pa.int64()),
            "flow_date": pa.array([row[1] for row in rows], pa.date32()),
            "repayable_minor": pa.array([row[2] for row in rows], pa.int64()),
        }
    )


def series(*rows: Series) -> pa.Table:
    """Return the wanted series: (seller, currency, country, date of the first sale)."""
    names = ("seller_id", "currency_code", "country_code", "first_sale_date")
    types = (pa.string(), pa.string(), pa.string(), pa.date32())
    return pa.table(
        {
            name: pa.array([row[place] for row in rows], kind)
            for place, (name, kind) in enumerate(zip(names, types, strict=True))
        }
    )


def panel_of(sales: ArrayLike, birth: Sequence[int] | None = None) -> Panel:
    """Return a panel of these sales, every day open, born at the first sale.

    Sellers alternate between EUR and JPY, and between Spain, Japan, France and nowhere.
    """
    amounts = np.asarray(sales, dtype=np.float32)
    count, days = amounts.shape
    first_sale = np.where(amounts.any(axis=1), (amounts > 0).argmax(axis=1), days)
    row = np.arange(count)
    return Panel(
        seller_ids=np.array([f"seller-{number:04d}" for number in row], "<U11"),
        currency_codes=np.array(CURRENCIES)[row % len(CURRENCIES)],
        country_codes=np.array(COUNTRIES)[row % len(COUNTRIES)],
        start_date=END_DATE - timedelta(days=days - 1),
        end_date=END_DATE,
        sales=amounts,
        birth_index=first_sale if birth is None else np.array(birth, dtype=np.int64),
        is_open=np.ones(amounts.shape, dtype=np.bool_),
    )


def random_sales(count: int, days: int, seed: int) -> NDArray[np.float64]:
    """Return sellers of every age and activity, the yen a hundredfold of the euros.

    The first never sold. Amounts are whole and swing with the week.
    """
    random = np.random.default_rng(seed)
    activity = random.beta(0.6, 0.8, count)
    typical = np.exp(random.normal(6, 1.2, count))
    typical *= np.where(np.arange(count) % 2, 100.0, 1.0)
    birth = random.integers(0, days - 10, count)
    stop = birth + random.integers(40, 2 * days, count)
    day = np.arange(days)
    week = np.array([1.0, 0.9, 1.0, 1.1, 1.3, 1.5, 0.6])[day % 7]
    amounts = random.gamma(1.5, typical[:, None] * week, (count, days))
    is_sale_day = random.random((count, days)) < activity[:, None]
    is_alive = (day >= birth[:, None]) & (day < stop[:, None])
    sales = np.where(is_sale_day & is_alive, np.ceil(amounts), 0.0)
    sales[0] = 0.0
    return sales


def random_panel(count: int = 60, days: int = 240, seed: int = 7) -> Panel:
    """Return a panel of random sellers."""
    return panel_of(random_sales(count, days, seed))


@cache
def mixed_panel() -> Panel:
    """Return 120 sellers over 420 days, rich enough for every level of cells."""
    return random_panel(count=120, days=420)


def cut_panel(panel: Panel, end_date: date) -> Panel:
    """Return the panel as it was known on an earlier day of it, ``end_date``."""
    return panel.cut((end_date - panel.start_date).days + 1)


def scaled(panel: Panel, factor: float, currency_code: str | None = None) -> Panel:
    """Return the panel with all sales, or those in one currency, times ``factor``."""
    is_scaled = (
        np.ones(len(panel.sales), dtype=np.bool_)
        if currency_code is None
        else panel.currency_codes == currency_code
    )
    by_row = np.where(is_scaled, np.float32(factor), np.float32(1))
    return replace(panel, sales=panel.sales * by_row[:, None])


def same_names(panel: Panel, sales: NDArray[np.float32]) -> Panel:
    """Return a panel of the same sellers with other sales and the births they give."""
    first_sale = np.where(sales.any(axis=1), (sales > 0).argmax(axis=1), panel.days)
    return replace(panel, sales=sales, birth_index=first_sale)


def cell_by_hand(age: int, zero_share: float, idle: int) -> tuple[int, int, int]:
    """Count the edges at or below each value."""
    return (
        sum(age >= edge for edge in (90, 180)),
        sum(zero_share >= edge for edge in (0.05, 0.25, 0.5, 0.75, 0.9, 0.95)),
        sum(idle >= edge for edge in (7, 30)),
    )


@cache
def calendars() -> Calendars:
    """Return made-up calendars of Spain and Japan, and of everybody else."""
    years = range(END_DATE.year - 6, END_DATE.year + 3)
    everybody = tuple(
        Event("friday", date(year, 11, 23 + year % 5), 4, 4) for year in years
    )
    feasts = {"ES": (1, 6), "JP": (5, 3)}
    return {"": everybody} | {
        code: (*everybody, *(Event("feast", date(year, *day), 2, 2) for year in years))
        for code, day in feasts.items()
    }
