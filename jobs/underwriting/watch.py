"""Watch whether the world moves away from what the policy was made for.

Inputs against those of an earlier night, approvals against an earlier night and between
countries, forecasts against what then happened. A check is amber where it is past its
threshold in the policy and further than chance would take as many sellers; the rate of
``significance_rate`` is shared by the checks of a kind (Bonferroni), so that in so many
nights without any change at most one is amber by a kind.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from jobs.underwriting.chance import (
    bin_counts,
    is_other_share,
    share_interval,
    stability_by_chance,
    stability_index,
)
from jobs.underwriting.health import numbers
from jobs.underwriting.policy import Policy, Watch
from jobs.underwriting.watch_findings import Finding, too_few, unchecked
from jobs.underwriting.watch_forecasts import check_forecasts

#: Inputs of the rules and sizes. Those in money are compared within a currency, the
#: others over all sellers.
MONEY_INPUTS = ("repayable_28_days_minor",)
PLAIN_INPUTS = (
    "growth_rate",
    "refund_rate",
    "chargeback_rate",
    "weekly_variation_rate",
    "tenure_days",
    "active_91_days",
    "days_since_last_sale",
)


@dataclass(frozen=True)
class Reference:
    """An earlier night: its date, health rows and rows of ``rpt_offer_funnel``."""

    as_of_date: dt.date
    health: pd.DataFrame
    funnel: pd.DataFrame


def watch_night(
    health: pd.DataFrame,
    funnel: pd.DataFrame,
    accuracy: pd.DataFrame | None,
    reference: Reference | None,
    policy: Policy,
) -> list[Finding]:
    """Return every check of a night, by kind and group.

    ``health`` and ``funnel`` are the night's rows of ``fct_seller_health_daily`` and
    ``rpt_offer_funnel``, ``accuracy`` is what ``check_forecasts`` takes. Nothing is
    checked where the policy has no ``[watch]``.
    """
    limits = policy.watch
    if limits is None:
        return []
    served = _served(funnel, policy)
    findings = list(_impact(served, limits))
    if reference is None:
        sentence = f"no reference yet in the {limits.reference_days} days before"
        findings += [unchecked(name, sentence) for name in ("stability", "approval")]
    else:
        before = _served(reference.funnel, policy)
        findings += _stability(health, reference, policy, limits)
        findings += _approvals(served, before, reference.as_of_date, limits)
    findings += check_forecasts(accuracy, limits)
    return sorted(findings, key=lambda each: (each.check_name, each.group_name))


def _served(funnel: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Sum counts by country and size band, of the currencies that a country may have.

    A seller's other currencies are declined by the policy itself, which says nothing.
    """
    pairs = zip(funnel["country_code"], funnel["currency_code"], strict=True)
    is_served = [
        country in policy.countries and currency in policy.countries[country].currencies
        for country, currency in pairs
    ]
    counts = ["evaluated_count", "served_count"]
    served = funnel.loc[is_served]
    return served.groupby(["country_code", "size_band"], as_index=False)[counts].sum()


def _stability(
    health: pd.DataFrame, reference: Reference, policy: Policy, limits: Watch
) -> Iterator[Finding]:
    """Compare each input of the sellers who sold in the quarter before each night.

    The others are declined whatever else, and only grow in number and in age.
    """
    before, now = (_inputs(rows, policy) for rows in (reference.health, health))
    groups = [(name, "") for name in PLAIN_INPUTS]
    codes = sorted({*before["currency_code"], *now["currency_code"]})
    groups += [(name, code) for name in MONEY_INPUTS for code in codes]
    rate = limits.significance_rate / len(groups)
    for name, code in groups:
        pair = [
            numbers(rows.loc[rows["currency_code"] == code] if code else rows, name)
            for rows in (before, now)
        ]
        group = f"{name} {code}".strip()
        count = min(len(values) for values in pair)
        if count < limits.minimum_group_count:
            yield too_few("stability", group, count, limits)
            continue
        counts = bin_counts(pair[0], pair[1], limits.bin_count)
        index = stability_index(*counts)
        highest = max(
            limits.maximum_stability_index, stability_by_chance(*counts, rate)
        )
        yield Finding(
            "stability",
            group,
            index,
            highest,
            count,
            "amber" if index > highest else "ok",
            f"stability of {group} since {reference.as_of_date}: index {index:.2f}, "
            f"limit {highest:.2f}, {count:,} sellers",
        )


def _inputs(health: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Rows of the sellers to compare, no tenure above the longest that a tier asks for.

    Beyond that it decides nothing. All sellers older than the stored history have one
    tenure, which is another one every night.
    """
    rows = health.loc[health["active_91_days"] > 0]
    longest = max(tier.minimum_history_days for tier in policy.tiers)
    return rows.assign(tenure_days=rows["tenure_days"].clip(upper=longest))


def _approvals(
    now: pd.DataFrame, before: pd.DataFrame, reference_date: dt.date, limits: Watch
) -> Iterator[Finding]:
    """Compare the share of sellers with an offer in each country and size band."""
    pairs = now.merge(
        before, on=["country_code", "size_band"], suffixes=("", "_before"), how="outer"
    ).fillna(0)
    counts = pairs[["evaluated_count", "evaluated_count_before"]].min(axis=1)
    is_checked = counts >= limits.minimum_group_count
    rate = limits.significance_rate / max(int(is_checked.sum()), 1)
    for row, count in zip(pairs.to_dict("records"), counts.astype(int), strict=True):
        group = f"{row['country_code']} {row['size_band']}"
        if count < limits.minimum_group_count:
            yield too_few("approval", group, count, limits)
            continue
        served = (row["served_count"], row["served_count_before"])
        evaluated = (row["evaluated_count"], row["evaluated_count_before"])
        share, other = served[0] / evaluated[0], served[1] / evaluated[1]
        change = abs(share - other)
        is_amber = change > limits.maximum_approval_change and is_other_share(
            served, evaluated, rate
        )
        is_chance = change > limits.maximum_approval_change and not is_amber
        yield Finding(
            "approval",
            group,
            change,
            limits.maximum_approval_change,
            count,
            "amber" if is_amber else "ok",
            f"approvals of {group} sellers go from {other:.0%} on {reference_date} to "
            f"{share:.0%}, at most {limits.maximum_approval_change:.0%} either way, "
            f"{count:,} sellers{', few enough for chance' if is_chance else ''}",
        )


def _impact(served: pd.DataFrame, limits: Watch) -> Iterator[Finding]:
    """Compare each country's approvals with those of all, at its own mix of sizes.

    The adverse impact ratio of the four-fifths rule (29 CFR 1607.4 D), against what the
    whole's ratio in each size band would have given this country, so that a country of
    small sellers is not taken for one that is treated otherwise.
    """
    whole = served.groupby("size_band")[["served_count", "evaluated_count"]].sum()
    by_band = whole["served_count"] / whole["evaluated_count"]
    countries = (
        served.assign(expected=served["size_band"].map(by_band))
        .assign(expected=lambda rows: rows["expected"] * rows["evaluated_count"])
        .groupby("country_code")[["evaluated_count", "served_count", "expected"]]
        .sum()
    )
    is_checked = countries["evaluated_count"] >= limits.minimum_group_count
    rate = limits.significance_rate / max(int(is_checked.sum()), 1)
    for code, row in countries.iterrows():
        country, count = str(code), int(row["evaluated_count"])
        if count < limits.minimum_group_count:
            yield too_few("impact", country, count, limits)
            continue
        # Where nobody of these sizes has an offer, nobody is left behind.
        ratio = row["served_count"] / row["expected"] if row["expected"] else 1.0
        share, fair = row["served_count"] / count, row["expected"] / count
        _, high = share_interval(share, count, rate)
        is_amber = ratio < limits.minimum_impact_ratio and high < fair
        yield Finding(
            "impact",
            country,
            ratio,
            limits.minimum_impact_ratio,
            count,
            "amber" if is_amber else "ok",
            f"{country} has {ratio:.2f} times the approvals of all sellers of the same "
            f"sizes ({share:.0%}, not {fair:.0%}), at least "
            f"{limits.minimum_impact_ratio:.2f}, {count:,} sellers",
        )
