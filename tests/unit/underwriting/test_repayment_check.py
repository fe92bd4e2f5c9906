"""What was taken against what was due: each difference on its day, by its reason."""

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from jobs.underwriting.policy import Gate
from jobs.underwriting.repayment_check import (
    COLUMNS,
    Book,
    check_repayments,
    gates_in_force,
)

START, NIGHT = pd.Timestamp("2026-01-01"), dt.date(2026, 1, 12)
SUSPENDED = Gate(
    event="listing_suspended", holdback="stops", minimum="pauses", offers="end"
)
FAILED = Gate(event="payout_failed", holdback="goes_on", minimum="runs", offers="stay")
#: Sales of 1,000 on each of these days since the disbursement.
SALES_DAYS = (1, 2, 4, 5, 6, 7, 8, 9)


def day(number: int) -> pd.Timestamp:
    """Return a day counted from the first disbursement."""
    return START + pd.Timedelta(number, "D")


def frame(columns: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Return rows as a frame, dates as timestamps."""
    names = columns.split()
    found = pd.DataFrame(rows, columns=names)
    return found.astype({name: "datetime64[us]" for name in names if "_date" in name})


def book(  # noqa: PLR0913 - every test changes one of them
    repayments: list[tuple[Any, ...]],
    *,
    status: str = "disbursed",
    closed: int | None = None,
    gates: list[tuple[Any, ...]] | None = None,
    minimum: int | None = None,
    changes: list[tuple[Any, ...]] | None = None,
) -> Book:
    """Return two advances of 550 at 10 %, in euro and, a day later, in yen.

    The repayments (day, kind, applied, excess) are those of the euro advance; the yen
    one is of a seller without sales.
    """
    interval = 5 if minimum else None
    end = day(closed) if closed is not None else None
    return Book(
        frame(
            "advance_id seller_id currency_code owed_minor holdback_rate minimum_minor"
            " minimum_interval_days disbursed_date closed_date status",
            [
                ("a", "s1", "EUR", 550, 0.1, minimum, interval, START, end, status),
                ("b", "s2", "JPY", 9_000, 0.1, None, None, day(1), None, "disbursed"),
            ],
        ),
        frame(
            "advance_id repaid_date kind applied_minor excess_minor is_recovery",
            [
                ("a", day(number), kind, applied, excess, kind == "recovery")
                for number, kind, applied, excess in repayments
            ],
        ),
        frame(
            "seller_id currency_code flow_date repayable_minor",
            [("s1", "EUR", day(number), 1_000) for number in SALES_DAYS]
            + [("s1", "USD", day(3), 1_000)],
        ),
        frame(
            "advance_id effective_date holdback_rate",
            [("a", day(number), rate) for number, rate in changes or []],
        ),
        frame(
            "gate_event seller_id currency_code starts_date ends_date",
            [
                (*who, day(first), None if last is None else day(last))
                for *who, first, last in gates or []
            ],
        ),
    )


def held(*days: int) -> list[tuple[Any, ...]]:
    """Return holdbacks of 100 on these days, the last of 50 where 550 are reached."""
    return [
        (number, "holdback", 50 if place == 5 else 100, 0)
        for place, number in enumerate(days)
    ]


def found(world: Book) -> list[tuple[int, str, int, int]]:
    """Return day, reason, expected and taken of each difference of the euro advance."""
    rows = check_repayments(world, (SUSPENDED, FAILED), NIGHT)
    assert (
        rows["difference_minor"] == rows["taken_minor"] - rows["expected_minor"]
    ).all()
    assert set(rows["advance_id"]) <= {"a"}
    numbers = (rows["difference_date"] - START).dt.days
    return list(
        zip(
            numbers,
            rows["reason"],
            rows["expected_minor"],
            rows["taken_minor"],
            strict=True,
        )
    )


def test_a_book_repaid_as_due_has_no_differences() -> None:
    """Whole holdbacks until nothing is left, and the last one smaller."""
    rows = check_repayments(book(held(1, 2, 4, 5, 6, 7)), (SUSPENDED, FAILED), NIGHT)

    assert rows.empty
    assert list(rows.columns) == list(COLUMNS)


@pytest.mark.parametrize(
    ("repayments", "expected"),
    [
        (held(1, 4, 5, 6, 7, 8), [(2, "not_taken", 100, 0)]),
        (
            [(1, "holdback", 60, 0), *held(2, 4, 5, 6), (7, "holdback", 90, 0)],
            [(1, "taken_short", 100, 60)],
        ),
        (
            [(1, "holdback", 150, 0), *held(2, 4, 5, 6)],
            [(1, "taken_above", 100, 150)],
        ),
        (
            [*held(1, 2, 4, 5, 6, 7), (9, "holdback", 0, 30)],
            [(9, "taken_after_payoff", 0, 30)],
        ),
        (
            [(3, "holdback", 50, 0), *held(1, 2, 4, 5, 6)],
            [(3, "taken_without_sales", 0, 50)],
        ),
        (
            [(0, "holdback", 50, 0), *held(1, 2, 4, 5, 6)],
            [(0, "taken_too_early", 0, 50)],
        ),
        (
            [
                *held(1, 2),
                (3, "reversal", -100, 0),
                *held(4, 5, 6, 7),
                (8, "holdback", 50, 0),
            ],
            [],
        ),
        ([(3, "seller_initiated", 350, 0), *held(1, 2)], []),
    ],
)
def test_each_difference_is_named_on_its_day_alone(
    repayments: list[tuple[Any, ...]], expected: list[tuple[int, str, int, int]]
) -> None:
    """A difference does not come again on the days after, whatever it did to them."""
    assert expected == found(book(repayments))


def test_minimums_not_taken_taken_short_and_taken_above() -> None:
    """Of 450 in five days 300 are held back; the true-up of 150 falls on day 4."""
    before, after = held(1, 2, 4), [(5, "holdback", 100, 0)]

    for taken, expected in (
        (0, (4, "minimum_not_taken", 150, 0)),
        (100, (4, "minimum_taken_short", 150, 100)),
        (160, (4, "minimum_taken_above", 150, 160)),
    ):
        paid = [*before, (4, "minimum", taken, 0), *after]
        assert found(book(paid, minimum=450))[0] == expected
    early = [*held(1, 2), (3, "minimum", 10, 0), *held(4)]
    assert (3, "minimum_taken_not_due", 0, 10) in found(book(early, minimum=450))


def test_gates_stop_holdback_and_excuse_the_interval_they_touch() -> None:
    """A suspension on days 2 and 3 counts; a failed payout changes nothing."""
    gates = [
        ("listing_suspended", "s1", None, 2, 3),
        ("payout_failed", "s1", "EUR", 1, None),
        ("listing_suspended", "s2", None, 0, None),
    ]

    assert found(book(held(1, 4, 5, 6, 7, 8), minimum=250, gates=gates)) == []
    taken = [*held(1, 2, 4), (4, "minimum", 10, 0)]
    assert found(book(taken, minimum=450, gates=gates))[:2] == [
        (2, "taken_while_stopped", 0, 100),
        (4, "minimum_taken_while_paused", 0, 10),
    ]


def test_changed_rates_and_write_offs_change_what_is_due() -> None:
    """Half the rate from day 4 on, and nothing from the write-off of day 6 on."""
    repayments = [*held(1, 2), (4, "holdback", 50, 0), (5, "holdback", 50, 0)]
    world = book(
        [*repayments, (9, "recovery", 100, 0)],
        status="written_off",
        closed=6,
        changes=[(4, 0.05)],
    )

    assert found(world) == []


def test_gates_in_force_name_open_advances_and_what_follows() -> None:
    """One row an open advance and event of its seller and currency, since its start."""
    gates = [
        ("listing_suspended", "s1", None, 2, 3),
        ("listing_suspended", "s2", None, 5, None),
        ("payout_failed", "s2", "JPY", 6, 20),
        ("payout_failed", "s2", "EUR", 6, None),
        ("kyb_expired", "s2", None, 6, None),
    ]
    rows = gates_in_force(book([], gates=gates), (SUSPENDED, FAILED), NIGHT)

    assert rows[
        ["advance_id", "gate_event", "holdback", "minimum", "offers"]
    ].to_numpy().tolist() == [
        ["b", "listing_suspended", "stops", "pauses", "end"],
        ["b", "payout_failed", "goes_on", "runs", "stay"],
    ]
    assert rows["starts_date"].tolist() == [day(5), day(6)]


def test_no_book_and_no_gates_are_no_error() -> None:
    """A first night without advances finds nothing."""
    empty = book([])
    none = Book(
        empty.advances[:0], empty.repayments, empty.sales, empty.changes, empty.gates
    )

    assert check_repayments(none, (), NIGHT).empty
    assert gates_in_force(none, (), NIGHT).empty
