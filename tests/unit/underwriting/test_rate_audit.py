"""The retrospective audit of rates: windows, what still stands, and the verdicts."""

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.audit_laws import LAWS
from jobs.underwriting.rate_audit import (
    audit_rates,
    standing_payments,
    true_percents,
    window_start,
)

DAY = pd.Timestamp("2023-10-26")


def advance(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    """Return anna's 1,000.00 with a fee of 100.00, changed as said."""
    return {
        "advance_id": "a",
        "offer_id": "offer_a",
        "advance_minor": 100_000,
        "owed_minor": 110_000,
        "disbursed_date": DAY,
    } | changes


YEN = advance(
    advance_id="b", offer_id="offer_b", advance_minor=50_000, owed_minor=55_000
)


def repaid(advance_id: str, *paid: tuple[int, int]) -> pd.DataFrame:
    """Return repayments of an advance as (days since it was disbursed, amount)."""
    return pd.DataFrame(
        {
            "advance_id": pd.Series([advance_id] * len(paid), dtype="str"),
            "repaid_date": pd.to_datetime(
                [DAY + pd.Timedelta(days=day) for day, _ in paid]
            ),
            "amount_minor": np.array([amount for _, amount in paid], dtype=np.int64),
        }
    )


def disclosed(*rates: tuple[str, float]) -> pd.DataFrame:
    """Return the stored rates of offers, shown with two decimals."""
    return pd.DataFrame(rates, columns=["offer_id", "apr_percent"]).assign(decimals=2)


def steady(amount: int, days: int, last: int) -> list[tuple[int, int]]:
    """Return the same amount a day from the first, and the rest on the last day."""
    return [*((day, amount) for day in range(1, days)), (days, last)]


class TestTheRateThatCameOut:
    """Published and own sums of daily repayments."""

    def test_published_sums(self) -> None:
        """Five payments of 220 are 94.15 %, and an even pace 29.72 %, as disclosed."""
        rows = pd.DataFrame(
            [
                advance(),
                # 12 % of 20,000 a month: 78.9041 a day, 236 times, then the rest.
                advance(
                    advance_id="b", advance_minor=17_000_000, owed_minor=18_700_000
                ),
            ]
        )
        paid = pd.concat(
            [
                repaid("a", *((day, 22_000) for day in range(35, 40))),
                repaid("b", *steady(78_904, 237, 18_700_000 - 236 * 78_904)),
            ]
        )

        found = true_percents(rows, paid)

        assert np.round(found, 2).tolist() == [94.15, 29.72]

    def test_what_is_repaid_on_the_first_day_has_no_rate(self) -> None:
        """All on the day of the advance, or nothing at all, is no rate."""
        rows = pd.DataFrame([advance(), YEN])

        found = true_percents(rows, repaid("a", (0, 110_000)))

        assert np.isnan(found).all()


class TestWhatStands:
    """Reversals take off the newest repayments; nothing exceeds what is owed."""

    def test_a_reversal_undoes_the_newest_repayments(self) -> None:
        """Of 60,000 and 50,000 with 70,000 given back 40,000 of the first are left."""
        lines = repaid(
            "a", (1, 60_000), (2, 50_000), (3, -70_000), (9, 60_000), (9, 40_000)
        )
        others = repaid("b", (-2, 20_000), (5, 50_000))

        found = standing_payments(
            pd.DataFrame([advance(), YEN]), pd.concat([lines, others])
        )

        assert found.to_numpy().tolist() == [
            [0, 1, 40_000],
            [0, 9, 70_000],
            [1, 0, 20_000],
            [1, 5, 35_000],
        ]

    @given(
        st.lists(
            st.tuples(st.integers(0, 12), st.integers(-40_000, 60_000)), max_size=12
        )
    )
    def test_equals_a_stack_of_payments(self, lines: list[tuple[int, int]]) -> None:
        """A plain stack, newest on top, keeps what the sums to date keep."""
        days: dict[int, int] = {}
        for day, amount in lines:
            days[day] = days.get(day, 0) + amount
        stack: list[list[int]] = []
        excess = shortage = 0
        for day, amount in sorted(days.items()):
            left = amount
            if left > 0:
                filled = min(left, shortage)
                shortage, left = shortage - filled, left - filled
                room = 110_000 - sum(each[1] for each in stack)
                stack.append([day, min(left, room)])
                excess += max(left - room, 0)
                continue
            from_excess = min(-left, excess)
            excess, left = excess - from_excess, left + from_excess
            while left < 0 and stack:
                taken = min(-left, stack[-1][1])
                stack[-1][1] -= taken
                left += taken
                if not stack[-1][1]:
                    stack.pop()
            shortage -= left

        found = standing_payments(pd.DataFrame([advance(), YEN]), repaid("a", *lines))

        kept = [[0, day, amount] for day, amount in stack if amount]
        assert found.to_numpy().tolist() == kept


class TestVerdicts:
    """Each law has its window and its side of the tolerance."""

    @pytest.mark.parametrize(
        ("told", "california", "new_york"),
        [
            (94.15, "accurate", "accurate"),
            (91.90, "accurate", "accurate"),  # 2.5 % of itself below the true rate
            (91.80, "inaccurate", "inaccurate"),
            (96.60, "accurate", "inaccurate"),  # overstated: no fault in California
        ],
    )
    def test_the_tolerance_is_that_of_the_state(
        self, told: float, california: str, new_york: str
    ) -> None:
        """Below the true rate by more than the slack fails in both, above in one."""
        rows = pd.DataFrame([advance(), YEN])
        paid = pd.concat(
            [
                repaid("a", *((day, 22_000) for day in range(35, 40))),
                repaid("b", *((day, 11_000) for day in range(35, 40))),
            ]
        )
        rates = disclosed(("offer_a", told), ("offer_b", 94.15))

        found = [audit_rates(rows, paid, rates, law) for law in LAWS.values()]

        assert [each["verdict"].tolist() for each in found] == [
            [california, "accurate"],
            [new_york, "accurate"],
        ]
        assert found[0]["difference_percent"].round(2).tolist() == [
            round(94.15 - told, 2),
            0.0,
        ]

    def test_what_cannot_be_judged_says_why(self) -> None:
        """No offer, an offer without a stored rate, and rates that do not exist."""
        rows = pd.DataFrame(
            [
                advance(advance_id="c", offer_id="offer_c"),
                advance(offer_id=None),
                YEN,
                advance(advance_id="d", offer_id="offer_d"),
            ]
        )
        paid = pd.concat(
            [repaid(each, (30, 110_000)) for each in "abc"]
            + [repaid("d", (0, 110_000))]
        )
        rates = disclosed(("offer_c", np.nan), ("offer_d", 30.0))

        found = audit_rates(rows, paid, rates, LAWS["california"])

        assert dict(zip(found["advance_id"], found["verdict"], strict=True)) == {
            "a": "undisclosed",
            "b": "undisclosed",
            "c": "no_rate",
            "d": "no_rate",
        }

    def test_nothing_paid_off_is_an_empty_audit(self) -> None:
        """Without advances there is no row, and the columns are there."""
        none = pd.DataFrame([advance()]).head(0)

        found = audit_rates(none, repaid("a"), disclosed(), LAWS["new_york"])

        assert (len(found), "verdict" in found) == (0, True)


@pytest.mark.parametrize(
    ("as_of_date", "months", "first"),
    [
        ("2026-04-30", 4, "2026-01-01"),
        ("2026-12-31", 12, "2026-01-01"),
        ("2026-10-30", 4, "2026-06-30"),
        ("2026-06-30", 4, "2026-03-01"),
    ],
)
def test_a_window_is_whole_months(as_of_date: str, months: int, first: str) -> None:
    """It ends with the night, and windows that follow each other do not overlap."""
    found = window_start(dt.date.fromisoformat(as_of_date), months)

    assert found == dt.date.fromisoformat(first)


def test_windows_of_month_ends_leave_no_day_out() -> None:
    """The audits of April, August and December cover a year, each day once."""
    ends = [dt.date(2025, 12, 31), dt.date(2026, 4, 30), dt.date(2026, 8, 31)]

    for before, end in pairwise(ends):
        assert window_start(end, 4) == before + dt.timedelta(days=1)
