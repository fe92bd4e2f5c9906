"""The life of advances: a plain loop, a state machine, and sums of known products."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from jobs.underwriting.advance_life import (
    Event,
    Events,
    Gates,
    Life,
    Original,
    Taken,
    Terms,
    fee_part,
    live,
    millionths,
)

COUNT = 3
#: How often each kind of event happens in a crowd.
SHARES = (0.1, 0.02, 0.5, 0.2, 0.03, 0.15)
RARELY = st.sampled_from([False] * 9 + [True])


@dataclass
class Happening:
    """One event as a plain record; ``applied`` is what came of it."""

    day: int
    advance: int
    kind: Event
    amount: int = 0
    original_kind: Original = Original.HOLDBACK
    original: int = -1
    applied: int = 0


@dataclass
class Plain:
    """One advance, lived through a day at a time with plain whole numbers."""

    owed: int
    rate: int
    minimum: int
    interval: int
    disbursed: int
    balance: int = 0
    written_off: int = 0
    recovered: int = 0
    is_written_off: bool = False
    paid: dict[int, int] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    holdbacks: list[int] = field(default_factory=list)
    minimums: list[int] = field(default_factory=list)
    balances: list[int] = field(default_factory=list)
    reversed: dict[tuple[int, int], int] = field(default_factory=dict)

    def happen(self, day: int, event: Happening, events: list[Happening]) -> None:
        """Apply one event."""
        if event.kind == Event.RATE_CHANGE:
            self.rate = event.amount
        elif event.kind == Event.WRITE_OFF:
            event.applied, self.is_written_off = self.balance, True
            self.written_off, self.balance = self.written_off + self.balance, 0
        elif event.kind == Event.RECOVERY:
            event.applied = min(event.amount, self.written_off - self.recovered)
            self.recovered += event.applied
        elif event.kind == Event.REVERSAL:
            self.give_back(day, event, events)
        else:
            wanted = self.balance if event.kind == Event.REFILL else event.amount
            event.applied = min(wanted, self.balance)
            self.repay(day, event.applied)

    def give_back(self, day: int, event: Happening, events: list[Happening]) -> None:
        """Give back no more than is left of the original."""
        taken, is_recovery = 0, False
        if event.original_kind == Original.EVENT:
            if event.original >= 0:
                other = events[event.original]
                is_recovery = other.kind == Event.RECOVERY
                taken = max(0, other.applied) * (other.advance == event.advance)
                taken *= other.kind != Event.WRITE_OFF
        elif event.original < day:
            is_holdback = event.original_kind == Original.HOLDBACK
            amounts = self.holdbacks if is_holdback else self.minimums
            taken = amounts[event.original]
        key = (event.original_kind, event.original)
        before = self.reversed.get(key, 0)
        self.reversed[key] = before + event.amount
        given = min(taken, before + event.amount) - min(taken, before)
        event.applied = -given
        if is_recovery:
            self.recovered -= given
        elif self.is_written_off:
            self.written_off += given
        else:
            self.repay(day, -given)

    def repay(self, day: int, amount: int) -> None:
        """Move the balance, and what was paid on the day."""
        self.balance -= amount
        self.paid[day] = self.paid.get(day, 0) + amount

    def end_day(self, day: int, sales: int, *, is_stopped: bool) -> None:
        """Hold back, and true up on the last day of an interval."""
        is_open = day > self.disbursed and not is_stopped
        held = min(self.balance, max(0, sales) * self.rate // 1_000_000) * is_open
        self.holdbacks.append(held)
        self.repay(day, held)
        age, missing = day - self.disbursed + 1, 0
        if self.interval and age > 0 and age % self.interval == 0:
            days = range(day + 1 - self.interval, day + 1)
            missing = self.minimum - sum(self.paid.get(one, 0) for one in days)
            missing *= not self.paused & set(days)
            missing = max(0, min(missing, self.balance))
        self.minimums.append(missing)
        self.repay(day, missing)
        self.balances.append(self.balance)


def whole(values: object) -> Any:  # noqa: ANN401 - an array of whole numbers
    """Return an array of 64-bit whole numbers."""
    return np.array(values, dtype=np.int64)


def events_of(happened: list[Happening]) -> Events:
    """Return the events as arrays."""
    names = Events.__annotations__
    return Events(*(whole([getattr(one, name) for one in happened]) for name in names))


def terms_of(*plain: Plain) -> Terms:
    """Return the terms as arrays."""
    names = ("owed", "rate", "minimum", "interval", "disbursed")
    return Terms(*(whole([getattr(one, name) for one in plain]) for name in names))


def no_gates(days: int, count: int) -> Gates:
    """Return gates that are all open."""
    return Gates(*np.zeros((2, days, count), bool))


def is_repayment(event: Happening, events: list[Happening]) -> bool:
    """Tell whether what came of an event was repaid, or given back of that."""
    if event.kind == Event.REVERSAL and event.original_kind == Original.EVENT:
        return event.original < 0 or is_repayment(events[event.original], events)
    return event.kind not in {Event.RATE_CHANGE, Event.WRITE_OFF, Event.RECOVERY}


def lived(plain: Plain, sales: list[int], *happened: Happening) -> Life:
    """Live through one advance without gates."""
    return live(
        whole(sales)[:, None],
        terms_of(plain),
        events_of(list(happened)),
        no_gates(len(sales), 1),
    )


class Lives(RuleBasedStateMachine):
    """Random lives of three advances, compared with the plain loop after every day."""

    @initialize(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        """Draw what was agreed, in any size from a few yen on."""
        draw = data.draw
        self.plain = [
            Plain(
                draw(st.integers(1, 30_000)),
                draw(st.integers(0, 300_000)),
                draw(st.integers(0, 2_000)),
                draw(st.integers(0, 4)),
                draw(st.integers(0, 2)),
            )
            for _ in range(COUNT)
        ]
        self.terms = terms_of(*self.plain)
        self.day = 0
        self.happened: list[Happening] = []
        self.sales: list[list[int]] = []
        self.stopped: list[list[bool]] = []
        self.paused: list[list[bool]] = []

    @rule(
        sales=st.lists(st.integers(-5_000, 20_000), min_size=COUNT, max_size=COUNT),
        stopped=st.lists(RARELY, min_size=COUNT, max_size=COUNT),
        paused=st.lists(RARELY, min_size=COUNT, max_size=COUNT),
        drawn=st.lists(
            st.tuples(
                st.integers(0, COUNT - 1),
                st.sampled_from([*Event, Event.REVERSAL, Event.REVERSAL]),
                st.integers(0, 3_000),
                st.sampled_from(Original),
                st.integers(0, 10**6),
            ),
            max_size=4,
        ),
    )
    def live_a_day(
        self,
        sales: list[int],
        stopped: list[bool],
        paused: list[bool],
        drawn: list[tuple[int, Event, int, Original, int]],
    ) -> None:
        """Let anything happen, then hold back and true up."""
        today = [self.happening(*one) for one in drawn]
        self.happened += today
        for index, plain in enumerate(self.plain):
            if plain.disbursed == self.day:
                plain.balance = plain.owed
            if paused[index]:
                plain.paused.add(self.day)
            for event in sorted(today, key=lambda one: one.kind):
                if event.advance == index:
                    plain.happen(self.day, event, self.happened)
            plain.end_day(self.day, sales[index], is_stopped=stopped[index])
        self.sales.append(sales)
        self.stopped.append(stopped)
        self.paused.append(paused)
        self.day += 1

    def happening(
        self, advance: int, kind: Event, amount: int, place: Original, number: int
    ) -> Happening:
        """Return the event; a reversal points at anything so far, or at nothing."""
        others = [
            index
            for index, one in enumerate(self.happened)
            if one.advance == advance or number % 7 == 0
        ]
        days = range(max(0, self.day - 3), self.day + 1)
        choices = [-1, *others] if place == Original.EVENT else days
        return Happening(
            self.day, advance, kind, amount, place, choices[-1 - number % len(choices)]
        )

    @invariant()
    def agrees_and_ties(self) -> None:
        """Compare the arrays with the loop; every identity holds on every day."""
        if not getattr(self, "day", 0):
            return
        happened = self.happened
        gates = Gates(np.array(self.stopped), np.array(self.paused))
        life = live(whole(self.sales), self.terms, events_of(happened), gates)

        for name in ("holdback", "minimum", "balance"):
            expected = whole([getattr(one, f"{name}s") for one in self.plain]).T
            assert np.array_equal(expected, getattr(life, f"{name}_minor"))
        assert [one.applied for one in happened] == life.applied_minor.tolist()
        for index, plain in enumerate(self.plain):
            assert plain.written_off == life.written_off_minor[index]
            assert plain.recovered == life.recovered_minor[index]
            lost, others = (
                plain.written_off,
                [
                    one.applied
                    for one in happened
                    if one.advance == index and is_repayment(one, happened)
                ],
            )
            repaid = sum(plain.holdbacks) + sum(plain.minimums) + sum(others)
            owed = plain.owed * (plain.disbursed < self.day)
            assert owed == repaid + plain.balance + lost
            assert owed >= plain.balance >= 0
            assert owed >= lost >= plain.recovered >= 0


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


def test_a_crowd_agrees_with_the_plain_loop() -> None:
    """Forty crowded lives, most events reversals of what there is, twice and more."""
    random, days, count = np.random.default_rng(5), 40, 40
    sales = random.integers(-2_000, 9_000, (days, count))
    gates = Gates(
        random.random((days, count)) < 0.1, random.random((days, count)) < 0.1
    )
    plain = [
        Plain(
            *map(int, random.integers((1, 0, 0, 0, 0), (20_000, 300_000, 2_000, 5, 3)))
        )
        for _ in range(count)
    ]
    terms = terms_of(*plain)
    happened: list[Happening] = []
    for number in range(1_200):
        day, kind = number * days // 1_200, Event(random.choice(6, p=SHARES))
        place = Original(random.integers(3))
        last = number if place == Original.EVENT else day
        original = int(random.integers(max(0, last - 60), last)) if last else 0
        advance = int(random.integers(count))
        if place == Original.EVENT and number:
            advance = happened[original].advance
        amount = int(random.integers(0, 1_500))
        happened.append(Happening(day, advance, kind, amount, place, original))
    for day in range(days):
        today = [one for one in happened if one.day == day]
        for index, one in enumerate(plain):
            one.balance = one.owed if one.disbursed == day else one.balance
            one.paused |= {day} if gates.is_paused[day, index] else set()
            for event in sorted(today, key=lambda one: one.kind):
                if event.advance == index:
                    one.happen(day, event, happened)
            stopped = bool(gates.is_stopped[day, index])
            one.end_day(day, int(sales[day, index]), is_stopped=stopped)

    life = live(sales, terms, events_of(happened), gates)

    assert [one.applied for one in happened] == life.applied_minor.tolist()
    assert [one.balances for one in plain] == life.balance_minor.T.tolist()
    assert [one.recovered for one in plain] == life.recovered_minor.tolist()
    assert [one.written_off for one in plain] == life.written_off_minor.tolist()


def test_adyen_stripe_and_domain_sums() -> None:
    """A sale of 1,000 at 20 % gives 200; what is left caps it; a negative day is 0."""
    life = lived(Plain(450, 200_000, 0, 0, 0), [999, 1_000, -500, 999, 5_000, 1_000])

    assert life.holdback_minor[:, 0].tolist() == [0, 200, 0, 199, 51, 0]
    assert life.balance_minor[:, 0].tolist() == [450, 250, 250, 51, 0, 0]


def test_balance_of_a_reversed_holdback() -> None:
    """110,000 owed, 100,500 paid and 237 given back once leave 9,737, as published."""
    back = (Event.REVERSAL, 237, Original.HOLDBACK, 1)
    life = lived(
        Plain(110_000, 100_000, 0, 0, 0),
        [0, 1_005_000, 0, 0],
        Happening(2, 0, *back),
        Happening(3, 0, Event.REVERSAL, 10, Original.EVENT, 0),
    )

    assert life.balance_minor[-1, 0] == 9_737
    assert life.applied_minor.tolist() == [-237, 0]


def test_minimum_is_trued_up_on_the_last_day_and_capped() -> None:
    """400 in 60 days, 300 paid: 100 on day 60, and never more than is left."""
    sales = [0, 3_000, *[0] * 178]
    life = lived(Plain(750, 100_000, 400, 60, 0), sales)

    due = {
        day: int(life.minimum_minor[day, 0])
        for day in np.flatnonzero(life.minimum_minor)
    }
    assert due == {59: 100, 119: 350}


def test_a_paused_day_excuses_its_interval_only() -> None:
    """Days 3 to 5 with a pause in them ask for nothing, those before and after do."""
    gates = no_gates(9, 2)
    gates.is_paused[4] = True
    gates.is_stopped[1] = True
    plain = (Plain(1_000, 100_000, 50, 3, 0), Plain(1_000, 100_000, 50, 3, 0))
    life = live(np.full((9, 2), 100), terms_of(*plain), events_of([]), gates)

    assert life.minimum_minor[:, 0].tolist() == [0, 0, 40, 0, 0, 0, 0, 0, 20]
    assert life.holdback_minor[:, 1].tolist() == [0, 0, *[10] * 7]


def test_what_was_taken_moves_the_balance_and_what_was_due_is_returned() -> None:
    """A holdback not taken is due once, and does not cascade into the days after."""
    taken = Taken(whole([[0], [0], [10]]), whole([[0], [0], [0]]), whole([[0]] * 3))
    life = live(
        whole([[0], [100], [100]]),
        terms_of(Plain(15, 100_000, 0, 0, 0)),
        events_of([]),
        no_gates(3, 1),
        taken,
    )

    assert life.holdback_minor[:, 0].tolist() == [0, 10, 10]
    assert life.balance_minor[:, 0].tolist() == [15, 15, 5]


@given(
    fee=st.integers(0, 10**12),
    advance=st.integers(1, 10**12),
    share=st.floats(0, 1),
)
def test_parts_of_a_repayment_add_up(fee: int, advance: int, share: float) -> None:
    """The fee's part is the whole fee at the end, and rounded down on the way there."""
    owed = fee + advance
    repaid = int(owed * share) if share < 1 else owed

    assert fee_part(whole(repaid), whole(fee), whole(owed)) == fee * repaid // owed
    assert fee_part(whole(owed), whole(fee), whole(owed)) == fee


def test_rates_are_whole_millionths() -> None:
    """0.29 is 290,000 millionths, though 0.29 * 100 is below 29 as a float."""
    assert millionths([0.29, 0.1, 0.123456]).tolist() == [290_000, 100_000, 123_456]


def test_nothing_happens_to_nobody() -> None:
    """No advances and no days are no error."""
    life = live(whole([]).reshape(0, 0), terms_of(), events_of([]), no_gates(0, 0))

    assert life.balance_minor.shape == (0, 0)
    assert pytest.approx(0) == life.recovered_minor.sum()
