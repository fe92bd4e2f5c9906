"""What was due of each advance on each day, against what the ledger says was taken.

The engine of ``advance_life`` moves each balance by what was taken, so a difference is
named on its own day and does not come again on the days after. Within a day the
engine's order counts, not the hour.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.underwriting.advance_life import (
    Event,
    Events,
    Gates,
    Taken,
    Terms,
    live,
    millionths,
)
from jobs.underwriting.arrays import BooleanArray, IntegerArray
from jobs.underwriting.policy import Gate, GateEvent

#: Advances that are looked at together: bounds the memory, whatever the book's size.
_AT_ONCE = 5_000

#: What is said of a difference, in types that hold for none at all.
COLUMNS = {
    "advance_id": "str",
    "seller_id": "str",
    "currency_code": "str",
    "difference_date": "datetime64[us]",
    "kind": "str",
    "expected_minor": "int64",
    "taken_minor": "int64",
    "difference_minor": "int64",
    "reason": "str",
    "gate_event": "object",
}


@dataclass(frozen=True)
class Book:
    """What is known of some advances, as frames of the marts.

    ``advances``: advance_id, seller_id, currency_code, owed_minor, holdback_rate,
    minimum_minor, minimum_interval_days, disbursed_date, closed_date, status, all of
    them disbursed. ``repayments``: advance_id, repaid_date, kind, applied_minor,
    excess_minor, is_recovery. ``sales``: seller_id, currency_code, flow_date,
    repayable_minor. ``changes``: advance_id, effective_date, holdback_rate.
    ``gates``: gate_event, seller_id, currency_code (null: every one), starts_date,
    ends_date (null: no end).
    """

    advances: pd.DataFrame
    repayments: pd.DataFrame
    sales: pd.DataFrame
    changes: pd.DataFrame
    gates: pd.DataFrame


def check_repayments(
    book: Book, gates: tuple[Gate, ...], as_of_date: dt.date
) -> pd.DataFrame:
    """Return every difference with its reason, in the columns ``COLUMNS``.

    Amounts are minor units; ``difference_minor`` is taken less expected. Every advance
    is looked at from its disbursement to ``as_of_date``.
    """
    advances = book.advances.sort_values(["disbursed_date", "advance_id"])
    found = [
        _check(book, advances.iloc[start : start + _AT_ONCE], gates, as_of_date)
        for start in range(0, len(advances), _AT_ONCE)
    ]
    rows = pd.concat([pd.DataFrame(columns=list(COLUMNS)), *found]).astype(COLUMNS)
    keys = ["advance_id", "difference_date", "kind"]
    return rows.sort_values(keys, ignore_index=True)


def gates_in_force(
    book: Book, gates: tuple[Gate, ...], as_of_date: dt.date
) -> pd.DataFrame:
    """Return each open advance with each event of its seller's, and what it does.

    Columns: advance_id, seller_id, currency_code, gate_event, starts_date (of the
    first span in force), holdback, minimum, offers.
    """
    today, advances = pd.Timestamp(as_of_date), book.advances
    spans = _spans(book.gates, advances[advances["closed_date"].isna()])
    is_on = (spans["starts_date"] <= today) & ~(spans["ends_date"] < today)
    keys = ["advance_id", "seller_id", "currency_code", "gate_event"]
    rows = spans[is_on].groupby(keys, as_index=False)["starts_date"].min()
    says = pd.DataFrame(
        [gate.model_dump() for gate in gates], columns=list(Gate.model_fields)
    )
    named = says.rename(columns={"event": "gate_event"})
    joined: pd.DataFrame = rows.merge(named, on="gate_event")
    return joined


def _check(
    book: Book, advances: pd.DataFrame, gates: tuple[Gate, ...], as_of_date: dt.date
) -> pd.DataFrame:
    """Check some advances, each on its own days from its disbursement (day 0)."""
    days = _Days(advances, as_of_date)
    sales = days.grid(
        advances[["advance_id", "seller_id", "currency_code"]].merge(
            book.sales, on=["seller_id", "currency_code"]
        ),
        "flow_date",
        "repayable_minor",
    )
    closed = days.gates(book.gates, gates)
    stopped = _any(closed, [g.event for g in gates if g.holdback == "stops"], sales)
    paused = _any(closed, [g.event for g in gates if g.minimum == "pauses"], sales)
    counted = book.repayments[~book.repayments["is_recovery"].astype(bool)]
    holdbacks, minimums, others = (
        counted[counted["kind"] == "holdback"],
        counted[counted["kind"] == "minimum"],
        counted[~counted["kind"].isin(["holdback", "minimum"])],
    )
    taken = Taken(
        *(
            days.grid(rows, "repaid_date", "applied_minor")
            for rows in (holdbacks, minimums, others)
        )
    )
    held, trued_up = (
        days.grid(rows, "repaid_date", "excess_minor") for rows in (holdbacks, minimums)
    )
    events, gate_masks = days.events(book.changes), Gates(stopped, paused)
    life = live(sales, days.terms(), events, gate_masks, taken)
    before = np.vstack((days.terms().owed_minor, life.balance_minor[:-1]))
    held += taken.holdback_minor
    trued_up += taken.minimum_minor
    sides = (
        _Side("holdback", life.holdback_minor, held, stopped),
        _Side("minimum", life.minimum_minor, trued_up, days.excused(paused)),
    )
    return pd.concat(
        [_differences(days, side, sales, before, closed) for side in sides]
    )


class _Days:
    """Some advances in columns, their days since disbursement in rows."""

    def __init__(self, advances: pd.DataFrame, as_of_date: dt.date) -> None:
        self.advances = advances.reset_index(drop=True)
        self.disbursed = self.advances["disbursed_date"]
        self._column = pd.Series(self.advances.index, self.advances["advance_id"])
        last = (pd.Timestamp(as_of_date) - self.disbursed).dt.days
        #: The night's day, counted from each advance's disbursement.
        self.last_day = last.to_numpy(np.int64)
        self.shape = (int(self.last_day.max()) + 1, len(advances))

    def places(
        self, rows: pd.DataFrame, date: str
    ) -> tuple[pd.DataFrame, IntegerArray, IntegerArray]:
        """Return the rows of these advances, with the day and column of each."""
        rows = rows[rows["advance_id"].isin(self._column.index)]
        column = np.asarray(self._column[rows["advance_id"]], dtype=np.int64)
        since = rows[date].reset_index(drop=True) - self.disbursed.iloc[
            column
        ].reset_index(drop=True)
        return rows, np.asarray(since.dt.days, dtype=np.int64), column

    def grid(self, rows: pd.DataFrame, date: str, amount: str) -> IntegerArray:
        """Return an amount added up by day and advance; other days are left out."""
        rows, day, column = self.places(rows, date)
        inside = (day >= 0) & (day < self.shape[0])
        grid = np.zeros(self.shape, np.int64)
        amounts = rows[amount].to_numpy(np.int64)
        np.add.at(grid, (day[inside], column[inside]), amounts[inside])
        return grid

    def terms(self) -> Terms:
        """Return what was agreed."""
        names = ("owed_minor", "minimum_minor", "minimum_interval_days")
        owed, minimum, interval = (
            self.advances[name].fillna(0).to_numpy(np.int64) for name in names
        )
        rates = millionths(self.advances["holdback_rate"].to_numpy(np.float64))
        return Terms(owed, rates, minimum, interval, np.zeros_like(owed))

    def events(self, changes: pd.DataFrame) -> Events:
        """Return the changed rates, from the disbursement on, and the write-offs."""
        rows, day, column = self.places(
            changes.sort_values("effective_date", kind="stable"), "effective_date"
        )
        lost = self.advances[self.advances["status"] == "written_off"]
        _, lost_day, lost_column = self.places(lost, "closed_date")
        kind = [Event.RATE_CHANGE] * day.size + [Event.WRITE_OFF] * lost_day.size
        nothing = np.zeros(len(kind), np.int64)
        return Events(
            np.concatenate((np.maximum(day, 0), lost_day)),
            np.concatenate((column, lost_column)),
            np.array(kind, dtype=np.int64),
            np.concatenate(
                (
                    millionths(rows["holdback_rate"].to_numpy(np.float64)),
                    nothing[: lost_day.size],
                )
            ),
            nothing,
            nothing,
        )

    def excused(self, paused: BooleanArray) -> BooleanArray:
        """Tell for each day whether its interval had a paused day up to it."""
        interval = np.maximum(self.terms().minimum_interval_days, 1)
        day = np.arange(self.shape[0])[:, None]
        count = np.vstack((np.zeros(self.shape[1], np.int64), paused.cumsum(axis=0)))
        before = np.take_along_axis(count, day - day % interval, axis=0)
        return np.asarray(count[1:] > before)

    def gates(
        self, spans: pd.DataFrame, gates: tuple[Gate, ...]
    ) -> dict[str, BooleanArray]:
        """Return, by event, on which days of which advances its gate is closed."""
        spans = _spans(spans, self.advances)
        closed = {}
        for gate in gates:
            rows = spans[spans["gate_event"] == gate.event]
            _, first, column = self.places(rows, "starts_date")
            ends = rows["ends_date"].fillna(pd.Timestamp.max.normalize())
            _, last, _ = self.places(rows.assign(ends_date=ends), "ends_date")
            change = np.zeros((self.shape[0] + 1, self.shape[1]), np.int32)
            np.add.at(change, (np.clip(first, 0, self.shape[0]), column), 1)
            np.add.at(change, (np.clip(last + 1, 0, self.shape[0]), column), -1)
            closed[str(gate.event)] = change[:-1].cumsum(axis=0) > 0
        return closed


def _spans(gates: pd.DataFrame, advances: pd.DataFrame) -> pd.DataFrame:
    """Return each advance with each span of its seller that concerns its currency."""
    own = advances[["advance_id", "seller_id", "currency_code"]]
    spans = own.merge(gates, on="seller_id", suffixes=("", "_of_gate"))
    of_gate = spans["currency_code_of_gate"]
    return spans[of_gate.isna() | (of_gate == spans["currency_code"])]


def _any(
    closed: dict[str, BooleanArray], events: list[GateEvent], like: IntegerArray
) -> BooleanArray:
    mask = np.zeros(like.shape, np.bool_)
    for event in events:
        mask |= closed[event]
    return mask


@dataclass(frozen=True)
class _Side:
    """One kind of money: what was due and taken, and which gate stands in its way.

    Every array is [days, advances].
    """

    kind: str
    expected: IntegerArray
    taken: IntegerArray
    is_closed: BooleanArray


def _differences(
    days: _Days,
    side: _Side,
    sales: IntegerArray,
    before: IntegerArray,
    closed: dict[str, BooleanArray],
) -> pd.DataFrame:
    """Return the differences of one kind, up to the night."""
    is_known = np.arange(days.shape[0])[:, None] <= days.last_day
    day, column = np.nonzero((side.expected != side.taken) & is_known)
    rows = days.advances.iloc[column][["advance_id", "seller_id", "currency_code"]]
    due, was = side.expected[day, column], side.taken[day, column]
    events: list[str | None] = [
        next((name for name, is_on in closed.items() if is_on[place]), None)
        for place in zip(day, column, strict=True)
    ]
    dates = days.disbursed.iloc[column] + pd.to_timedelta(day, "D")
    return rows.assign(
        difference_date=dates,
        kind=side.kind,
        expected_minor=due,
        taken_minor=was,
        difference_minor=was - due,
        reason=_reasons(side, (day, column), sales, before),
        gate_event=pd.Series(events, index=rows.index, dtype="object"),
    )[list(COLUMNS)]


def _reasons(
    side: _Side,
    place: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
    sales: IntegerArray,
    before: IntegerArray,
) -> npt.NDArray[np.str_]:
    """Return the first reason that applies at each place."""
    due, was = side.expected[place], side.taken[place]
    is_minimum = np.full(due.shape, side.kind == "minimum")
    stopped = "paused" if side.kind == "minimum" else "stopped"
    cases = [
        (was == 0, "not_taken"),
        (was < due, "taken_short"),
        (before[place] <= 0, "taken_after_payoff"),
        (side.is_closed[place], f"taken_while_{stopped}"),
        (is_minimum & (due == 0), "taken_not_due"),
        (~is_minimum & (place[0] == 0), "taken_too_early"),
        (~is_minimum & (sales[place] <= 0), "taken_without_sales"),
    ]
    conditions, names = zip(*cases, strict=True)
    prefix = "minimum_" if side.kind == "minimum" else ""
    words = [f"{prefix}{name}" for name in names]
    return np.select(conditions, words, default=f"{prefix}taken_above")
