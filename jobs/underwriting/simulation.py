"""What if: an advance of the asked amount, repaid out of sales that turn out otherwise.

The price is that of the forecast as it stands, since a fee is fixed when the advance is
taken; a scenario changes the sales alone. Everything works on all sellers at once, and
one seller is an array of one.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from jobs.underwriting.arrays import BooleanArray, FloatArray, IntegerArray
from jobs.underwriting.disclosure import disclose_estimates
from jobs.underwriting.distribution import QuantileGrid, quantile_line, repair
from jobs.underwriting.estimate import (
    Minimum,
    agreed_minimum,
    estimate_payments,
    underwriting_pace,
)
from jobs.underwriting.ladder import blocks, whole_fee
from jobs.underwriting.policy import Policy
from jobs.underwriting.pricing import Collections, owed_for_advance
from jobs.underwriting.repayment import (
    missed_minimum_rate,
    repayment_day,
    repayment_probability,
)
from jobs.underwriting.scenarios import SCENARIOS
from jobs.underwriting.sizing import costs_of


@dataclass(frozen=True)
class Slider:
    """What is asked for: amounts in minor units [sellers], one term and one rate."""

    currency_codes: pd.Series
    advance_minor: IntegerArray
    term_days: int
    holdback_rate: float


class Simulation(NamedTuple):
    """The answer, [sellers] and, from ``repayment_p10_days``, [sellers, scenarios].

    The scenarios are those of ``SCENARIOS``, in their order. Where the price is above
    the cap the fee is 0 and the rest NaN. Days are NaN beyond the forecast's horizon.
    ``missed_minimum_rate`` is the chance of missing any minimum within the horizon, NaN
    where the policy asks for none; ``apr_percent`` and ``estimated_term_days`` are of
    the underwriting method, NaN where nothing is ever repaid.
    """

    fee_minor: IntegerArray
    is_price_above_cap: BooleanArray
    minimum_minor: IntegerArray
    repayment_p10_days: FloatArray
    repayment_p50_days: FloatArray
    repayment_p90_days: FloatArray
    repayment_probability_rate: FloatArray
    missed_minimum_rate: FloatArray
    apr_percent: FloatArray
    estimated_term_days: FloatArray


def simulate(grid: QuantileGrid, asked: Slider, policy: Policy) -> Simulation:
    """Price the asked amounts and say how they are repaid in each scenario.

    ``grid`` are the stored quantiles [sellers]. No seller depends on another.

    Raises:
        ValueError: an amount not above 0 or above the currency's maximum, a term
            beyond the grid, or a holdback rate above the policy's hard cap; or rows
            that are not aligned.
        KeyError: a currency the policy does not know.

    """
    _require(grid, asked, policy)
    parts = [
        _block(
            repair(grid.take(part)),
            replace(
                asked,
                currency_codes=asked.currency_codes.iloc[part],
                advance_minor=asked.advance_minor[part],
            ),
            policy,
        )
        for part in blocks(len(grid.values))
    ]
    return Simulation(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _require(grid: QuantileGrid, asked: Slider, policy: Policy) -> None:
    count = len(asked.advance_minor)
    if not count == len(grid.values) == len(asked.currency_codes):
        message = f"{count} amounts for quantiles of {len(grid.values)} sellers."
        raise ValueError(message)
    most = policy.currency_amounts(asked.currency_codes, "maximum_advance_minor")
    if (asked.advance_minor <= 0).any():
        message = "An advance must be above 0."
        raise ValueError(message)
    if (asked.advance_minor > most).any():
        message = f"An advance is above the policy's maximum, {most.min()} minor units."
        raise ValueError(message)
    if not 1 <= asked.term_days <= grid.horizons_days[-1]:
        message = f"A term must be of 1 to {grid.horizons_days[-1]} days."
        raise ValueError(message)
    cap = policy.sizing.holdback_hard_cap_rate
    if not 0 < asked.holdback_rate <= cap:
        message = f"A holdback rate must be above 0 and at most {cap}."
        raise ValueError(message)


def _block(grid: QuantileGrid, asked: Slider, policy: Policy) -> Simulation:
    fee, is_dear = _price(grid, asked, policy)
    owed = asked.advance_minor + fee
    minimum = agreed_minimum(owed, policy)
    columns = []
    for scenario in SCENARIOS.values():
        figures = _scenario(scenario(grid), asked, owed, minimum)
        columns.append([np.where(is_dear, np.nan, values) for values in figures])
    return Simulation(
        fee,
        is_dear,
        minimum.amount_minor if minimum else np.zeros_like(fee),
        *(np.column_stack(values) for values in zip(*columns, strict=True)),
    )


def _price(
    grid: QuantileGrid, asked: Slider, policy: Policy
) -> tuple[IntegerArray, BooleanArray]:
    """Fee of the asked amounts, priced as offers are, and whether above the cap."""
    owed = owed_for_advance(
        Collections(quantile_line(grid), grid.horizons_days, asked.holdback_rate),
        asked.advance_minor.astype(np.float64),
        np.full(len(grid.values), np.inf),
        costs_of(asked.currency_codes, grid, policy),
    )
    fee, is_dear = whole_fee(asked.advance_minor, owed, policy.pricing.fee_cap_rate)
    return np.where(is_dear, 0, fee), is_dear


def _scenario(
    grid: QuantileGrid, asked: Slider, owed: IntegerArray, minimum: Minimum | None
) -> tuple[FloatArray, ...]:
    """Figures of one scenario, in the order of ``Simulation`` [sellers]."""
    line, rate, days = quantile_line(grid), asked.holdback_rate, grid.horizons_days
    forecast = (line, days, owed.astype(np.float64), rate)
    pace = underwriting_pace(line, days, rate)
    estimate = estimate_payments(pace, owed, minimum)
    told = disclose_estimates(asked.advance_minor, owed, estimate, "underwriting")
    return (
        *(repayment_day(*forecast, probability) for probability in (0.1, 0.5, 0.9)),
        repayment_probability(*forecast, asked.term_days),
        missed_minimum_rate(*forecast, minimum)
        if minimum
        else np.full(len(owed), np.nan),
        told.apr_percent,
        told.term_days,
    )
