"""The life of advances day by day: what is held back, trued up, given back and lost.

A loop over the days, all advances at once, in whole minor units. Day 0 is any day the
caller likes, the same for a column of sales and for its advance. What happens on a day
comes in a fixed order: the money goes out, the events in the order of ``Event``, the
holdback at the day's end, the minimum's true-up on the last day of an interval.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from jobs.underwriting.arrays import BooleanArray, IntegerArray
from jobs.underwriting.money import round_half_up

#: Rates are whole millionths, so that a share of a day's sales is exact.
MILLIONTHS = 1_000_000


class Event(IntEnum):
    """What can happen to an advance beside the holdback, in the order of a day."""

    RATE_CHANGE = 0
    REFILL = 1
    REVERSAL = 2
    SELLER_INITIATED = 3
    WRITE_OFF = 4
    RECOVERY = 5


class Original(IntEnum):
    """What a reversal gives back: a day's holdback or true-up, or another event."""

    HOLDBACK = 0
    MINIMUM = 1
    EVENT = 2


@dataclass(frozen=True)
class Terms:
    """What was agreed [advances]; a minimum or an interval of 0 is none.

    Holdback starts on the day after ``disbursed_day``. Intervals are whole days that
    start with it; an advance disbursed on a later day than the last never begins.
    """

    owed_minor: IntegerArray
    rate_millionths: IntegerArray
    minimum_minor: IntegerArray
    minimum_interval_days: IntegerArray
    disbursed_day: IntegerArray


@dataclass(frozen=True)
class Events:
    """Events [events], in any order; of one kind, day and advance in theirs.

    ``amount`` is in minor units, of a rate change the new rate in millionths, and does
    not matter for a refill, which settles the balance, and a write-off, which gives it
    up. ``original`` of a reversal is a day, or the index of an event.
    """

    day: IntegerArray
    advance: IntegerArray
    kind: IntegerArray
    amount: IntegerArray
    original_kind: IntegerArray
    original: IntegerArray


@dataclass(frozen=True)
class Gates:
    """On which days no holdback is taken, and no minimum counts [days, advances].

    An interval with a paused day in it asks for no minimum.
    """

    is_stopped: BooleanArray
    is_paused: BooleanArray


@dataclass(frozen=True)
class Taken:
    """What a ledger says was taken [days, advances], each amount as far as it counts.

    ``others_minor`` is the day's net of everything but holdback and true-up.
    """

    holdback_minor: IntegerArray
    minimum_minor: IntegerArray
    others_minor: IntegerArray


@dataclass(frozen=True)
class Life:
    """What became of the advances [days, advances], their events and their ends.

    ``balance_minor`` is that of the day's end. ``applied_minor`` [events] is what of an
    event's amount counted: negative for a reversal, the balance for a write-off.
    """

    holdback_minor: IntegerArray
    minimum_minor: IntegerArray
    balance_minor: IntegerArray
    applied_minor: IntegerArray
    written_off_minor: IntegerArray
    recovered_minor: IntegerArray


def live(
    sales_minor: IntegerArray,
    terms: Terms,
    events: Events,
    gates: Gates,
    taken: Taken | None = None,
) -> Life:
    """Live through the days of ``sales_minor``, net repayable sales [days, advances].

    ``holdback = min(balance, floor(rate x max(0, sales)))``: a negative day takes
    nothing, and nothing of it is taken on a later one. ``true-up = min(balance,
    max(0, minimum - paid in the interval))``. With ``taken`` the balance moves by what
    was taken, so holdback and minimum are what was due on each day, given all that
    came before; the events may then be rate changes and write-offs only.
    Sales of a day must be below 2^63 / 10^6 minor units.
    """
    lives = _Lives(sales_minor, terms, events, gates, taken)
    for day in range(sales_minor.shape[0]):
        lives.run(day)
    return lives.result()


def millionths(rates: object) -> IntegerArray:
    """Return rates as whole millionths, rounded to the nearest."""
    return round_half_up(np.asarray(rates, dtype=np.float64) * MILLIONTHS)


def fee_part(
    repaid_minor: IntegerArray, fee_minor: IntegerArray, owed_minor: IntegerArray
) -> IntegerArray:
    """Return how much of what was repaid to date is fee: floor(repaid x F / T).

    The rest repays the advance. Parts of single repayments are differences of this, so
    they add up exactly. Divided in two steps, as the product of two large amounts would
    not fit in 64 bits. Nothing is fee where nothing is owed.
    """
    whole = np.maximum(owed_minor, 1)
    high, low = np.divmod(repaid_minor, MILLIONTHS)
    quotient, rest = np.divmod(high * fee_minor, whole)
    part = quotient * MILLIONTHS + (rest * MILLIONTHS + low * fee_minor) // whole
    return np.asarray(np.where(owed_minor > 0, part, 0), dtype=np.int64)


class _Lives:
    """The state of every advance, moved on by one day at a time."""

    def __init__(
        self,
        sales_minor: IntegerArray,
        terms: Terms,
        events: Events,
        gates: Gates,
        taken: Taken | None,
    ) -> None:
        days, count = sales_minor.shape
        self._sales, self._terms, self._events = sales_minor, terms, events
        self._gates, self._taken = gates, taken
        self._rate = terms.rate_millionths.copy()
        self._balance, self._paid, self._written_off, self._recovered = np.zeros(
            (4, count), np.int64
        )
        self._is_written_off, self._is_excused = np.zeros((2, count), np.bool_)
        first_due = terms.disbursed_day + terms.minimum_interval_days - 1
        self._due_day = np.where(terms.minimum_interval_days > 0, first_due, -1)
        self._holdback, self._minimum, self._balances = (
            np.zeros((days, count), np.int64) for _ in range(3)
        )
        self._applied = np.zeros(events.day.size, np.int64)
        self._asked_before = _asked_before(events)
        self._groups = dict(_groups(events))

    def run(self, day: int) -> None:
        """Live one day of all advances."""
        opened = np.flatnonzero(self._terms.disbursed_day == day)
        self._balance[opened] = self._terms.owed_minor[opened]
        self._is_excused[opened] = False
        self._is_excused |= self._gates.is_paused[day]
        if self._taken:
            self._move(self._taken.others_minor[day])
        for kind, event in self._groups.get(day, ()):
            self._happen(kind, event)
        sales = np.maximum(self._sales[day], 0)
        held = np.minimum(self._left(), sales * self._rate // MILLIONTHS)
        held[self._gates.is_stopped[day]] = 0
        held[opened] = 0
        self._holdback[day] = held
        self._move(self._taken.holdback_minor[day] if self._taken else held)
        due = np.flatnonzero(self._due_day == day)
        self._minimum[day, due] = self._missing(due)
        trued_up = self._taken.minimum_minor if self._taken else self._minimum
        self._move(trued_up[day])
        self._paid[due] = 0
        self._is_excused[due] = False
        self._due_day[due] += self._terms.minimum_interval_days[due]
        self._balances[day] = self._balance

    def result(self) -> Life:
        """Return what became of everything so far."""
        return Life(
            self._holdback,
            self._minimum,
            self._balances,
            self._applied,
            self._written_off,
            self._recovered,
        )

    def _missing(self, due: IntegerArray) -> IntegerArray:
        """Return what is missing to the minimum, never more than is left."""
        missing = self._terms.minimum_minor[due] - self._paid[due]
        missing[self._is_excused[due]] = 0
        return np.asarray(np.clip(missing, 0, self._left()[due]))

    def _left(self) -> IntegerArray:
        """Return the balance; a ledger's day may be ordered so that it dips below 0."""
        return self._balance if self._taken is None else np.maximum(self._balance, 0)

    def _move(self, repaid: IntegerArray) -> None:
        self._balance -= repaid
        self._paid += repaid

    def _happen(self, kind: int, event: IntegerArray) -> None:
        """Apply events of one kind, no two of them of the same advance."""
        advance, amount = self._events.advance[event], self._events.amount[event]
        if kind == Event.RATE_CHANGE:
            self._rate[advance] = amount
        elif kind == Event.WRITE_OFF:
            self._applied[event] = self._balance[advance]
            self._written_off[advance] += self._balance[advance]
            self._balance[advance] = 0
            self._is_written_off[advance] = True
        elif kind == Event.RECOVERY:
            left = self._written_off[advance] - self._recovered[advance]
            self._applied[event] = np.minimum(amount, left)
            self._recovered[advance] += self._applied[event]
        elif kind == Event.REVERSAL:
            self._give_back(event)
        else:
            asked = self._balance[advance] if kind == Event.REFILL else amount
            self._applied[event] = np.minimum(asked, self._balance[advance])
            self._balance[advance] -= self._applied[event]
            self._paid[advance] += self._applied[event]

    def _give_back(self, event: IntegerArray) -> None:
        """Undo what was taken; after a write-off that is lost as well."""
        taken, before = self._originals(event), self._asked_before[event]
        given = np.minimum(taken, before + self._events.amount[event])
        given -= np.minimum(taken, before)
        self._applied[event] = -given
        advance = self._events.advance[event]
        is_event = self._events.original_kind[event] == Original.EVENT
        original = np.where(is_event, self._events.original[event], event)
        is_recovery = self._events.kind[original] == Event.RECOVERY
        is_lost = ~is_recovery & self._is_written_off[advance]
        self._recovered[advance] -= given * is_recovery
        self._written_off[advance] += given * is_lost
        given[is_recovery | is_lost] = 0
        self._balance[advance] += given
        self._paid[advance] -= given

    def _originals(self, event: IntegerArray) -> IntegerArray:
        """Return what was taken by the originals; 0 where that did not happen yet."""
        advance, original = self._events.advance[event], self._events.original[event]
        kind = self._events.original_kind[event]
        taken = np.zeros(event.size, np.int64)
        for place, amounts in (
            (Original.HOLDBACK, self._holdback),
            (Original.MINIMUM, self._minimum),
        ):
            of_day = np.flatnonzero(kind == place)
            taken[of_day] = amounts[original[of_day], advance[of_day]]
        of_event = np.flatnonzero(kind == Original.EVENT)
        others = original[of_event]
        is_own = (others >= 0) & (self._events.advance[others] == advance[of_event])
        is_taken = is_own & (self._events.kind[others] != Event.WRITE_OFF)
        taken[of_event] = np.maximum(self._applied[others], 0) * is_taken
        return taken


def _groups(
    events: Events,
) -> Iterator[tuple[int, list[tuple[int, IntegerArray]]]]:
    """Yield each day with its events by kind, one of an advance at a time."""
    rank = _rank(events.day, events.kind, events.advance)
    order = np.lexsort((rank, events.kind, events.day))
    keys = np.stack((events.day, events.kind, rank))[:, order]
    starts = np.flatnonzero(np.any(np.diff(keys, axis=1, prepend=-1) != 0, axis=0))
    by_day: dict[int, list[tuple[int, IntegerArray]]] = {}
    for part in np.split(order, starts[1:]):
        if part.size:
            first = part[0]
            group = by_day.setdefault(int(events.day[first]), [])
            group.append((int(events.kind[first]), part))
    yield from by_day.items()


def _rank(*keys: IntegerArray) -> IntegerArray:
    """Count, from 0 and in order, the rows before each that have the same keys."""
    order = np.lexsort(keys)
    same = np.stack(keys)[:, order]
    is_first = np.any(np.diff(same, axis=1, prepend=-1) != 0, axis=0)
    position = np.arange(order.size)
    rank = np.empty(order.size, np.int64)
    rank[order] = position - np.maximum.accumulate(np.where(is_first, position, 0))
    return rank


def _asked_before(events: Events) -> IntegerArray:
    """Return what earlier reversals of the same original asked for [events]."""
    asked = np.where(events.kind == Event.REVERSAL, events.amount, 0)
    keys = (events.original, events.original_kind, events.advance)
    order = np.lexsort((np.arange(asked.size), events.day, *keys))
    total = np.cumsum(asked[order]) - asked[order]
    same = np.stack(keys)[:, order]
    is_first = np.any(np.diff(same, axis=1, prepend=-2) != 0, axis=0)
    start = np.maximum.accumulate(np.where(is_first, total, 0))
    before = np.empty(asked.size, np.int64)
    before[order] = total - start
    return before
