"""Tiny builders of flows and panels for the forecasting tests."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.forecasting.panel import Panel

END_DATE = date(2026, 10, 31)
CURRENCIES = ("EUR", "JPY")

Flow = tuple[str, str, date, int]


def flows(*rows: Flow) -> pa.Table:
    """Return a flow table of (seller, currency, date, repayable amount)."""
    seller_ids, currency_codes, dates, amounts = zip(*rows, strict=True)
    return pa.table(
        {
            "seller_id": pa.array(seller_ids, pa.string()),
            "currency_code": pa.array(currency_codes, pa.string()),
            "flow_date": pa.array(dates, pa.date32()),
            "repayable_minor": pa.array(amounts, pa.int64()),
        }
    )


def series(*rows: tuple[str, str]) -> pa.Table:
    """Return the wanted series as a table."""
    return pa.table(
        {
            "seller_id": pa.array([row[0] for row in rows], pa.string()),
            "currency_code": pa.array([row[1] for row in rows], pa.string()),
        }
    )


def panel_of(sales: NDArray[np.float64]) -> Panel:
    """Return a panel of these sales; sellers alternate between EUR and JPY."""
    count, days = sales.shape
    has_sold = sales.any(axis=1)
    return Panel(
        seller_ids=np.array([f"seller-{row:04d}" for row in range(count)], "<U11"),
        currency_codes=np.array([CURRENCIES[row % 2] for row in range(count)], "<U3"),
        start_date=END_DATE - timedelta(days=days - 1),
        end_date=END_DATE,
        sales=sales.astype(np.float64),
        birth_index=np.where(has_sold, (sales > 0).argmax(axis=1), days),
    )


def random_panel(count: int = 60, days: int = 240, seed: int = 7) -> Panel:
    """Return sellers of every age and activity; the first never sold."""
    random = np.random.default_rng(seed)
    activity = random.beta(0.6, 0.8, count)
    typical = np.exp(random.normal(7, 1.5, count))
    birth = random.integers(0, days - 10, count)
    stop = birth + random.integers(40, 2 * days, count)
    day = np.arange(days)
    amounts = np.ceil(random.gamma(1.5, typical[:, None], (count, days)))
    is_sale_day = random.random((count, days)) < activity[:, None]
    is_alive = (day >= birth[:, None]) & (day < stop[:, None])
    sales = np.where(is_sale_day & is_alive, amounts, 0.0)
    sales[0] = 0.0
    return panel_of(sales)


@cache
def mixed_panel() -> Panel:
    """Return 120 sellers over 420 days, rich enough for every level of cells."""
    return random_panel(count=120, days=420)


def cut_panel(panel: Panel, end_date: date) -> Panel:
    """Return the panel as it was known on an earlier day of it, ``end_date``."""
    days = (end_date - panel.start_date).days + 1
    return Panel(
        panel.seller_ids,
        panel.currency_codes,
        panel.start_date,
        end_date,
        panel.sales[:, :days],
        np.minimum(panel.birth_index, days),
    )


def scaled(panel: Panel, factor: int) -> Panel:
    """Return the panel with every sale multiplied by ``factor``."""
    return Panel(
        panel.seller_ids,
        panel.currency_codes,
        panel.start_date,
        panel.end_date,
        panel.sales * factor,
        panel.birth_index,
    )


def cell_by_hand(age: int, zero_share: float, idle: int) -> tuple[int, int, int]:
    """Count the edges at or below each value."""
    return (
        sum(age >= edge for edge in (90, 180)),
        sum(zero_share >= edge for edge in (0.05, 0.25, 0.5, 0.75, 0.9, 0.95)),
        sum(idle >= edge for edge in (7, 30)),
    )
