"""Warn: list the open advances whose seller shows signs of trouble; keep the list.

It stops nothing and changes no offer: a person looks, most money at risk first.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.night import Night, as_frame, read_health, write_of
from jobs.past_forecast import read_past_grid
from jobs.stored_forecasts import as_grid, read_quantiles
from jobs.underwriting.arrays import BooleanArray
from jobs.underwriting.distribution import QuantileGrid
from jobs.underwriting.early_warning import find_signs, rank_warnings
from jobs.underwriting.policy import Warnings
from jobs.warehouse.book_tables import EARLY_WARNINGS
from jobs.warehouse.protocol import Warehouse

_KEY = ["seller_id", "currency_code"]
#: Sums of daily cash flows: of recent days, and of the usual days before them.
_SURGES = ("captured", "refunded", "charged_back")
_SUMS = [
    f"cast(sum(case when flow_date {when} then {name}_minor else 0 end) as int64)"
    f" as {part}_{name}_minor"
    for part, when in (("recent", "> $recent"), ("usual", "<= $recent"))
    for name in _SURGES
]


@dataclass(frozen=True)
class Warned:
    """How many open advances were looked at, and the warnings by currency and rank.

    ``unpaid_count`` of them are accepted and still to be paid out, so that the book
    does not have them yet. ``warnings`` has the columns of their table.
    """

    advance_count: int
    unpaid_count: int
    warnings: pd.DataFrame


def warn(night: Night) -> Warned:
    """Look for signs of trouble; replace the night's warnings, and say how many.

    A policy without ``[warnings]`` has none. Raises DataError where the marts or the
    forecasts of the night are missing.
    """
    rules = night.policy.warnings
    with night.warehouse() as warehouse:
        health = read_health(night, warehouse)
        advances = _read_advances(warehouse)
        found = _no_warnings()
        if rules is not None and not advances.empty:
            accounts = _read_accounts(night, warehouse, _owing(health, advances), rules)
            past, is_forecast = _read_past(night, warehouse, accounts, rules)
            accounts = accounts.assign(is_forecast=is_forecast)
            forecast = as_grid(
                read_quantiles(night, warehouse), advances, may_lack=True
            )
            signs = find_signs(accounts, past, rules)
            found = rank_warnings(advances, forecast, accounts, signs)
        rows = found.assign(
            as_of_date=pd.Timestamp(night.as_of_date),
            data_as_of=health["data_as_of"].max(),
            **night.versions,
        )
        warehouse.replace([write_of(night, EARLY_WARNINGS, rows)])
    unpaid_count = int(advances["is_unpaid"].sum())
    unpaid = f" ({unpaid_count:,} still to be paid out)" if unpaid_count else ""
    night.say(
        f"{len(rows):,} of {len(advances):,} open advances{unpaid} show signs of"
        " trouble"
    )
    return Warned(len(advances), unpaid_count, rows[list(EARLY_WARNINGS.columns)])


def _no_warnings() -> pd.DataFrame:
    """Return no rows, in types that hold for none at all."""
    kinds = {"integer": "int64", "text": "str", "date": "str", "timestamp": "str"}
    columns = EARLY_WARNINGS.columns.items()
    return pd.DataFrame({name: pd.Series(dtype=kinds[kind]) for name, kind in columns})


def _owing(health: pd.DataFrame, advances: pd.DataFrame) -> pd.DataFrame:
    """Return every account of the night, and those that only owe an advance.

    An advance in a currency in which nothing has moved yet has no health row.
    """
    entities = health.groupby("seller_id")["legal_entity_id"].first()
    accounts = pd.concat([health[_KEY], advances[_KEY]], ignore_index=True)
    accounts = accounts.drop_duplicates(ignore_index=True)
    entity = accounts["seller_id"].map(entities).fillna(accounts["seller_id"])
    return accounts.assign(legal_entity_id=entity)


def _read_past(
    night: Night, warehouse: Warehouse, accounts: pd.DataFrame, rules: Warnings
) -> tuple[QuantileGrid, BooleanArray]:
    """Return what was forecast of the sales to compare; say where nothing was."""
    last = min(day for day in HORIZONS_DAYS if day >= rules.sales_days)
    past, is_forecast = read_past_grid(
        night, warehouse, accounts, last, rules.sales_days
    )
    if not is_forecast.any():
        day = night.as_of_date - timedelta(days=rules.sales_days)
        night.say(f"Low sales were not looked for: no forecasts of {day} are stored")
    return past, is_forecast


def _read_advances(warehouse: Warehouse) -> pd.DataFrame:
    """Return the open advances with a balance; an undisbursed one is owed in full."""
    return as_frame(
        warehouse.query(
            "select advance_id, seller_id, currency_code, balance_minor,"
            " current_holdback_rate as holdback_rate, disbursed_at is null as is_unpaid"
            " from cash_flow.fct_advances where is_open and balance_minor > 0"
            " order by advance_id"
        )
    )


def _read_accounts(
    night: Night, warehouse: Warehouse, accounts: pd.DataFrame, rules: Warnings
) -> pd.DataFrame:
    """Return the accounts, in their order, with everything signs are measured on."""
    flows = warehouse.query(
        "select seller_id, currency_code, cast(sum(case when flow_date > $sold then"
        f" repayable_minor else 0 end) as int64) as sold_minor, {', '.join(_SUMS)}"
        " from cash_flow.fct_seller_cash_flows_daily"
        " where flow_date > $first and flow_date <= $as_of_date"
        " group by seller_id, currency_code",
        sold=night.as_of_date - timedelta(days=rules.sales_days),
        recent=night.as_of_date - timedelta(days=rules.surge_days),
        first=night.as_of_date - timedelta(days=rules.surge_days + rules.usual_days),
        as_of_date=night.as_of_date,
    )
    payouts = warehouse.query(
        "select seller_id, currency_code, count(*) as failed_payouts_count"
        " from cash_flow.fct_payouts where payout_status in ('failed', 'returned')"
        # A payout that was returned may have been initiated long before.
        " and cast(updated_at as date) > $after group by seller_id, currency_code",
        after=night.as_of_date - timedelta(days=rules.event_days),
    )
    restricted = as_frame(
        warehouse.query("select seller_id, restricted_at from cash_flow.dim_sellers")
    )
    rows = (
        accounts.merge(as_frame(flows), on=_KEY, how="left")
        .merge(as_frame(payouts), on=_KEY, how="left")
        .merge(restricted, on="seller_id", how="left")
    )
    began = pd.to_datetime(rows["restricted_at"]).dt.normalize()
    days = (pd.Timestamp(night.as_of_date) - began).dt.days
    sums = [name for name in rows.columns if name.endswith(("_minor", "_count"))]
    return rows.assign(
        restricted_days=days.to_numpy(dtype=np.float64, na_value=np.nan),
        **{name: rows[name].fillna(0).astype("int64") for name in sums},
    )
