"""Offer changes: whose shares they are, to the minor unit."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.offer_changes import (
    DRIVERS,
    Side,
    driver_of,
    main_driver,
    waterfall,
)
from jobs.underwriting.policy import Policy
from jobs.underwriting.reasons import REASONS
from jobs.warehouse.offer_tables import CHANGE_DRIVERS

from .builders import DAILY, YEN, grid, health, policy

DEARER = ("margin_rate = 0.02", "margin_rate = 0.06")


def side(
    daily: list[float],
    shown: list[int],
    barred_by: str = "cap",
    rules: Policy | None = None,
    **changes: Any,  # noqa: ANN401 - any health column
) -> Side:
    """Return anna in euros and botan in yen with that forecast and those offers."""
    return Side(
        health(changes, {**YEN, **changes}),
        grid(daily),
        rules or policy(),
        np.array(shown),
        np.full(2, barred_by, dtype=object),
    )


def shares(before: Side, after: Side) -> list[dict[str, int]]:
    """Return each row's shares that are not 0, and check their sum."""
    found = waterfall(before, after)
    change = after.shown_minor - before.shown_minor
    assert found.sum(axis=1).tolist() == change.tolist()
    return [
        {name[3:-6]: minor for name, minor in row.items() if minor}
        for row in found.to_dict("records")
    ]


FULL = 2_385_000  # What the builders' seller of 1,000.00 a day is offered at most.


class TestWaterfall:
    """Which share is whose."""

    def test_a_lower_forecast_is_the_forecasts(self) -> None:
        """Half the forecast, the same sales: one driver, in both currencies."""
        before, after = side(DAILY, [FULL, FULL]), side([5e4, 5e4], [0, 0])
        sizes = waterfall(before, after)["by_forecast_minor"]
        after = side([5e4, 5e4], (np.array([FULL, FULL]) + sizes).tolist())
        found = shares(before, after)
        assert [set(row) for row in found] == [{"forecast"}, {"forecast"}]
        assert all(row["forecast"] < 0 for row in found)

    def test_a_rule_takes_what_the_size_would_have_been(self) -> None:
        """A restriction with nothing else changed takes the whole offer."""
        before = side(DAILY, [FULL, FULL])
        after = side(DAILY, [0, 0], barred_by="restriction")
        assert [row["restriction"] for row in shares(before, after)] == [
            -waterfall_size(before, place) for place in (0, 1)
        ]

    def test_fewer_sales_and_another_policy_are_told_apart(self) -> None:
        """A quarter's sales cap the size; a dearer policy shrinks what is left."""
        before = side(DAILY, [FULL, FULL])
        slow = {"repayable_91_days_minor": 3_000_000}
        rules = policy(DEARER)
        found = shares(before, side(DAILY, [0, 0], "budget", rules, **slow))
        assert all(row["sales"] < 0 and row["price"] < 0 for row in found)
        assert all("forecast" not in row for row in found)

    @given(st.data())
    def test_shares_always_add_up(self, data: st.DataObject) -> None:
        """Any inputs, any offers on show, whoever barred them."""
        sides = []
        for _ in range(2):
            level = st.lists(st.floats(0, 1e7), min_size=2, max_size=2)
            amounts = st.lists(st.integers(0, 10**9), min_size=2, max_size=2)
            sides.append(
                side(
                    data.draw(level),
                    data.draw(amounts),
                    data.draw(st.sampled_from(DRIVERS)),
                    data.draw(st.sampled_from([policy(), policy(DEARER)])),
                    repayable_91_days_minor=data.draw(st.integers(0, 10**9)),
                )
            )
        shares(*sides)


def waterfall_size(one: Side, place: int) -> int:
    """Return the size behind a side: what a side without any is short of it."""
    none = Side(
        one.rows,
        grid([0.0, 0.0]),
        one.policy,
        np.zeros(2, dtype=np.int64),
        one.barred_by,
    )
    return -int(waterfall(one, none)["by_forecast_minor"].iloc[place])


def test_every_reason_has_a_driver() -> None:
    """Whatever bars an offer can be told in the nine words, and the table has them."""
    assert {driver_of(reason.code) for reason in REASONS} <= set(DRIVERS)
    assert DRIVERS == CHANGE_DRIVERS


def test_the_main_driver_goes_the_way_of_the_change() -> None:
    """Of a smaller offer it is the largest loss, of one with another fee the price."""
    before, after = side(DAILY, [FULL, FULL]), side(DAILY, [100, FULL], "budget")
    found = waterfall(before, after)
    change = after.shown_minor - before.shown_minor
    assert main_driver(found, change).tolist() == ["budget", "price"]
