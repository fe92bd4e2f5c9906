"""Offer changes: what is open to each seller beside the night before, and why.

Read from what both nights have stored, and tonight is about to store.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs.night import Night, as_frame, write_of
from jobs.stored_forecasts import as_grid, read_quantiles
from jobs.underwriting.arrays import TextArray
from jobs.underwriting.offer_changes import Side, driver_of, main_driver, waterfall
from jobs.underwriting.reasons import REASONS
from jobs.used_policies import used_policy
from jobs.warehouse.offer_tables import OFFER_CHANGES
from jobs.warehouse.protocol import Warehouse, Write
from jobs.warehouse.table import Type

_ACCOUNT = ["seller_id", "currency_code"]
_TERMS = ["advance_minor", "owed_minor", "target_term_days", "holdback_rate"]
_ORDER = {reason.code: place for place, reason in enumerate(REASONS)}


#: What a column is read back as, so that rows of tonight are as those of other nights.
_ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "rate": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


@dataclass(frozen=True)
class _Ledger:
    """The tables of both nights; those of tonight that are not stored yet, as made."""

    warehouse: Warehouse
    tonight: date
    made: dict[str, pd.DataFrame]

    def of(self, then: Night, table: str) -> pd.DataFrame:
        """Return the rows of that night, by its policy."""
        if then.as_of_date == self.tonight and table in self.made:
            return self.made[table]
        return as_frame(
            self.warehouse.query(
                f"select * from underwriting.{table} where as_of_date = $as_of_date"
                " and policy_version = $policy_version",
                as_of_date=then.as_of_date,
                policy_version=then.policy.policy_version,
            )
        )


def changes_of(night: Night, writes: Sequence[Write], warehouse: Warehouse) -> Write:
    """Return the write of the night's changes; on a first night there are none.

    ``writes`` are the night's offers and evaluations, so that all of them can be
    written in one transaction with why they changed.
    """
    made = {write.table.name: _as_stored(write) for write in writes}
    ledger = _Ledger(warehouse, night.as_of_date, made)
    nothing = pd.DataFrame(columns=list(OFFER_CHANGES.columns))
    opened = ledger.of(night, "advance_offers")
    earlier = ledger.of(night, "open_offers")
    last = _night_before(night, warehouse)
    if last is None or (opened.empty and earlier.empty):
        return write_of(night, OFFER_CHANGES, nothing)
    changed = _changed(opened, earlier)
    if changed.empty:
        return write_of(night, OFFER_CHANGES, nothing)
    is_older = changed["opened_date_before"] < pd.Timestamp(last.as_of_date)
    is_kept = changed["outcome_after"] == "kept"
    before = _side(changed, "before", is_older, last, ledger)
    after = _side(changed, "after", is_kept, night, ledger)
    shares = waterfall(before, after)
    change = after.shown_minor - before.shown_minor
    kinds = {
        "appeared": before.shown_minor == 0,
        "vanished": after.shown_minor == 0,
        "grew": change > 0,
        "shrank": change < 0,
    }
    rows = changed.assign(
        **shares,
        as_of_date=pd.Timestamp(night.as_of_date),
        before_date=pd.Timestamp(last.as_of_date),
        kind=np.select(list(kinds.values()), list(kinds), default="changed"),
        driver=main_driver(shares, change),
        change_minor=change,
        **night.versions,
    )
    return write_of(night, OFFER_CHANGES, rows)


def _as_stored(write: Write) -> pd.DataFrame:
    """Return the rows of a write as they will be read, even where there are none."""
    if not isinstance(write.rows, pa.Table):
        message = "The night's offers are written from memory, not from files."
        raise TypeError(message)
    columns = [(name, _ARROW[kind]) for name, kind in write.table.columns.items()]
    schema = pa.schema(columns)
    return as_frame(write.rows.select(schema.names).cast(schema))


def _changed(opened: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Return the sellers whose largest offer is another than when the night began."""
    opened = opened.assign(opened_date=opened["as_of_date"], outcome="opened")
    kept = earlier[earlier["outcome"] == "kept"]
    found = _largest(earlier).merge(
        _largest(opened if kept.empty else pd.concat([kept, opened])),
        on=_ACCOUNT,
        how="outer",
        suffixes=("_before", "_after"),
    )
    for side in ("before", "after"):
        minor = found[f"advance_minor_{side}"].fillna(0).astype("int64")
        found[f"{side}_minor"] = minor
    # An offer renewed on its last day on the same terms is no change to its seller.
    is_same = pd.Series(data=True, index=found.index)
    for name in _TERMS:
        is_same &= found[f"{name}_before"] == found[f"{name}_after"]
    return found[~is_same].sort_values(_ACCOUNT, ignore_index=True)


def _largest(offers: pd.DataFrame) -> pd.DataFrame:
    columns = [*_ACCOUNT, *_TERMS, "opened_date", "outcome"]
    ordered = offers.sort_values([*_ACCOUNT, "advance_minor", "offer_id"])
    return ordered.drop_duplicates(_ACCOUNT, keep="last")[columns]


def _night_before(night: Night, warehouse: Warehouse) -> Night | None:
    """Return the last night that decided anything, by its last policy."""
    (found,) = warehouse.query(
        "select max(as_of_date) as newest from underwriting.eligibility_decisions"
        " where as_of_date < $as_of_date",
        as_of_date=night.as_of_date,
    ).to_pylist()
    if found["newest"] is None:
        return None
    (last,) = warehouse.query(
        "select max(policy_version) as version from underwriting.eligibility_decisions"
        " where as_of_date = $as_of_date",
        as_of_date=found["newest"],
    ).to_pylist()
    policy = used_policy(last["version"], warehouse)
    return replace(night, as_of_date=found["newest"], policy=policy)


def _side(
    changed: pd.DataFrame,
    name: str,
    is_promised: pd.Series,
    then: Night,
    ledger: _Ledger,
) -> Side:
    """Return what sizing read of the changed sellers on that night.

    What was promised on another night stands apart from the night's own size.
    """
    accounts = changed[_ACCOUNT]
    health = as_frame(
        ledger.warehouse.query(
            "select seller_id, currency_code, tenure_days, repayable_91_days_minor,"
            " repayable_364_days_minor from cash_flow.fct_seller_health_daily"
            " where as_of_date = $as_of_date",
            as_of_date=then.as_of_date,
        )
    )
    return Side(
        accounts.merge(health, on=_ACCOUNT, how="left").fillna(0),
        as_grid(read_quantiles(then, ledger.warehouse), accounts, may_lack=True),
        then.policy,
        changed[f"{name}_minor"].to_numpy(),
        np.where(is_promised, "promise", _barred_by(accounts, then, ledger)),
    )


def _barred_by(accounts: pd.DataFrame, then: Night, ledger: _Ledger) -> TextArray:
    """Return the driver of what stood between each seller's size and its offer.

    The first failed rule in the order of the catalogue; else, where no tier was
    offered, why the first one was not; else the budget or a cap.
    """
    failed = ledger.of(then, "eligibility_reasons")
    tiers = ledger.of(then, "offer_evaluations")
    is_offered = tiers["outcome"].isin(["offered", "kept"]).groupby(_keys(tiers)).any()
    refused = tiers[~_keys(tiers).map(is_offered).to_numpy(dtype=bool)]
    ended = ledger.of(then, "open_offers")
    accepted = ended[ended["accepted_offer_id"].notna()]
    first = pd.concat(
        [
            accepted.assign(reason_code="ADVANCE_ACCEPTED", place=-1),
            failed.assign(place=failed["reason_code"].map(_ORDER)),
            refused.assign(place=len(_ORDER) + refused["target_term_days"]),
            tiers[tiers["reason_code"] == "BUDGET_EXHAUSTED"].assign(place=10**6),
        ]
    ).sort_values("place", kind="stable")
    codes = first.drop_duplicates(_ACCOUNT)[[*_ACCOUNT, "reason_code"]]
    found = accounts.merge(codes, on=_ACCOUNT, how="left")["reason_code"]
    drivers = [driver_of(code) if isinstance(code, str) else "cap" for code in found]
    return np.array(drivers, dtype=object)


def _keys(rows: pd.DataFrame) -> pd.Series:
    return rows["seller_id"] + "\n" + rows["currency_code"]
