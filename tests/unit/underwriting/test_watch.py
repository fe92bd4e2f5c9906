"""The watch sees what was planted, and is silent where nothing changed."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.underwriting.arrays import FloatArray
from jobs.underwriting.chance import (
    bin_counts,
    is_other_share,
    share_interval,
    stability_by_chance,
    stability_index,
)
from jobs.underwriting.watch import PLAIN_INPUTS, Reference, watch_night
from jobs.underwriting.watch_findings import Finding
from jobs.underwriting.watch_forecasts import check_forecasts

from .builders import policy

BEFORE = dt.date(2026, 10, 4)
RULES = policy()
LIMITS = RULES.watch
assert LIMITS is not None


def sellers(seed: int, **factors: float) -> pd.DataFrame:
    """Return 400 sellers in euro and 400 in yen, sales times a currency's factor."""
    draw = np.random.default_rng(seed)
    frames = []
    for code in ("EUR", "JPY"):
        rows = pd.DataFrame({name: draw.gamma(2, 30, 400) for name in PLAIN_INPUTS})
        rows["refund_rate"] = np.where(draw.random(400) < 0.4, 0, draw.random(400))
        rows.loc[draw.random(400) < 0.1, "growth_rate"] = np.nan
        rows["active_91_days"] = draw.integers(0, 92, 400)
        sales = draw.lognormal(11, 1.5, 400) * factors.get(code, 1)
        frames.append(rows.assign(repayable_28_days_minor=sales, currency_code=code))
    return pd.concat(frames, ignore_index=True)


def funnel(**offered: tuple[int, int]) -> pd.DataFrame:
    """Return (evaluated, served) of the daily sellers of some countries."""
    rows = [
        (code, "JPY" if code == "JP" else "EUR", "daily", *counts)
        for code, counts in offered.items()
    ]
    names = ["country_code", "currency_code", "size_band"]
    return pd.DataFrame(rows, columns=[*names, "evaluated_count", "served_count"])


CALM = funnel(DE=(200, 100), JP=(200, 100))


def watched(
    rows: pd.DataFrame, now: pd.DataFrame = CALM, before: pd.DataFrame = CALM
) -> dict[str, Finding]:
    """Return the findings against sellers drawn with seed 1, by check and group."""
    reference = Reference(BEFORE, sellers(1), before)
    found = watch_night(rows, now, None, reference, RULES)
    return {f"{each.check_name} {each.group_name}": each for each in found}


def amber(found: dict[str, Finding]) -> list[str]:
    """Return the names of what is amber."""
    return [name for name, each in found.items() if each.verdict == "amber"]


def outcomes(sellers_count: int, nights: int, **rates: float) -> pd.DataFrame:
    """Return the sums of some nights' outcomes at 30 days, everything as promised.

    Unless said: ``inside`` of the band, ``reached`` of the promised 95 %.
    """
    count = float(sellers_count * nights)
    row = {"horizon_days": 30.0, "night_count": nights, "series_count": count}
    row |= {"inside_80_count": count * rates.get("inside", 0.8), "event_count": count}
    for share, rate in ((60, 0.9), (80, 0.8), (95, 0.6), (110, 0.4)):
        reached = rates.get("reached", rate) if share == 95 else rate
        row[f"reached_{share}_count"] = count * reached
        row[f"expected_{share}_count"] = count * rate
    return pd.DataFrame([row])


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        # By hand: -.05 ln .875 - .05 ln .8333 + .10 ln 1.3333.
        ([40, 30, 30], [35, 25, 40], 0.04456),
        # Published: the tests of the Python packages strappy and mercury-monitoring.
        ([6, 5], [5, 4], 0.00041),
        ([12, 4, 14, 2, 12, 1, 12, 1, 6, 1], [6, 11, 5, 13, 6, 11, 6, 5, 1, 6], 1.436),
        # By hand: half a seller of 10 where nobody is; a bin that is always empty.
        ([10, 10, 0], [10, 0, 0], 0.5 * math.log(2) + 0.45 * math.log(10)),
    ],
)
def test_the_stability_index_is_the_fields(
    before: list[int], now: list[int], expected: float
) -> None:
    """Published and hand-worked tables of two populations give their index."""
    index = stability_index(np.array(before), np.array(now))

    assert expected == pytest.approx(index, rel=0.01)


VALUES = st.lists(
    st.sampled_from([0.0, 0.0, 0.1, 0.5, 2.0, 7.0, -3.0, math.nan]), min_size=1
)


@given(VALUES, VALUES)
def test_bins_are_the_quantiles_of_the_reference(
    before: list[float], now: list[float]
) -> None:
    """A plain loop over edges and values counts the same; nobody is lost."""
    known = sorted(value for value in before if not math.isnan(value))
    edges = sorted(
        {known[math.ceil(len(known) * k / 4) - 1] for k in (1, 2, 3)} if known else ()
    )

    def bin_of(value: float) -> int:
        if math.isnan(value):
            return len(edges) + 1
        return sum(edge < value for edge in edges)

    found = bin_counts(np.array(before), np.array(now), 4)

    for values, counts in zip((before, now), found, strict=True):
        expected = Counter(bin_of(value) for value in values)
        assert [expected[place] for place in range(len(edges) + 2)] == counts.tolist()


@pytest.mark.parametrize(
    ("bins", "rate", "table"),
    [(2, 0.01, 6.635), (10, 0.01, 21.666), (10, 0.001, 27.877), (4, 0.001, 16.266)],
)
def test_the_bound_by_chance_is_chi_squared(
    bins: int, rate: float, table: float
) -> None:
    """Over 1/n + 1/m it is the printed chi-squared table, within two per cent."""
    counts = np.full(bins, 100 // bins + 1)
    bound = stability_by_chance(counts, counts, rate) / (2 / counts.sum())

    assert table == pytest.approx(bound, rel=0.02)


def test_two_draws_of_one_population_are_seldom_told_apart(
    show: Callable[[str], None],
) -> None:
    """The index passes its bound about as rarely as it was told to."""
    draw = np.random.default_rng(7)

    def population() -> FloatArray:
        values = draw.lognormal(10, 1.5, 300)
        values[draw.random(300) < 0.3] = 0
        values[draw.random(300) < 0.1] = np.nan
        return values

    alarms = 0
    for _ in range(2000):
        counts = bin_counts(population(), population(), 10)
        alarms += stability_index(*counts) > stability_by_chance(*counts, 0.05)

    show(f"stability: {alarms / 2000:.1%} false alarms where 5 % are allowed")
    assert 0.03 < alarms / 2000 < 0.07


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share_is_the_published_one(
    successes: int, count: int, low: float, high: float
) -> None:
    """The four examples of Newcombe (1998, table I, the score method)."""
    found = share_interval(successes / count, count, 0.05)

    assert (low, high) == pytest.approx(found, abs=6e-5)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5, 0.9])
def test_few_sellers_are_seldom_told_apart_by_chance(share: float) -> None:
    """Summed over every outcome of 30 and 40 sellers, alarms are as rare as allowed."""

    def chances(count: int) -> list[float]:
        return [
            math.comb(count, k) * share**k * (1 - share) ** (count - k)
            for k in range(count + 1)
        ]

    alarm = sum(
        first * second
        for k, first in enumerate(chances(30))
        for other, second in enumerate(chances(40))
        if is_other_share((k, other), (30, 40), 0.01)
    )

    assert alarm < 0.012


def test_the_same_population_is_not_amber() -> None:
    """Other sellers of the same kind pass every check, in each currency."""
    found = watched(sellers(2))

    assert amber(found) == []
    assert {"ok"} == {each.verdict for key, each in found.items() if "all" not in key}


def test_a_currency_that_moves_is_amber_alone() -> None:
    """Yen sales read as if yen had cents are seen; the euro beside them stays calm."""
    found = watched(sellers(2, JPY=100))

    assert amber(found) == ["stability repayable_28_days_minor JPY"]
    sentence = found["stability repayable_28_days_minor JPY"].sentence
    assert sentence.startswith(
        "stability of repayable_28_days_minor JPY since 2026-10-04: index "
    )


def test_values_that_go_missing_are_amber() -> None:
    """An input that is lost for a third of the sellers is not a calm one."""
    rows = sellers(2)
    rows.loc[rows.index % 3 == 0, "weekly_variation_rate"] = np.nan

    assert amber(watched(rows)) == ["stability weekly_variation_rate"]


def test_history_that_grows_by_a_month_is_no_change() -> None:
    """Sellers as old as the stored history are older every night, all at once."""
    old = sellers(1).assign(tenure_days=500)
    reference = Reference(BEFORE, old, CALM)

    found = watch_night(old.assign(tenure_days=528), CALM, None, reference, RULES)

    assert [each for each in found if each.verdict == "amber"] == []


@pytest.mark.parametrize(
    ("offered", "verdict"),
    [
        ((200, 99), "ok"),
        ((200, 60), "amber"),
        ((200, 141), "amber"),
        ((29, 0), "unchecked"),
    ],
)
def test_approvals_that_move_are_amber(offered: tuple[int, int], verdict: str) -> None:
    """Up or down by more than ten points and chance; with 29 sellers never."""
    found = watched(sellers(2), now=funnel(DE=offered, JP=(200, 100)))

    assert verdict == found["approval DE daily"].verdict
    assert found["approval JP daily"].verdict == "ok"


def test_a_country_left_behind_is_amber_by_the_four_fifths_rule() -> None:
    """Half the approvals of the others at the same sizes; few sellers prove nothing."""
    many = funnel(DE=(400, 200), FR=(400, 200), JP=(400, 100))
    few = funnel(DE=(400, 200), FR=(400, 200), JP=(31, 10))

    left = watched(sellers(2), now=many, before=many)
    unsure = watched(sellers(2), now=few, before=few)

    assert amber(left) == ["impact JP"]
    assert left["impact JP"].value == 0.6
    assert "(25%, not 42%)" in left["impact JP"].sentence
    assert unsure["impact JP"].value < 0.8
    assert amber(unsure) == []
    nobody = funnel(DE=(400, 0), JP=(400, 0))
    assert watched(sellers(2), now=nobody)["impact JP"].value == 1


def test_a_country_of_small_sellers_is_not_left_behind() -> None:
    """Its own mix of sizes is what its approvals are compared with."""
    rare = funnel(JP=(300, 30), DE=(100, 10)).assign(size_band="regular")
    now = pd.concat([rare, funnel(JP=(100, 80), DE=(300, 240))])

    assert amber(watched(sellers(2), now=now, before=now)) == []


def test_a_currency_the_policy_declines_counts_nowhere() -> None:
    """Dollars of German sellers are refused by the policy, which is no drift."""
    dollars = funnel(DE=(500, 0)).assign(currency_code="USD")

    found = watched(sellers(2), now=pd.concat([CALM, dollars]))

    assert found["approval DE daily"].sample_count == 200


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"inside": 0.65}, ["coverage"]),
        ({"inside": 0.95}, ["coverage"]),
        ({"reached": 0.45}, ["repayment"]),
    ],
)
def test_forecasts_that_were_off_are_amber(
    change: dict[str, float], expected: list[str]
) -> None:
    """Bands too narrow or too wide, and repayments that were promised and not made."""
    found = check_forecasts(outcomes(400, 4, **change), LIMITS)

    assert expected == [each.check_name for each in found if each.verdict == "amber"]
    assert [each.sample_count for each in found] == [400, 400]


def test_more_nights_of_the_same_few_sellers_prove_no_more() -> None:
    """Forty sellers seen on thirty nights are forty; twenty are not checked at all."""
    off: dict[str, Any] = {"inside": 0.68, "reached": 0.5}

    found = check_forecasts(outcomes(40, 30, **off), LIMITS)
    fewer = check_forecasts(outcomes(20, 30, **off), LIMITS)

    assert [each.verdict for each in found] == ["ok", "ok"]
    assert [each.verdict for each in fewer] == ["unchecked", "unchecked"]


def test_without_anything_to_compare_it_says_so() -> None:
    """No earlier night, no accuracy marts, no outcomes: said plainly, never amber."""
    found = watch_night(sellers(2), CALM, None, None, RULES)
    late = check_forecasts(outcomes(40, 1).head(0), LIMITS)

    assert {"no reference yet in the 28 days before", "no accuracy marts yet"} == {
        each.sentence for each in found if each.verdict == "unchecked"
    }
    assert {"impact"} == {each.check_name for each in found if each.verdict == "ok"}
    assert {"no forecast matured in 28 days"} == {each.sentence for each in late}


def test_an_older_policy_watches_nothing() -> None:
    """A policy without the section parses, and its nights have no findings."""
    rules = RULES.model_copy(update={"watch": None})

    assert watch_night(sellers(2), CALM, None, None, rules) == []
