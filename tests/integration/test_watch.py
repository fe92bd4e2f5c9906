"""The watch of a night reads the marts, keeps what it found and says it."""

import shutil
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest
from nights import rows_of, value_of

from jobs.night import Night
from jobs.nightly import summarise
from jobs.sources.protocol import DataError
from jobs.watch import watch


@pytest.fixture
def night(finished_night: Night, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return the finished night in a warehouse of its own, to write to."""
    settings = replace(finished_night.settings, home=tmp_path_factory.mktemp("watch"))
    copy = replace(finished_night, settings=settings)
    copy.workspace.mkdir(parents=True)
    shutil.copy(finished_night.warehouse_address, copy.warehouse_address)
    with duckdb.connect(copy.warehouse_address) as connection:
        # Another test may have built it, in the warehouse that all of them read.
        connection.execute("drop schema if exists accuracy cascade")
    return copy


def add_night_before(night: Night, days: int, yen_factor: int) -> None:
    """Add an earlier night like this one, but for the sales of the sellers in yen."""
    day = night.as_of_date - timedelta(days=days)
    sales = (
        "repayable_28_days_minor"
        f" * case when currency_code = 'JPY' then {yen_factor} else 1 end"
        " as repayable_28_days_minor"
    )
    with duckdb.connect(night.warehouse_address) as connection:
        for table, change in (
            ("cash_flow.fct_seller_health_daily", f", {sales}"),
            ("offers.rpt_offer_funnel", ""),
        ):
            connection.execute(
                f"insert into {table} by name"
                f" select * replace (date '{day}' as as_of_date{change})"
                f" from {table} where as_of_date = date '{night.as_of_date}'"
            )


def test_a_first_night_has_nothing_to_compare_with(finished_night: Night) -> None:
    """The night itself watched; its summary says what could not be checked yet."""
    watched = summarise(finished_night).watched

    assert watched.checked_count == value_of(
        finished_night,
        "select count(*) from underwriting.watch_findings where verdict = 'ok'",
    )
    assert watched.checked_count > 0
    assert watched.amber == ()
    assert watched.unchecked == (
        "no reference yet in the 28 days before",
        "no accuracy marts yet",
    )


def test_a_shift_since_an_earlier_night_is_kept_and_said(night: Night) -> None:
    """The earliest night in reach is the reference; the yen alone are amber."""
    add_night_before(night, days=3, yen_factor=1)
    add_night_before(night, days=28, yen_factor=100)
    add_night_before(night, days=29, yen_factor=1)

    watched = watch(night)

    (amber,) = rows_of(
        night, "select * from underwriting.watch_findings where verdict = 'amber'"
    )
    assert amber["group_name"] == "repayable_28_days_minor JPY"
    assert amber["value"] > amber["threshold"]
    assert amber["reference_date"] == night.as_of_date - timedelta(days=28)
    assert watched.amber == (amber["sentence"],)
    assert watched.unchecked == ("no accuracy marts yet",)
    assert watched == watch(night) == summarise(night).watched


def test_nights_of_another_policy_are_no_reference(night: Night) -> None:
    """A new policy begins anew, and one whose offers are not built is refused."""
    add_night_before(night, days=28, yen_factor=100)
    renamed = night.policy.model_copy(update={"policy_version": "2027-99"})
    other = replace(night, policy=renamed)
    with pytest.raises(DataError, match="by policy 2027-99 are built; run `advances"):
        watch(other)
    with duckdb.connect(night.warehouse_address) as connection:
        connection.execute(
            "update offers.rpt_offer_funnel set policy_version = '2027-99'"
            f" where as_of_date = date '{night.as_of_date}'"
        )

    assert "no reference yet in the 28 days before" in watch(other).unchecked


def test_a_policy_without_the_section_watches_nothing(night: Night) -> None:
    """An older policy's night goes on, and says why it has no checks."""
    older = night.policy.model_copy(update={"watch": None, "policy_version": "2026-11"})

    watched = watch(replace(night, policy=older))

    assert watched.checked_count == 0
    assert watched.unchecked == ("policy 2026-11 has no [watch]",)
