"""Compare what was forecast with what then happened: bands and repayments.

Nights that follow each other forecast the same sellers, so what counts as the sample is
the sellers of one night, not the forecasts of all.
"""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from jobs.underwriting.chance import share_interval
from jobs.underwriting.policy import Watch
from jobs.underwriting.watch_findings import Finding, too_few, unchecked

#: Shares of the promised sales whose repayment the accuracy marts follow, in per cent.
EVENT_SHARES = (60, 80, 95, 110)
#: What is read of ``rpt_forecast_accuracy``: sums over nights and cohorts.
ACCURACY_SUMS = (
    "series_count",
    "inside_80_count",
    "event_count",
    *(f"reached_{share}_count" for share in EVENT_SHARES),
    *(f"expected_{share}_count" for share in EVENT_SHARES),
)
_BAND_RATE = 0.8


def check_forecasts(accuracy: pd.DataFrame | None, limits: Watch) -> list[Finding]:
    """Return a check of the 80 % band and one of repayments for each horizon.

    ``accuracy`` has a row a horizon with ``horizon_days``, ``night_count`` and
    ``ACCURACY_SUMS``; it is None where the accuracy marts are not built.
    """
    if accuracy is None or accuracy.empty:
        why = (
            "no accuracy marts yet"
            if accuracy is None
            else f"no forecast matured in {limits.outcome_days} days"
        )
        return [unchecked(name, why) for name in ("coverage", "repayment")]
    rate = limits.significance_rate / len(accuracy)
    return [
        finding
        for row in accuracy.to_dict("records")
        for finding in (
            _coverage(row, limits, rate),
            _repayment(row, limits, rate / len(EVENT_SHARES)),
        )
    ]


def _coverage(row: dict[Hashable, Any], limits: Watch, rate: float) -> Finding:
    """Compare the 80 % band with the share of outcomes that lay in it."""
    group = f"{row['horizon_days']:.0f} days"
    count = int(row["series_count"] / row["night_count"])
    if count < limits.minimum_group_count:
        return too_few("coverage", group, count, limits)
    share = row["inside_80_count"] / row["series_count"]
    error = abs(share - _BAND_RATE)
    low, high = share_interval(share, count, rate)
    is_amber = error > limits.maximum_coverage_error and not low <= _BAND_RATE <= high
    return Finding(
        "coverage",
        group,
        error,
        limits.maximum_coverage_error,
        count,
        "amber" if is_amber else "ok",
        f"the 80 % band at {group} held {share:.0%} of outcomes, at most "
        f"{limits.maximum_coverage_error:.0%} off, {count:,} sellers a night",
    )


def _repayment(row: dict[Hashable, Any], limits: Watch, rate: float) -> Finding:
    """Compare repayments with their probabilities, at the share that is most off."""
    group = f"{row['horizon_days']:.0f} days"
    count = int(row["event_count"] / row["night_count"])
    if count < limits.minimum_group_count:
        return too_few("repayment", group, count, limits)
    reached, expected = (
        {
            share: row[f"{name}_{share}_count"] / row["event_count"]
            for share in EVENT_SHARES
        }
        for name in ("reached", "expected")
    )
    worst = max(EVENT_SHARES, key=lambda share: abs(reached[share] - expected[share]))
    error = abs(reached[worst] - expected[worst])
    low, high = share_interval(reached[worst], count, rate)
    is_amber = (
        error > limits.maximum_calibration_error and not low <= expected[worst] <= high
    )
    return Finding(
        "repayment",
        group,
        error,
        limits.maximum_calibration_error,
        count,
        "amber" if is_amber else "ok",
        f"in {group} {reached[worst]:.0%} of sellers sold {worst} % of their run rate, "
        f"and {expected[worst]:.0%} should have; at most "
        f"{limits.maximum_calibration_error:.0%} off, {count:,} sellers a night",
    )
