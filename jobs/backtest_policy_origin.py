"""Decide at a past origin as on that night, for a backtest of policies."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobs.backtest_origins import known_at
from jobs.calendars import calendars_of
from jobs.forecasters import FORECASTERS
from jobs.forecasting.grid import PROBABILITIES
from jobs.forecasting.panel import Panel
from jobs.underwriting.as_of_health import health_of_sales, passes_gate
from jobs.underwriting.distribution import (
    QuantileGrid,
    QuantileLine,
    line_at_day,
    quantile_line,
    repair,
)
from jobs.underwriting.offers import first_book, make_offers
from jobs.underwriting.policy import Policy, Tier
from jobs.underwriting.policy_backtest import Cases, Lending, Promise

_KEY = ["seller_id", "currency_code"]


@dataclass(frozen=True)
class Decided:
    """One origin: the cases, and for each policy its lending and its forecast."""

    known_count: int
    cases: Cases
    lendings: list[Lending]
    promises: list[Promise]


def decide_at(
    panel: Panel,
    policies: list[Policy],
    origin: tuple[int, date],
    window_days: int,
) -> Decided | None:
    """Decide at one origin as on that night; None where nobody could be lent to."""
    number, day = origin
    known = known_at(panel, day)
    names = pd.DataFrame(
        {
            "seller_id": known.seller_ids,
            "currency_code": known.currency_codes,
            "country_code": known.country_codes,
        }
    )
    age_days = known.days - known.birth_index
    health = health_of_sales(names, known.sales.astype(np.float64), age_days, day)
    gate = passes_gate(health, policies[0], policies[0].tiers[0], day)
    places = np.flatnonzero(gate)
    if not len(places):
        return None
    rows = health.iloc[places].reset_index(drop=True)
    unit = (
        policies[0]
        .currency_amounts(rows["currency_code"], "minimum_advance_minor")
        .astype(np.float64)
    )
    models = {policy.forecast.model_version for policy in policies}
    grids = _forecasts(known, places, models)
    lendings, promises = [], []
    for policy in policies:
        grid = grids[policy.forecast.model_version]
        if _is_unlearned(grid, policy.tiers[0]):
            return None
        lendings.append(_lend(rows, grid, policy, day, unit))
        promises.append(_promise(grid, policy.tiers[0], window_days, unit))
    later = panel.sales[places, known.days : known.days + window_days]
    sold = np.cumsum(later, axis=1, dtype=np.float64) / unit[:, None]
    sellers = np.unique(panel.seller_ids, return_inverse=True)[1][places]
    cases = Cases(rows, np.full(len(rows), number), sellers, unit, sold)
    return Decided(int((age_days > 0).sum()), cases, lendings, promises)


def _forecasts(
    known: Panel, places: NDArray[np.int64], model_versions: set[str]
) -> dict[str, QuantileGrid]:
    """Fit each forecaster on what was known and forecast the sellers at ``places``."""
    countries = set(known.country_codes.tolist())
    calendars = calendars_of(countries, known.start_date, known.end_date)
    grids = {}
    for model_version in model_versions:
        forecaster = FORECASTERS[model_version]
        model = forecaster.fit(known, calendars)
        forecast = forecaster.predict(known.take(places), model)
        shape = (len(places), len(forecast.horizons_days))
        grids[model_version] = QuantileGrid(
            np.floor(forecast.quantiles),
            np.array(forecast.horizons_days, dtype=np.int64),
            np.array(PROBABILITIES),
            np.broadcast_to(forecast.is_extrapolated, shape),
        )
    return grids


def _is_unlearned(grid: QuantileGrid, tier: Tier) -> bool:
    """Whether the forecast can serve nobody: then no rule of thumb is asked either."""
    is_guessed = grid.extrapolated_at(tier.target_term_days)
    is_refused = is_guessed & tier.needs_matured_horizon
    return bool((is_refused | grid.extrapolated_at(1)).all())


def _lend(
    rows: pd.DataFrame,
    grid: QuantileGrid,
    policy: Policy,
    day: date,
    unit: NDArray[np.float64],
) -> Lending:
    """Offer as on a first night without a budget, and let every offer be accepted."""
    offers = make_offers(rows, grid, policy, day, first_book(rows)).offers
    found = rows[_KEY].merge(offers, on=_KEY, how="left")
    return Lending(
        policy.policy_version,
        found["advance_minor"].fillna(0).to_numpy(dtype=np.float64) / unit,
        found["owed_minor"].fillna(0).to_numpy(dtype=np.float64) / unit,
        policy.sizing.holdback_rate,
    )


def _promise(
    grid: QuantileGrid, tier: Tier, window_days: int, unit: NDArray[np.float64]
) -> Promise:
    line = quantile_line(repair(grid))
    scaled = QuantileLine(line.edges, np.asarray(line.values) / unit[:, None])
    return Promise(
        line_at_day(scaled, grid.horizons_days, tier.target_term_days),
        line_at_day(scaled, grid.horizons_days, window_days),
        grid.extrapolated_at(tier.target_term_days),
    )
