"""Discrepancies planted into a drawn sample, each on a seller of its own.

A reconciliation is measured on them. Their labels are no table of the input contract.
Whatever a planted repayment moves in the ledger, a correction moves back in the same
payout, so that nothing but what the label says is wrong.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs.sources.sample_columns import Pieces
from jobs.sources.sample_settlements import settlements_of
from jobs.sources.sample_surges import Planting

_CHANGED = ("payouts", "balance_transactions", "advance_repayments")
#: So far from the end everything of a day is settled, and most of it paid out.
_QUIET_DAYS = 10
_LABELS = ("kind", "row_id", "seller_id", "currency_code", "amount_minor")


def with_settlements(
    tables: Iterator[tuple[str, Pieces]], planting: Planting
) -> Iterator[tuple[str, Pieces]]:
    """Yield the tables of a block, then its settlements and labels.

    As many discrepancies of each kind are planted as ``planting`` has turns, fewer
    where too few rows are fit. Without any turns every table is as it was drawn.
    """
    kept: dict[str, Pieces] = {}
    for name, pieces in tables:
        kept[name] = pieces
        if name not in _CHANGED:
            yield name, pieces
    schemas = {name: _plain(kept[name][0].schema) for name in (*_CHANGED, "advances")}
    frames = {name: _frame(kept[name], schema) for name, schema in schemas.items()}
    planted = _Planted(planting.random, frames)
    if planting.turns:
        planted.plant(len(planting.turns))
    for name in _CHANGED:
        if planting.turns:
            frame = getattr(planted, name)
            table = pa.Table.from_pandas(frame, schemas[name], preserve_index=False)
            kept[name] = [table]
        yield name, kept[name]
    yield "settlements", [pa.Table.from_pandas(planted.settlements)]
    if planting.turns:
        labels = pd.DataFrame(planted.labels, columns=list(_LABELS))
        yield "discrepancy_labels", [pa.Table.from_pandas(labels)]


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema with words as text, for rows that other words may join."""
    return pa.schema(
        [
            (f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type)
            for f in schema
        ]
    )


def _frame(pieces: Pieces, schema: pa.Schema) -> pd.DataFrame:
    whole = pa.concat_tables([piece.cast(schema) for piece in pieces])
    frame: pd.DataFrame = whole.to_pandas(date_as_object=False)
    return frame


class _Planted:
    """The frames of a block, and what was changed in them."""

    def __init__(
        self, random: np.random.Generator, frames: dict[str, pd.DataFrame]
    ) -> None:
        self._random = random
        self.payouts = frames["payouts"]
        self.balance_transactions = frames["balance_transactions"]
        self.advance_repayments = frames["advance_repayments"]
        self._advances = frames["advances"]
        self._end = self.balance_transactions["updated_at"].max().ceil("D")
        self.settlements = settlements_of(self.balance_transactions, self._end)
        self.labels: list[tuple[Any, ...]] = []
        self._used: set[str] = set()

    def plant(self, count: int) -> None:
        """Plant so many of each kind; what few rows are fit for comes first."""
        repaid = self._repayments()
        self._holdbacks(repaid, count)
        self._strangers(repaid, count)
        self._payouts(count)
        self._settlements(count)

    def _choose(self, rows: pd.DataFrame, count: int) -> list[dict[str, Any]]:
        """Return random rows, each of a seller that has nothing planted yet."""
        free = rows[~rows["seller_id"].isin(list(self._used))]
        shuffled = free.iloc[self._random.permutation(len(free))]
        chosen = shuffled.drop_duplicates("seller_id").head(count)
        self._used.update(chosen["seller_id"])
        return [dict(zip(chosen.columns, row, strict=True)) for row in _rows(chosen)]

    def _label(self, kind: str, row_id: str, row: dict[str, Any], amount: int) -> None:
        self.labels.append(
            (kind, row_id, row["seller_id"], row["currency_code"], amount)
        )

    def _settlements(self, count: int) -> None:
        quiet = self._end - pd.Timedelta(days=_QUIET_DAYS)
        rows = self.settlements.reset_index(names="place")
        rows = rows[(rows["occurred_at"] < quiet) & (rows["amount_minor"].abs() > 1)]
        extra, lost = [], []
        for row in self._choose(rows, count):
            self.settlements.loc[row["place"], "amount_minor"] += 1
            self._label("amount_differs", row["balance_transaction_id"], row, 1)
        for row in self._choose(rows, count):
            lost.append(row["place"])
            amount = -row["amount_minor"]
            self._label("missing_in_file", row["balance_transaction_id"], row, amount)
        for row in self._choose(rows, count):
            reference = "x" + row["reference"][1:]
            extra.append(row | {"reference": reference})
            self._label("missing_in_ledger", reference, row, row["amount_minor"])
        for row in self._choose(rows, count):
            extra.append(
                row | {"booked_date": row["booked_date"] + pd.Timedelta(days=1)}
            )
            name = row["balance_transaction_id"]
            self._label("duplicated", name, row, row["amount_minor"])
        more = pd.DataFrame(extra, columns=self.settlements.columns)
        left = self.settlements.drop(index=lost)
        self.settlements = pd.concat([left, more], ignore_index=True)

    def _payouts(self, count: int) -> None:
        newest = self.payouts.drop_duplicates("payout_id", keep="last")
        paid = newest[newest["status"] == "paid"]
        for row in self._choose(paid, count):
            same = self.payouts["payout_id"] == row["payout_id"]
            self.payouts.loc[same, "amount_minor"] += 7
            self._label("payout_amount_differs", row["payout_id"], row, 7)
        lines = self.balance_transactions.reset_index(names="place")
        lines = lines[lines["payout_id"].isin(paid["payout_id"])]
        for row in self._choose(lines[lines["kind"] == "commission"], count):
            self.balance_transactions = self.balance_transactions.drop(row["place"])
            # Commission takes: without it the lines are above the payout.
            amount = row["amount_minor"]
            self._label("payout_line_missing", row["payout_id"], row, amount)

    def _repayments(self) -> pd.DataFrame:
        """Return repayments with the seller and the newest state of their advance."""
        owned = ["advance_id", "seller_id", "status", "minimum_minor", "disbursed_at"]
        owned += ["closed_at"]
        newest = self._advances.drop_duplicates("advance_id", keep="last")
        rows = self.advance_repayments.reset_index(names="place")
        return rows.merge(newest[owned], on="advance_id").assign(
            is_open=lambda found: found["status"] == "disbursed"
        )

    def _holdbacks(self, repaid: pd.DataFrame, count: int) -> None:
        """Change holdbacks of open advances without a minimum or a reversal."""
        reversed_ids = repaid.loc[repaid["kind"] == "reversal", "advance_id"]
        rows = repaid[repaid["is_open"] & repaid["minimum_minor"].isna()]
        rows = rows[~rows["advance_id"].isin(reversed_ids)]
        rows = rows[(rows["kind"] == "holdback") & (rows["amount_minor"] > 1)]
        for row in self._choose(rows, count):
            self._move(row, 1)
            self._label("holdback_taken_above", row["advance_repayment_id"], row, 1)
        for row in self._choose(rows, count):
            self._move(row, -row["amount_minor"])
            name = row["advance_repayment_id"]
            self._label("holdback_not_taken", name, row, -row["amount_minor"])
        sold = self.balance_transactions
        sold = sold.loc[sold["kind"] == "sale", ["seller_id", "occurred_at"]]
        days = set(
            zip(sold["seller_id"], sold["occurred_at"].dt.floor("D"), strict=True)
        )
        day = rows["repaid_at"].dt.floor("D") + pd.Timedelta(days=1)
        rows = rows[
            [key not in days for key in zip(rows["seller_id"], day, strict=True)]
            & (day < self._end).to_numpy()
        ]
        for row in self._choose(rows, count):
            at = row["repaid_at"] + pd.Timedelta(days=1)
            name = self._add(row, "holdback", 1, at)
            self._label("holdback_without_sales", name, row, 1)

    def _strangers(self, repaid: pd.DataFrame, count: int) -> None:
        """Add repayments that no balance may take."""
        last = self._end - pd.Timedelta(days=2)
        done = repaid[(repaid["status"] == "repaid") & (repaid["closed_at"] < last)]
        reversals = repaid[(repaid["kind"] == "reversal") & repaid["is_open"]]
        recent = repaid[repaid["is_open"] & (repaid["repaid_at"] < last)]
        day = pd.Timedelta(days=1)
        for row in self._choose(reversals, count):
            name = self._add(row, "reversal", row["amount_minor"], row["repaid_at"])
            self._label("reversal_of_reversal", name, row, row["amount_minor"])
        for row in self._choose(done, count):
            name = self._add(row, "seller_initiated", 500, row["closed_at"] + day)
            self._label("over_repaid", name, row, 500)
        for row in self._choose(recent, count):
            stranger = row | {"advance_id": "a9999999" + row["advance_id"][8:]}
            name = self._add(stranger, "holdback", 300, row["repaid_at"])
            self._label("unknown_advance", name, row, 300)

    def _move(self, row: dict[str, Any], amount: int) -> None:
        """Take more of a repayment, or less; nothing leaves no row of it."""
        lines, repaid = self.balance_transactions, self.advance_repayments
        line = lines["balance_transaction_id"] == row["balance_transaction_id"]
        (found,) = lines[line].to_dict("records")
        if row["amount_minor"] + amount:
            lines.loc[line, "amount_minor"] -= amount
            repaid.loc[row["place"], "amount_minor"] += amount
        else:
            self.balance_transactions = lines[~line]
            self.advance_repayments = repaid.drop(index=row["place"])
        self._correct(found, amount)

    def _add(
        self, row: dict[str, Any], kind: str, amount: int, at: pd.Timestamp
    ) -> str:
        """Add a repayment with its ledger line; return its id."""
        # No drawn repayment has a number as high.
        name = f"{row['seller_id'][1:]}-9{row['advance_repayment_id'][10:]}"
        new = {name: row.get(name) for name in self.advance_repayments.columns}
        new |= {"advance_repayment_id": f"y{name}", "kind": kind, "repaid_at": at}
        new |= {"balance_transaction_id": f"Y{name}", "amount_minor": amount}
        if "reversed_repayment_id" in new:
            is_reversal = kind == "reversal"
            new["reversed_repayment_id"] = (
                row["advance_repayment_id"] if is_reversal else None
            )
        self.advance_repayments = _appended(self.advance_repayments, new, at)
        line = {
            "balance_transaction_id": f"Y{name}",
            "seller_id": row["seller_id"],
            "payout_id": None,
            "currency_code": row["currency_code"],
            "kind": "advance_repayment",
            "amount_minor": -amount,
            "source_id": row["advance_id"],
            "occurred_at": at,
            "available_at": at,
        }
        self.balance_transactions = _appended(self.balance_transactions, line, at)
        self._correct(line, amount)
        return f"y{name}"

    def _correct(self, line: dict[str, Any], amount: int) -> None:
        """Give back, in the line's own payout, what was taken too much."""
        name = "j" + line["balance_transaction_id"][1:]
        change = {"balance_transaction_id": name, "kind": "adjustment"}
        change |= {"amount_minor": amount, "source_id": None}
        rows = self.balance_transactions
        self.balance_transactions = _appended(rows, line | change, line["occurred_at"])


def _rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    yield from frame.itertuples(index=False, name=None)


def _appended(
    frame: pd.DataFrame, row: dict[str, Any], at: pd.Timestamp
) -> pd.DataFrame:
    new = pd.DataFrame([row | {"updated_at": at}], columns=frame.columns)
    return pd.concat([frame, new.astype(frame.dtypes)], ignore_index=True)
