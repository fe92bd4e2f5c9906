"""The golden night: the sellers and open offers of two tables, through the pure core.

``sellers.csv`` has a line a seller and currency. A seller is the healthy one of the
builders at its own daily sales; ``differs`` names what else is so, as in
``days_since_last_sale=15``. Empty columns are: a forecast of today's sales, a spread
of 0.3, no risk that sales stop, every horizon known, and the same forecast 28 days ago.
``open_offers.csv`` has what was open when the night began.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from unit.underwriting.builders import (
    AS_OF_DATE,
    DAILY,
    HORIZONS,
    PROBABILITIES,
    USUAL,
    grid,
    health,
    policy,
)

from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.eligibility import Evaluation, evaluate
from jobs.underwriting.guard import LIMIT, find_unusual
from jobs.underwriting.guarded_offers import Inputs, guarded_offers
from jobs.underwriting.offers import Book, Offers
from jobs.underwriting.policy import Policy
from jobs.underwriting.promise import review

HERE = Path(__file__).parent
ACCOUNT = ["seller_id", "currency_code"]
#: Pounds are there for what the policy in force makes too rare for a short book: a
#: budget that two sellers exhaust, and a fixed cost that makes small advances dear.
ODD_CURRENCY = "GBP"
ODD_AMOUNTS = {"nightly_budget_minor": 1_000_000, "servicing_fixed_minor": 2_400}


@dataclass(frozen=True)
class GoldenNight:
    """What the pure core makes of the sellers, in the order of ``sellers.csv``."""

    policy: Policy
    sellers: pd.DataFrame
    evaluation: Evaluation
    findings: pd.DataFrame
    offers: Offers


def golden_policy() -> Policy:
    """Return the policy in force, but for two amounts in pounds."""
    rules = policy()
    pounds = rules.currencies[ODD_CURRENCY].model_copy(update=ODD_AMOUNTS)
    currencies = rules.currencies | {ODD_CURRENCY: pounds}
    return rules.model_copy(update={"currencies": currencies})


def golden_night(rules: Policy, nudge: float = 1.0) -> GoldenNight:
    """Run the night under a policy; every quantile is multiplied by ``nudge``."""
    if rules.guard is None:
        message = "The golden night needs a policy with a guard."
        raise ValueError(message)
    sellers = read_sellers()
    rows = health(*(_health_row(line) for line in sellers.to_dict("records")))
    today, past = (
        forecast(sellers, name, nudge)
        for name in ("forecast_daily_minor", "past_daily_minor")
    )
    evaluation = evaluate(rows, rules, AS_OF_DATE)
    everyone = np.ones(len(rows), dtype=bool)
    decided = rows[ACCOUNT].merge(evaluation.decisions, on=ACCOUNT)["outcome"]
    is_eligible = (decided == "eligible").to_numpy()
    eligible = rows[is_eligible]
    found = find_unusual(rows, past, everyone, rules.guard)
    findings = found.merge(eligible[ACCOUNT], on=ACCOUNT)
    limits = findings.loc[findings["verdict"] == LIMIT, ACCOUNT]
    places = limits.merge(rows[ACCOUNT].reset_index(), on=ACCOUNT, how="left")["index"]
    reviewed = review(read_open_offers(rows), evaluation.reasons, AS_OF_DATE, rows)
    inputs = Inputs(
        eligible,
        today.take(np.flatnonzero(is_eligible)),
        Book(rows, reviewed),
        findings,
        past.take(places.to_numpy(dtype=np.int64)) if len(places) else None,
    )
    offers = guarded_offers(inputs, rules, AS_OF_DATE)
    return GoldenNight(rules, sellers, evaluation, findings, offers)


def read_sellers() -> pd.DataFrame:
    """Return the lines of ``sellers.csv`` with every empty column filled."""
    table = pd.read_csv(HERE / "sellers.csv", keep_default_na=False, na_values=[""])
    today = table["forecast_daily_minor"].fillna(table["sales_daily_minor"])
    return table.assign(
        forecast_daily_minor=today,
        past_daily_minor=table["past_daily_minor"].fillna(today),
        spread=table["spread"].fillna(0.3),
        no_sales_rate=table["no_sales_rate"].fillna(0.0),
        known_days=table["known_days"].fillna(HORIZONS[-1]),
        differs=table["differs"].fillna(""),
    )


def read_open_offers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the open offers as a night reads them, in the currency of the seller."""
    dates = ["opened_date", "expires_date"]
    table = pd.read_csv(HERE / "open_offers.csv", parse_dates=dates)
    texts = ("refilled_advance_id", "accepted_offer_id")
    table = table.astype(dict.fromkeys(texts, "str"))
    known = table[ACCOUNT].merge(rows[ACCOUNT], on=ACCOUNT, how="left", indicator=True)
    if (known["_merge"] != "both").any():
        message = "open_offers.csv names a seller and currency not in sellers.csv."
        raise ValueError(message)
    return table.assign(
        owed_minor=table["advance_minor"] + table["fee_minor"],
        fee_rate=table["fee_minor"] / table["advance_minor"],
    )


def forecast(sellers: pd.DataFrame, level: str, nudge: float = 1.0) -> QuantileGrid:
    """Quantiles of cumulative sales, of the columns of ``sellers.csv``.

    Lognormal around the daily ``level``, as wide as ``spread`` says (see the builders'
    ``grid``); 0 up to the probability ``no_sales_rate`` of selling nothing more; and
    horizons beyond ``known_days`` are marked as extrapolated.
    """
    spreads = zip(sellers[level], sellers["spread"], strict=True)
    each = [grid([float(daily)], float(spread)) for daily, spread in spreads]
    values = np.concatenate([np.asarray(one.values) for one in each]) * nudge
    stops = sellers["no_sales_rate"].to_numpy()[:, None] >= PROBABILITIES
    guessed = sellers["known_days"].to_numpy()[:, None] < HORIZONS
    values = np.where(stops[:, None, :], 0.0, values)
    return QuantileGrid(values, HORIZONS, PROBABILITIES, guessed)


def _health_row(line: dict[str, Any]) -> dict[str, Any]:
    """Return the health row of a line: the healthy seller at these daily sales."""
    daily = int(line["sales_daily_minor"])
    differs = _values(line["differs"].split(), line["seller_id"])
    days = differs.get("tenure_days", 700)
    usual = {
        name: round(value * daily / DAILY[0]) if name.endswith("_minor") else value
        for name, value in USUAL.items()
    }
    return {
        **usual,
        "seller_id": line["seller_id"],
        "legal_entity_id": line["seller_id"],
        "country_code": line["country_code"],
        "currency_code": line["currency_code"],
        "repayable_91_days_minor": daily * min(days, 91),
        "repayable_364_days_minor": daily * min(days, 364),
        **differs,
    }


def _values(pairs: Sequence[str], seller_id: str) -> dict[str, Any]:
    """Read ``name=value``: numbers, true, false and null as in JSON, else a text."""
    known = {*health().columns, *USUAL}
    values = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in known:
            message = f"sellers.csv: {seller_id}: no health row has {name!r}."
            raise ValueError(message)
        try:
            values[name] = json.loads(text)
        except json.JSONDecodeError:
            values[name] = text
    return values
