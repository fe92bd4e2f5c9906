"""The figures of a backtest of policies, section by section.

A section is a list of rows with the same keys; the tables on the screen and the JSON
are both made of them. A key's ending says its unit: _rate and _share are shares of one,
_units multiples of the smallest advance, _days days; _ratio is one figure over another.
"""

import math
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jobs.underwriting.policy import Tier
from jobs.underwriting.policy_backtest import Cases, Outcome, Promise
from jobs.underwriting.policy_statistics import (
    Estimate,
    TwoWayBootstrap,
    calibration_error,
    leave_out,
    payoff_quantile,
    share,
    swap_set,
    yield_rate,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, str | int | float | None]

_AGE_DAYS = (180, 365)
#: With fewer advances one seller decides an origin, so it is not called the worst.
_LEAST_FUNDED = 20


@dataclass(frozen=True)
class Lent:
    """One policy's outcome, and the forecast it was judged by."""

    outcome: Outcome
    promise: Promise


@dataclass(frozen=True)
class Replayed:
    """One term of all policies on the same cases.

    ``policies`` are A and perhaps B; ``rules`` the rules of thumb, the one that lost
    least first. ``known_count`` counts sellers who had sold, over all origins.
    """

    tier: Tier
    window_days: int
    origins: tuple[date, ...]
    known_count: int
    cases: Cases
    policies: list[Lent]
    rules: list[Lent]
    oracle: Lent

    @property
    def ours(self) -> Outcome:
        """Policy A."""
        return self.policies[0].outcome

    @property
    def opponent(self) -> Outcome:
        """The best rule of thumb at the volume of policy A."""
        return self.rules[0].outcome

    @property
    def everybody(self) -> list[Outcome]:
        """All that were replayed, policy A first, the oracle last."""
        lent = [*self.policies, *self.rules, self.oracle]
        return [each.outcome for each in lent]

    @cached_property
    def block(self) -> NDArray[np.int64]:
        """Number of the block of each case, a term long, the last one whole [rows]."""
        days = np.array([(self.origins[-1] - origin).days for origin in self.origins])
        return (days // self.tier.target_term_days)[self.cases.origin]

    @cached_property
    def bootstrap(self) -> TwoWayBootstrap:
        """The draws behind every interval."""
        return TwoWayBootstrap(self.block, self.cases.seller)

    @property
    def volume_minor(self) -> dict[str, int]:
        """What policy A advanced by currency, in whole minor units."""
        codes = self.cases.rows["currency_code"].to_numpy()
        money = self.ours.lending.advance * self.cases.unit_minor
        return {code: round(money[codes == code].sum()) for code in np.unique(codes)}

    @cached_property
    def sections(self) -> dict[str, list[Row]]:
        """Every figure, section by section."""
        return {
            "policies": [_policy_row(each) for each in self.everybody],
            "compared": _compared(self),
            "promises": [
                row for each in self.policies for row in _promises(self, each.outcome)
            ],
            "origins": _origin_rows(self),
            "groups": _group_rows(self),
            "swap_set": _swap_rows(self),
        }


def _policy_row(outcome: Outcome) -> Row:
    advance, funded = outcome.lending.advance, outcome.is_funded
    count = funded.astype(np.float64)
    return {
        "policy": outcome.lending.name,
        "funded_count": int(count.sum()),
        "approval_rate": share(count, np.ones_like(count)),
        "volume_units": float(advance.sum()),
        "fee_rate": share(outcome.lending.owed - advance, advance),
        "loss_money_rate": share(outcome.loss, advance),
        "loss_count_rate": share((outcome.loss > 0) * count, count),
        "yield_rate": yield_rate(outcome),
        "p50_days": payoff_quantile(outcome, 0.5),
        "p90_days": payoff_quantile(outcome, 0.9),
        "hit_count_rate": share(outcome.is_repaid * count, count),
        "hit_money_rate": share(outcome.is_repaid * advance, advance),
    }


def _compared(result: Replayed) -> list[Row]:
    """Return loss rates of A over those of the others, and whom the ratios rest on."""
    bootstrap = result.bootstrap
    rows = []
    for other in result.everybody[1:]:
        rest = leave_out(result.ours, other, result.cases.seller)
        rows.append(
            {
                "loss_of_a_over": other.lending.name,
                **_estimate(bootstrap.loss_ratio(result.ours, other)),
                "least_without_one": rest.lowest,
                "most_without_one": rest.highest,
                "without_ten": rest.without_ten,
            }
        )
    return rows


def _estimate(estimate: Estimate) -> Row:
    return {"figure": estimate.value, "low": estimate.low, "high": estimate.high}


def _promises(result: Replayed, outcome: Outcome) -> list[Row]:
    """Return what a policy promised against what came, by count and by money."""
    cases = result.cases
    count = outcome.is_funded.astype(np.float64)
    money, hit = outcome.lending.advance, outcome.is_repaid
    bootstrap = result.bootstrap
    by_origin = [
        _at_origin(outcome, cases.origin == number)
        for number in np.unique(cases.origin)
        if np.count_nonzero(outcome.is_funded[cases.origin == number]) >= _LEAST_FUNDED
    ]
    shortfall = bootstrap.ratio(outcome.shortfall, outcome.expected_shortfall)
    promised = share(outcome.probability * count, count)
    figures = {
        "repaid by the term, by count": bootstrap.ratio(hit * count, count),
        "repaid by the term, by money": bootstrap.ratio(hit * money, money),
        "at the worst origin, by count": _alone(
            min((each[0] for each in by_origin), default=math.nan)
        ),
        "said to be repaid, by count": _alone(promised),
        "shortfall, realised over predicted": shortfall,
        "at the worst origin": _alone(
            max((each[1] for each in by_origin), default=math.nan)
        ),
        **_calibration("calibration error", outcome),
        **_calibration("on the rule's advances", result.opponent),
    }
    name = outcome.lending.name
    return [
        {"policy": name, "promise": text, **_estimate(figure)}
        for text, figure in figures.items()
    ]


def _calibration(name: str, outcome: Outcome) -> dict[str, Estimate]:
    """Return how far stated repayment probabilities were off, by count and by money."""
    weights = {
        "by count": outcome.is_funded.astype(np.float64),
        "by money": outcome.lending.advance,
    }
    return {
        f"{name}, {how}": _alone(
            calibration_error(outcome.probability, outcome.is_repaid, weight)
        )
        for how, weight in weights.items()
    }


def _alone(value: float) -> Estimate:
    """Return a figure without an interval."""
    return Estimate(value, math.nan, math.nan)


def _at_origin(outcome: Outcome, rows: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the hit rate by count, and shortfall realised over predicted."""
    funded = outcome.is_funded[rows].astype(np.float64)
    hit = share(outcome.is_repaid[rows] * funded, funded)
    return hit, share(outcome.shortfall[rows], outcome.expected_shortfall[rows])


def _origin_rows(result: Replayed) -> list[Row]:
    return [
        {
            "origin": str(result.origins[number]),
            "forecast": "extrapolated"
            if result.policies[0].promise.is_extrapolated[rows].any()
            else "learned",
            **_part(result, rows),
        }
        for number in np.unique(result.cases.origin)
        for rows in (result.cases.origin == number,)
    ]


def _part(result: Replayed, rows: NDArray[np.bool_]) -> Row:
    """Return figures of policy A on some of the cases, the opponent's loss beside."""
    ours, rule = result.ours, result.opponent
    hit, shortfall = _at_origin(ours, rows)
    volume = ours.lending.advance
    return {
        "passed_count": int(np.count_nonzero(rows)),
        "funded_count": int(np.count_nonzero(ours.is_funded & rows)),
        "volume_share": share(volume[rows], volume),
        "loss_rate": share(ours.loss[rows], volume[rows]),
        "rule_volume_share": share(rule.lending.advance[rows], rule.lending.advance),
        "rule_loss_rate": share(rule.loss[rows], rule.lending.advance[rows]),
        "hit_rate": hit,
        "shortfall_ratio": shortfall,
    }


def _group_rows(result: Replayed) -> list[Row]:
    """Return the parts by country, currency, size and age."""
    rows = result.cases.rows
    yearly = rows["repayable_364_days_minor"].to_numpy() / result.cases.unit_minor
    quarter = np.searchsorted(np.quantile(yearly, (0.25, 0.5, 0.75)), yearly)
    size_names = ("smallest quarter", "second", "third", "largest quarter")
    age = np.searchsorted(_AGE_DAYS, rows["tenure_days"].to_numpy(), side="right")
    age_names = ("under 180 days", "180 to 364 days", "365 days and more")
    kinds: dict[str, Sequence[str]] = {
        "country": rows["country_code"].tolist(),
        "currency": rows["currency_code"].tolist(),
        "size": [f"{place + 1} {size_names[place]}" for place in quarter],
        "age": [f"{place + 1} {age_names[place]}" for place in age],
    }
    return [
        {"by": kind, "group": name, **_part(result, np.array(names) == name)}
        for kind, names in kinds.items()
        for name in sorted(set(names))
    ]


def _swap_rows(result: Replayed) -> list[Row]:
    """Return who is funded by A and by B, or by the best rule, and by one alone."""
    other = result.policies[-1].outcome if len(result.policies) > 1 else result.opponent
    return [
        {
            "funded_by": who,
            "against": other.lending.name,
            "funded_count": swap.count,
            "volume_units": swap.volume,
            "loss_money_rate": swap.loss_rate,
            "loss_count_rate": swap.loss_count_rate,
        }
        for who, swap in swap_set(result.ours, other).items()
    ]
