"""Simulate: what an advance would cost a seller, and what if sales change.

Reads the night's stored forecast of one seller; writes nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jobs.night import Night
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError
from jobs.stored_forecasts import as_grid, read_quantiles
from jobs.underwriting.disclosure import shown_percent
from jobs.underwriting.money import format_minor, to_minor
from jobs.underwriting.scenarios import SCENARIOS
from jobs.underwriting.simulation import Simulation, Slider, simulate

_TITLES = {
    "sales_down_30": "sales -30 %",
    "flat": "as forecast",
    "sales_up_20": "sales +20 %",
    "lost_month": "a lost month",
}


@dataclass(frozen=True)
class Asked:
    """What the command line asks; None is the policy's own."""

    seller_id: str
    advance: str
    currency_code: str | None
    term_days: int | None
    holdback_rate: float | None


@dataclass(frozen=True)
class Simulated:
    """One seller's answer beside what was asked."""

    night: Night
    seller_id: str
    slider: Slider
    answer: Simulation


def simulate_seller(night: Night, asked: Asked) -> Simulated:
    """Answer for one seller of the night.

    Raises DataError where the seller has no forecast, and ConfigurationError where
    what is asked for cannot be.
    """
    with night.warehouse() as warehouse:
        stored = read_quantiles(night, warehouse, asked.seller_id)
    code = _currency(night, asked, sorted(stored["currency_code"].unique()))
    slider = _slider(night, asked, code)
    wanted = pd.DataFrame({"seller_id": [asked.seller_id], "currency_code": [code]})
    try:
        answer = simulate(as_grid(stored, wanted), slider, night.policy)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    return Simulated(night, asked.seller_id, slider, answer)


def _currency(night: Night, asked: Asked, known: list[str]) -> str:
    """Return the currency asked for, or the only one the seller has a forecast in."""
    if not known:
        message = (
            f"seller {asked.seller_id} has no forecast of {night.as_of_date} by"
            f" {night.versions['model_version']}: no such seller, nothing sold yet, or"
            " `advances forecast predict` has not run for every bucket"
        )
        raise DataError(message)
    if asked.currency_code in known:
        return asked.currency_code
    if asked.currency_code is not None:
        message = (
            f"seller {asked.seller_id} has no forecast in {asked.currency_code};"
            f" there is one in {', '.join(known)}"
        )
        raise DataError(message)
    if len(known) > 1:
        message = f"seller {asked.seller_id} sells in {', '.join(known)}"
        advice = "give --currency"
        raise ConfigurationError(message, advice)
    return known[0]


def _slider(night: Night, asked: Asked, code: str) -> Slider:
    policy = night.policy
    if code not in policy.currencies:
        message = f"the policy {policy.policy_version} makes no advances in {code}"
        raise ConfigurationError(message)
    try:
        advance = to_minor(asked.advance, code)
    except ValueError as error:
        message = f"--advance: {error}"
        raise ConfigurationError(message) from error
    most = policy.currencies[code].maximum_advance_minor
    if not 0 < advance <= most:
        message = (
            f"--advance: expected more than 0 and at most {format_minor(most, code)},"
            f" got {format_minor(advance, code)}"
        )
        raise ConfigurationError(message)
    term, rate = asked.term_days, asked.holdback_rate
    return Slider(
        currency_codes=pd.Series([code]),
        advance_minor=np.array([advance]),
        term_days=policy.tiers[0].target_term_days if term is None else term,
        holdback_rate=policy.sizing.holdback_rate if rate is None else rate,
    )


def as_json(found: Simulated) -> dict[str, Any]:
    """Return the terms, and for each scenario how they are repaid; null is unknown."""
    slider, answer, policy = found.slider, found.answer, found.night.policy
    advance, fee = int(slider.advance_minor[0]), int(answer.fee_minor[0])
    is_dear, minimums = bool(answer.is_price_above_cap[0]), policy.minimums
    return {
        "seller_id": found.seller_id,
        "as_of_date": found.night.as_of_date.isoformat(),
        "currency_code": slider.currency_codes.iloc[0],
        "advance_minor": advance,
        "fee_minor": None if is_dear else fee,
        "owed_minor": None if is_dear else advance + fee,
        "fee_rate": None if is_dear else fee / advance,
        "fee_cap_rate": policy.pricing.fee_cap_rate,
        "is_price_above_cap": is_dear,
        "holdback_rate": slider.holdback_rate,
        "term_days": slider.term_days,
        "minimum_minor": int(answer.minimum_minor[0])
        if minimums and not is_dear
        else None,
        "minimum_interval_days": minimums.interval_days if minimums else None,
        "policy_version": found.night.versions["policy_version"],
        "model_version": found.night.versions["model_version"],
        "apr_method": "us, underwriting, unit period day",
        "scenarios": [
            {"scenario": name, **_figures(answer, place)}
            for place, name in enumerate(SCENARIOS)
        ],
    }


def _figures(answer: Simulation, place: int) -> dict[str, float | None]:
    """Return one scenario's figures; None in the place of NaN, whole days."""
    found = {
        name: float(values[0, place])
        for name, values in answer._asdict().items()
        if values.ndim > 1
    }
    return {name: _number(name, value) for name, value in found.items()}


def _number(name: str, value: float) -> float | None:
    if math.isnan(value):
        return None
    return int(value) if name.endswith("_days") else value


def as_lines(found: Simulated) -> list[str]:
    """Return the same for a person."""
    told = as_json(found)
    code, rate = told["currency_code"], f"{told['holdback_rate']:.0%}"
    advance = format_minor(told["advance_minor"], code)
    what = f"{advance} to {told['seller_id']} on {told['as_of_date']}, holdback {rate}"
    if told["is_price_above_cap"]:
        cap = f"{told['fee_cap_rate']:.0%}"
        return [what, f"  price above the cap: no fee up to {cap} pays for it"]
    fee, owed = (format_minor(told[f"{key}_minor"], code) for key in ("fee", "owed"))
    lines = [what, f"  fee {fee} ({told['fee_rate']:.1%}), owed {owed}"]
    if told["minimum_minor"] is not None:
        least = format_minor(told["minimum_minor"], code)
        lines.append(f"  minimum {least} every {told['minimum_interval_days']} days")
    return lines + [_line(each, told["term_days"]) for each in told["scenarios"]]


def _line(each: dict[str, Any], term_days: int) -> str:
    days = "/".join(
        _days(each[f"repayment_{name}_days"]) for name in ("p10", "p50", "p90")
    )
    apr, missed = each["apr_percent"], each["missed_minimum_rate"]
    rate = "none" if apr is None else f"{shown_percent(apr)} %"
    parts = [
        f"  {_TITLES[each['scenario']]:<12}  repaid on day {days} (p10/p50/p90),",
        f"by day {term_days} with {each['repayment_probability_rate']:.0%};",
        f"APR {rate} over an estimated {_days(each['estimated_term_days'])} days",
    ]
    if missed is not None:
        parts.append(f"; a minimum missed with {missed:.1%}")
    return " ".join(parts).replace(" ;", ";")


def _days(value: int | None) -> str:
    return "beyond" if value is None else str(value)
