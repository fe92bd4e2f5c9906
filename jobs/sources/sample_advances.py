"""The sample marketplace's advances: taken, held back from sales, repaid or lost.

Days run in a loop, all candidate accounts at once; money is integer minor units.
"""

from dataclasses import dataclass

import numpy as np

from jobs.sources.sample_sellers import NEVER, Flags, Ints, Market, happens

KINDS = (
    "refill",
    "reversal",
    "seller_initiated",
    "holdback",
    "minimum",
    "recovery",
)
#: Second of the day at which an advance is repaid, or ends otherwise.
_SECONDS = {
    "cancelled": 30_000,
    "refill": 36_000,
    "reversal": 43_200,
    "written_off": 43_200,
    "seller_initiated": 50_400,
    "holdback": 86_340,
    "minimum": 86_370,
    "recovery": 57_600,
    "change": 32_400,
}
STATUSES = ("repaid", "written_off", "cancelled")
_REPAID, _WRITTEN_OFF, _CANCELLED = range(3)
#: Of the days on which an advance is open.
_REVERSED_SHARE, _VOLUNTARY_SHARE = 0.003, 0.002
_LOOKBACK_DAYS = 91
_SMALLEST_MINOR = 20_000
_FRIENDLY_STEP_MINOR = 5_000
_WRITE_OFF_AFTER_DAYS = 90
#: A third of what is written off brings a quarter of it, two months later.
_RECOVERED_EVERY, _RECOVERED_PARTS, _RECOVERED_AFTER_DAYS = 3, 4, 60
#: An advance open for so long with more than half left gets a lower rate, once.
_RESTRUCTURED_DAY, _RESTRUCTURED_POINTS = 120, 3


@dataclass(frozen=True)
class Advances:
    """Advances in order of acceptance; ``number`` counts them within the account.

    ``minimum_interval`` is 0 where nothing is agreed. ``outcome`` indexes STATUSES
    and counts only once ``closed`` has come.
    """

    account: Ints
    number: Ints
    advance: Ints
    fee: Ints
    holdback_percent: Ints
    minimum_interval: Ints
    minimum: Ints
    accepted: Ints
    disbursed: Ints
    closed: Ints
    outcome: Ints


@dataclass(frozen=True)
class Repayments:
    """Repayments of ``advance`` (its index); a reversal's amount is negative.

    A reversal gives back the holdback of the day before.
    """

    advance: Ints
    day: Ints
    kind: Ints
    repaid: Ints
    amount: Ints


@dataclass(frozen=True)
class Changes:
    """Lower holdback rates of ``advance`` (its index), from the morning of a day on."""

    advance: Ints
    effective: Ints
    holdback_percent: Ints


def draw_advances(
    random: np.random.Generator, market: Market, sales: Ints, paused: Flags
) -> tuple[Advances, Repayments, Changes]:
    """Return the advances on ``sales``, the repayable sales R_d as (days, accounts).

    ``holdback = min(left, floor(percent x R_d / 100))`` at the end of each day after
    the disbursement's. At most one advance of an account is open at a time. An interval
    with a day that is ``paused`` (days, accounts) asks for no minimum.
    """
    account = np.flatnonzero(happens(random, 0.24, sales.shape[1]))
    book = _Book(
        random,
        market,
        np.ascontiguousarray(sales[:, account]),
        paused[:, account],
        account,
    )
    for day in range(_LOOKBACK_DAYS, market.day_count):
        book.run(day)
    return book.advances(), book.repayments(), book.changes()


class _Book:
    """One slot a candidate account; a day at a time, all slots at once."""

    def __init__(
        self,
        random: np.random.Generator,
        market: Market,
        sales: Ints,
        paused: Flags,
        account: Ints,
    ) -> None:
        days, slots = market.day_count, account.size
        self._random, self._market, self._account = random, market, account
        self._sales = sales
        self._paused_days = np.vstack((np.zeros((1, slots), int), paused.cumsum(0)))
        self._cumulative = np.vstack((np.zeros((1, slots), np.int64), sales.cumsum(0)))
        self._percent = random.integers(10, 21, slots)
        self._holdable = sales * self._percent // 100
        chance = random.random((days, slots), np.float32)
        self._may_reverse = chance < _REVERSED_SHARE
        self._may_volunteer = chance > 1 - _VOLUNTARY_SHARE
        self._may_refill = happens(random, 0.3, slots) & happens(
            random, 0.03, (days, slots)
        )
        self._interval = random.choice((0, 30, 60), slots, p=(0.2, 0.3, 0.5))
        self._parts = random.choice((9, 18, 27), slots)
        self._trues_up = happens(random, 0.6, slots)
        #: When the slot next asks for an advance; never while it has one.
        self._next_day = random.integers(_LOOKBACK_DAYS, days + _LOOKBACK_DAYS, slots)
        self._disburse_day = np.full(slots, -1)
        self._opened_day = np.full(slots, -1)
        self._minimum_day = np.full(slots, -1)
        self._last_paid_day = np.zeros(slots, np.int64)
        self._owed, self._left, self._paid, self._count = np.zeros((4, slots), np.int64)
        self._row = np.full(slots, -1)
        self._holder = np.full((days, slots), -1)
        self._taken = {kind: np.zeros((days, slots), np.int64) for kind in KINDS}
        # Room for one acceptance every other day; pages never touched cost nothing.
        room = slots * (days // 2 + 2)
        names = Advances.__annotations__
        self._columns = {name: np.zeros(room, np.int64) for name in names}
        self._rows = 0
        nothing = (np.zeros(0, np.int64),) * 3
        self._changed: list[tuple[Ints, ...]] = [nothing]
        self._lost: list[tuple[Ints, ...]] = [nothing]

    def run(self, day: int) -> None:
        """Live one day: refills and disbursements first, repayments at its end."""
        self._holder[day] = self._row
        self._refill(day)
        asking = np.flatnonzero(self._next_day <= day)
        if asking.size:
            self._accept(asking, day, day + 1)
        due = np.flatnonzero(self._disburse_day == day)
        if due.size:
            self._disburse(due, day)
        is_open = (self._left > 0) & (self._opened_day < day)
        if is_open.any():
            self._restructure(day, is_open)
            self._repay(day, is_open)

    def _refill(self, day: int) -> None:
        """Settle three-quarters repaid advances out of new ones, in the same minute."""
        slot = np.flatnonzero(self._may_refill[day])
        left = self._left[slot]
        is_ripe = (left > 0) & (left * 4 <= self._owed[slot])
        slot = slot[is_ripe & (self._opened_day[slot] < day - 1)]
        slot = slot[self._size(slot, day) >= _SMALLEST_MINOR]
        if slot.size:
            self._taken["refill"][day, slot] = self._left[slot]
            self._left[slot] = 0
            self._close(slot, day, "refill", _REPAID)
            self._accept(slot, day, day)

    def _size(self, slot: Ints, day: int) -> Ints:
        """Return one or two quarters' holdback, rounded down; nothing to the silent."""
        cumulative = self._cumulative
        trailing = cumulative[day, slot] - cumulative[day - _LOOKBACK_DAYS, slot]
        sold_lately = cumulative[day, slot] > cumulative[day - 14, slot]
        advance = (
            trailing * sold_lately * self._percent[slot] * self._parts[slot] // 1_000
        )
        size: Ints = advance - advance % _FRIENDLY_STEP_MINOR
        return size

    def _accept(self, slot: Ints, day: int, disburse_day: int) -> None:
        advance = self._size(slot, day)
        is_enough = advance >= _SMALLEST_MINOR
        self._next_day[slot] = np.where(is_enough, NEVER, day + 30)
        slot, advance = slot[is_enough], advance[is_enough]
        row = np.arange(self._rows, self._rows + slot.size)
        self._rows += slot.size
        self._count[slot] += 1
        fee = advance * self._random.integers(60, 145, slot.size) // 1_000
        morning = self._random.integers(6 * 3_600, 9 * 3_600, slot.size)
        interval, owed = self._interval[slot], advance + fee
        fresh: dict[str, Ints | int] = {
            "account": self._account[slot],
            "number": self._count[slot],
            "advance": advance,
            "fee": fee,
            "holdback_percent": self._percent[slot],
            "minimum_interval": interval,
            "minimum": -(-owed * interval // (15 * self._parts[slot])),
            "accepted": self._market.second(np.array(day), morning),
            "disbursed": NEVER,
            "closed": NEVER,
        }
        for name, values in fresh.items():
            self._columns[name][row] = values
        self._row[slot] = row
        self._owed[slot] = owed
        self._disburse_day[slot] = disburse_day

    def _disburse(self, slot: Ints, day: int) -> None:
        """Pay out a second after ten; one in twenty new ones is cancelled before."""
        is_new = self._columns["accepted"][self._row[slot]] < self._second(day, 0)
        is_cancelled = is_new & happens(self._random, 0.05, slot.size)
        self._close(slot[is_cancelled], day, "cancelled", _CANCELLED)
        slot = slot[~is_cancelled]
        self._columns["disbursed"][self._row[slot]] = self._second(day, 36_001)
        self._left[slot] = self._owed[slot]
        self._paid[slot] = 0
        self._opened_day[slot] = self._last_paid_day[slot] = day
        interval = self._interval[slot]
        self._minimum_day[slot] = np.where(interval > 0, day + interval - 1, -1)

    def _restructure(self, day: int, is_open: Flags) -> None:
        """Take less of the sales of those whose advance has hardly been paid down."""
        is_slow = self._opened_day == day - _RESTRUCTURED_DAY
        slot = np.flatnonzero(is_slow & is_open & (self._left * 2 > self._owed))
        percent = self._percent[slot] - _RESTRUCTURED_POINTS
        self._holdable[day:, slot] = self._sales[day:, slot] * percent // 100
        effective = np.full(slot.size, self._second(day, _SECONDS["change"]))
        self._changed.append((self._row[slot], effective, percent))

    def _repay(self, day: int, is_open: Flags) -> None:
        slot = np.flatnonzero(self._may_reverse[day] & is_open)
        slot = slot[self._opened_day[slot] < day - 1]
        self._take("reversal", day, slot, -self._taken["holdback"][day - 1, slot])
        slot = np.flatnonzero(self._may_volunteer[day] & is_open)
        self._take("seller_initiated", day, slot, -(-self._left[slot] // 3))
        held = np.minimum(self._left, self._holdable[day]) * is_open
        slot = np.flatnonzero(held)
        self._take("holdback", day, slot, held[slot])
        slot = np.flatnonzero((self._minimum_day == day) & is_open)
        self._true_up(day, slot)
        self._finish(day, is_open)

    def _true_up(self, day: int, slot: Ints) -> None:
        """Take what is missing to the minimum from those who still sell and agreed."""
        missing = self._columns["minimum"][self._row[slot]] - self._paid[slot]
        month_ago = self._cumulative[max(day - 27, 0), slot]
        agrees = self._trues_up[slot] & (self._cumulative[day + 1, slot] > month_ago)
        begun = day + 1 - self._interval[slot]
        agrees &= self._paused_days[day + 1, slot] == self._paused_days[begun, slot]
        missing = np.clip(missing, 0, self._left[slot]) * agrees
        self._take("minimum", day, slot, missing)
        self._paid[slot] = 0
        self._minimum_day[slot] += self._interval[slot]

    def _take(self, kind: str, day: int, slot: Ints, amount: Ints) -> None:
        self._taken[kind][day, slot] = amount
        self._left[slot] -= amount
        self._paid[slot] += amount
        self._last_paid_day[slot[amount > 0]] = day

    def _finish(self, day: int, is_open: Flags) -> None:
        """Close what is repaid, at its last repayment, and write off the hopeless."""
        done = np.flatnonzero(is_open & (self._left == 0))
        for kind in ("seller_initiated", "holdback", "minimum") if done.size else ():
            paid = done[self._taken[kind][day, done] > 0]
            self._close(paid, day, kind, _REPAID)
        silent = self._last_paid_day <= day - _WRITE_OFF_AFTER_DAYS
        lost = np.flatnonzero(silent & is_open)
        if lost.size:
            self._close(lost, day, "written_off", _WRITTEN_OFF)
            self._lost.append(
                (self._row[lost], np.full(lost.size, day), self._left[lost])
            )
            self._left[lost] = 0

    def _close(self, slot: Ints, day: int, why: str, outcome: int) -> None:
        row = self._row[slot]
        is_changed = self._opened_day[slot] <= day - _RESTRUCTURED_DAY
        again = slot[is_changed]
        self._holdable[day + 1 :, again] = (
            self._sales[day + 1 :, again] * self._percent[again] // 100
        )
        self._columns["closed"][row] = self._second(day, _SECONDS[why])
        self._columns["outcome"][row] = outcome
        self._next_day[slot] = day + self._random.integers(5, 120, slot.size)

    def _second(self, day: int, second: int) -> int:
        return int(self._market.second(np.array(day), np.array(second)))

    def advances(self) -> Advances:
        """Return every advance accepted so far."""
        return Advances(
            **{name: values[: self._rows] for name, values in self._columns.items()}
        )

    def repayments(self) -> Repayments:
        """Return every repayment so far, sorted by kind and day."""
        parts: list[tuple[Ints, ...]] = []
        for code, kind in enumerate(KINDS[:-1]):
            day, slot = np.nonzero(self._taken[kind])
            repaid = self._market.second(day, np.array(_SECONDS[kind]))
            amount, row = self._taken[kind][day, slot], self._holder[day, slot]
            parts.append((row, day, np.full(day.size, code), repaid, amount))
        parts.append(self._recoveries())
        return Repayments(*map(np.concatenate, zip(*parts, strict=True)))

    def _recoveries(self) -> tuple[Ints, ...]:
        """Return what some of the advances written off bring after all."""
        row, day, left = map(np.concatenate, zip(*self._lost, strict=True))
        day += _RECOVERED_AFTER_DAYS
        pays = (row % _RECOVERED_EVERY == 0) & (day < self._market.day_count)
        row, day, amount = row[pays], day[pays], left[pays] // _RECOVERED_PARTS
        repaid = self._market.second(day, np.array(_SECONDS["recovery"]))
        kind = np.full(day.size, KINDS.index("recovery"))
        return row, day, kind, repaid, amount

    def changes(self) -> Changes:
        """Return every lower rate so far."""
        return Changes(*map(np.concatenate, zip(*self._changed, strict=True)))
