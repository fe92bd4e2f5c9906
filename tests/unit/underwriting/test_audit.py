"""The audit passes what pricing makes and finds each promise that is broken in it."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.audit import ChangeLimits, audit_change, audit_offers

from .builders import AS_OF_DATE, DAILY, YEN, grid, health, offered, policy

LIMITS = ChangeLimits(rate=0.5, count=2)
DAY = pd.Timedelta(1, "D")


def offers() -> pd.DataFrame:
    """Return three terms for a euro and a yen seller, as the mart has them."""
    made = offered(health(), grid(DAILY)).offers
    return made.assign(policy_version=policy().policy_version)


def audited(found: pd.DataFrame) -> list[str]:
    """Return what the audit says of these offers."""
    return audit_offers(found, health(), policy(), AS_OF_DATE)


@given(
    daily=st.lists(st.floats(1e3, 1e8), min_size=2, max_size=2),
    spread=st.floats(0.05, 1.5),
)
def test_whatever_pricing_makes_passes(daily: list[float], spread: float) -> None:
    """Small or huge sellers, steady or not: their offers keep every promise."""
    changes = [
        {
            "repayable_91_days_minor": int(91 * a),
            "repayable_364_days_minor": int(364 * a),
        }
        for a in daily
    ]
    rows = health(changes[0], {**YEN, **changes[1]})
    made = offered(rows, grid(daily, spread)).offers
    made = made.assign(policy_version=policy().policy_version)

    assert audit_offers(made, rows, policy(), AS_OF_DATE) == []


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("owed_minor", 1, "owed is advance plus fee"),
        ("advance_minor", 0, "an advance is more than nothing"),
        ("advance_minor", 40_000_001, "within its currency's bounds"),
        ("advance_minor", 29_999, "within its currency's bounds"),
        ("advance_minor", 6_000_000, "within its share of a year's sales"),
        ("fee_minor", 10_000_000, "a fee is within the cap"),
        ("holdback_rate", 0.25, "the holdback is the policy's"),
        ("target_term_days", 365, "the term is one of the policy's"),
        ("target_term_days", 180, "a tier has one open offer"),
        ("repayment_p10_days", 400, "its repayment is disclosed in order"),
        ("repayment_p10_days", pd.NA, "its repayment is disclosed in order"),
        ("repayment_p50_days", pd.NA, "its repayment is disclosed in order"),
        ("fee_rate", 0.01, "the fee rate is the fee as a share of the advance"),
        ("expires_date", pd.Timestamp(AS_OF_DATE) - DAY, "past its last day"),
        ("expires_date", pd.Timestamp(AS_OF_DATE) + DAY, "lives as long as the policy"),
        ("as_of_date", pd.Timestamp(AS_OF_DATE) + DAY, "no offer is of a later night"),
        ("currency_code", "XTS", "within its currency's bounds"),
    ],
)
def test_one_broken_offer_is_named(column: str, value: object, says: str) -> None:
    """A single wrong value of the yen seller fails the audit, with the offer's id."""
    found = offers()
    place = 3
    assert found["currency_code"][place] == "JPY"
    found.loc[place, column] = value

    said = [sentence for sentence in audited(found) if says in sentence]

    assert len(said) == 1
    wrong = 4 if says == "a tier has one open offer" else place
    assert said[0].endswith(f"of 6 offers, the first is {found['offer_id'][wrong]}")


def test_older_offers_keep_their_own_caps() -> None:
    """Made last week, or by another policy, an offer is not held to today's caps."""
    found = offers()
    found.loc[0, ["holdback_rate", "policy_version"]] = [0.2, "2025-01"]
    found.loc[3, "as_of_date"] = pd.Timestamp(AS_OF_DATE) - 7 * DAY
    found.loc[3, "holdback_rate"] = 0.2

    assert audited(found) == []


def test_no_offers_at_all_pass() -> None:
    """A night may well make none; whether that is too few is the other question."""
    assert audited(offers().iloc[:0]) == []


def totals(**counts: int) -> dict[str, dict[str, int]]:
    """Return so many offers of 100 minor units in each currency."""
    return {
        code: {"open_count": count, "advance_minor": 100 * count}
        for code, count in counts.items()
    }


def on_show(**counts: int) -> pd.DataFrame:
    """Return the same as rows."""
    codes = [code for code, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"currency_code": codes, "advance_minor": 100})


@pytest.mark.parametrize(
    ("now", "currencies"),
    [
        ({"EUR": 10, "JPY": 10}, []),
        ({"EUR": 15, "JPY": 5}, []),
        ({"EUR": 16, "JPY": 4}, ["EUR", "JPY"]),
        ({"EUR": 10}, ["JPY"]),
        ({"EUR": 10, "JPY": 10, "USD": 3}, ["USD"]),
        ({"EUR": 10, "JPY": 10, "USD": 2}, []),
    ],
)
def test_a_jump_in_a_currency_is_named(
    now: dict[str, int], currencies: list[str]
) -> None:
    """More than half up or down, gone or new, is told; a few offers never are."""
    said = audit_change(on_show(**now), totals(EUR=10, JPY=10), LIMITS)

    assert [sentence[:3] for sentence in said] == currencies


@pytest.mark.parametrize("count", [7, 10])
def test_amounts_count_beside_the_number_of_offers(count: int) -> None:
    """As many offers as before, of far larger amounts, are too much all the same."""
    found = on_show(EUR=count)
    found["advance_minor"] *= 10

    (said,) = audit_change(found, totals(EUR=10), LIMITS)

    assert said == (
        f"EUR goes from 10 to {count} offers, 1,000 to {count},000 minor units:"
        " more than 50%"
    )


def test_the_night_must_be_the_one_of_the_health_rows() -> None:
    """Caps are checked against sales of the same night or not at all."""
    with pytest.raises(ValueError, match="rows of another date"):
        audit_offers(offers(), health(), policy(), AS_OF_DATE + dt.timedelta(days=1))
