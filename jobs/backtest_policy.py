"""Backtest a policy: replay it over past days, with only what was known then.

The panel is cut at each origin before anything is decided, the forecaster of the policy
is fitted there, and the sales that followed repay what was lent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.backtest_origins import (
    Step,
    described,
    origins_of,
    panel_of_night,
    place_of_results,
    require_folder,
    unwatched,
)
from jobs.backtest_policy_figures import Lent, Replayed
from jobs.backtest_policy_origin import decide_at
from jobs.backtest_policy_report import CAVEATS, write_report
from jobs.forecasting.grid import HORIZONS_DAYS
from jobs.forecasting.panel import Panel
from jobs.night import Night, read_policy
from jobs.panel_file import read_panel
from jobs.settings import ConfigurationError, Settings
from jobs.sources.protocol import DataError
from jobs.underwriting.policy import Policy
from jobs.underwriting.policy_backtest import (
    Cases,
    Lending,
    Promise,
    at_volume,
    capped,
    join_cases,
    join_lendings,
    join_promises,
    level_oracle,
    replay,
    rules_of_thumb,
)

#: The window ends no sooner than this many terms after the origin: a slow advance is
#: late, not lost, and a window of one term would call it lost.
LEAST_WINDOW_TERMS = 1.4
#: Figures of few origins are luck: of every fourth week alone, the loss ratio on Olist
#: at 180 days is 0.55 or 1.12, by which of the four weeks is taken.
_ORIGIN_DAYS = 7


@dataclass(frozen=True)
class Request:
    """What to replay and where to write it.

    ``policy_a`` and ``policy_b`` are versions, A by default the one in force and B
    none. Without ``origins`` one a week is taken, without ``window_days``
    1.4 x the term.
    """

    panel_path: Path | None
    policy_a: str | None
    policy_b: str | None
    origins: list[date] | int | None
    terms_days: tuple[int, ...]
    window_days: int | None
    json_path: Path | None


@dataclass(frozen=True)
class _Plan:
    """Policies of one tier, all of one term, to replay at these origins."""

    policies: list[Policy]
    origins: tuple[date, ...]
    window_days: int


def backtest_policy(
    request: Request,
    open_night: Callable[[], Night],
    say: Callable[[str], None],
    step: Step = unwatched,
) -> list[Replayed]:
    """Replay the policies for every term; write JSON and plot if asked."""
    require_folder(request.json_path)
    json_path = request.json_path
    if request.panel_path is None:
        night = open_night()
        policies = _policies(request, night.settings)
        windows = _windows(request, policies)
        panel = panel_of_night(night).panel
        json_path = json_path or place_of_results(night, f"policy-{night.as_of_date}")
    else:
        policies = _policies(request, Settings())
        windows = _windows(request, policies)
        panel = read_panel(request.panel_path).panel
    _require_currencies(panel, policies)
    say(
        f"{len(panel.sales):,} series, {panel.start_date} to {panel.end_date}"
        f" ({panel.days:,} days)"
    )
    results = []
    for term_days, window_days in windows.items():
        of_term = [_with_tier(policy, term_days) for policy in policies]
        wanted = request.origins or _every_week(panel, of_term[0], window_days)
        origins = _matured(panel, wanted, window_days, say)
        plan = _Plan(of_term, tuple(origins), window_days)
        results.append(_replayed(panel, plan, say, step))
    write_report(results, json_path)
    for line in CAVEATS:
        say(line)
    if json_path:
        say(f"written to {json_path}")
    return results


def _policies(request: Request, settings: Settings) -> list[Policy]:
    """Return the policies to compare, each named once."""
    first = replace(
        settings, policy_version=request.policy_a or settings.policy_version
    )
    policies = [read_policy(first)]
    if request.policy_b is not None:
        policies.append(read_policy(replace(settings, policy_version=request.policy_b)))
        if policies[0].policy_version == request.policy_b:
            message = f"--policy-b {request.policy_b} is policy A too"
            advice = "name another, or none to compare with the rules of thumb alone"
            raise ConfigurationError(message, advice)
    return policies


def _windows(request: Request, policies: Sequence[Policy]) -> dict[int, int]:
    """Return the outcome window of every term, the same for all its origins."""
    windows = {}
    for term_days in request.terms_days:
        for policy in policies:
            _with_tier(policy, term_days)
        least = int(np.ceil(LEAST_WINDOW_TERMS * term_days - 1e-9))
        window_days = request.window_days or min(least, HORIZONS_DAYS[-1])
        if not least <= window_days <= HORIZONS_DAYS[-1]:
            message = (
                f"a window of {window_days} days does not suit a term of {term_days}:"
                f" expected {least} days (1.4 x the term) to {HORIZONS_DAYS[-1]}, the"
                " longest forecast"
            )
            raise ConfigurationError(message)
        windows[term_days] = window_days
    return windows


def _with_tier(policy: Policy, term_days: int) -> Policy:
    """Return the policy with the one tier of that term."""
    tiers = [tier for tier in policy.tiers if tier.target_term_days == term_days]
    if not tiers:
        terms = ", ".join(str(tier.target_term_days) for tier in policy.tiers)
        message = (
            f"policy {policy.policy_version} has no tier of {term_days} days; --term"
            f" takes {terms}"
        )
        raise ConfigurationError(message)
    return policy.model_copy(update={"tiers": tuple(tiers)})


def _require_currencies(panel: Panel, policies: Sequence[Policy]) -> None:
    """Refuse a panel that policy A cannot judge at all, or B not as far as A."""
    found = set(panel.currency_codes.tolist())
    judged = found & set(policies[0].currencies)
    if not judged:
        message = (
            f"policy {policies[0].policy_version} knows no currency of"
            f" {', '.join(sorted(found))}: expected a panel with country_code and"
            " currency_code, its values in minor units of"
            f" {', '.join(sorted(policies[0].currencies))}"
        )
        raise DataError(message)
    for policy in policies[1:]:
        unknown = sorted(judged - set(policy.currencies))
        if unknown:
            message = (
                f"policy {policy.policy_version} knows no currency {unknown[0]}, but"
                f" {policies[0].policy_version} does: expected two that share it"
            )
            raise ConfigurationError(message)


def _every_week(panel: Panel, policy: Policy, window_days: int) -> list[date]:
    """Return all matured origins that the history before allows, a week apart."""
    last = panel.days - 1 - window_days
    first = policy.tiers[0].minimum_history_days - 1
    columns = range(last, first - 1, -_ORIGIN_DAYS)
    if not columns:
        message = (
            f"the panel's {panel.days:,} days are too few: expected"
            f" {first + 1 + window_days}, a history of {first + 1} and a window of"
            f" {window_days}"
        )
        raise DataError(message)
    return [panel.start_date + timedelta(days=day) for day in reversed(columns)]


def _matured(
    panel: Panel,
    wanted: list[date] | int,
    window_days: int,
    say: Callable[[str], None],
) -> list[date]:
    """Return the origins whose window has ended; DataError where none has."""
    last = panel.end_date - timedelta(days=window_days)
    found = origins_of(panel, wanted, window_days)
    matured = [origin for origin in found if origin <= last]
    if not matured:
        message = (
            f"no origin has matured: {window_days} days after the first, {found[0]},"
            " the panel has ended"
        )
        advice = f"expected origins up to {last}"
        raise DataError(message, advice)
    if len(matured) < len(found):
        late = ", ".join(str(origin) for origin in found if origin > last)
        say(f"left out, because {window_days} days have not passed since: {late}")
    say(described(matured, window_days))
    return matured


def _replayed(
    panel: Panel, plan: _Plan, say: Callable[[str], None], step: Step
) -> Replayed:
    """Decide at every origin, and let what came of it be repaid."""
    decided, idle = [], []
    term_days = plan.policies[0].tiers[0].target_term_days
    for number, day in enumerate(plan.origins):
        step(f"{term_days} days, origin {day}", number, len(plan.origins))
        found = decide_at(panel, plan.policies, (number, day), plan.window_days)
        if found is None:
            idle.append(str(day))
        else:
            decided.append(found)
    if idle:
        say(f"left out, as nobody passed or could be forecast: {', '.join(idle)}")
    lendings = [
        join_lendings([each.lendings[place] for each in decided])
        for place in range(len(plan.policies) if decided else 0)
    ]
    if not lendings or not lendings[0].advance.any():
        message = (
            f"policy {plan.policies[0].policy_version} lends nothing at these origins"
        )
        advice = "expected a panel with more history, or later origins"
        raise DataError(message, advice)
    promises = [
        join_promises([each.promises[place] for each in decided])
        for place in range(len(plan.policies))
    ]
    known_count = sum(each.known_count for each in decided)
    cases = join_cases([each.cases for each in decided])
    return _compared(cases, lendings, promises, plan, known_count)


def _compared(
    cases: Cases,
    lendings: list[Lending],
    promises: list[Promise],
    plan: _Plan,
    known_count: int,
) -> Replayed:
    """Replay the policies, the rules of thumb, and the level oracle."""
    tier = plan.policies[0].tiers[0]
    share = plan.policies[0].sizing.entity_book_share_rate

    def lent(lending: Lending, promise: Promise) -> Lent:
        return Lent(replay(cases, lending, promise, tier.target_term_days), promise)

    within = [capped(lending, cases.origin, share) for lending in lendings]
    first = within[0]

    def by_rule(name: str, size: NDArray[np.float64]) -> Lent:
        return lent(at_volume(name, size, cases, first, share), promises[0])

    rules = [by_rule(name, size) for name, size in rules_of_thumb(cases).items()]
    # The best in hindsight, which favours the opponent.
    rules.sort(key=lambda rule: float(rule.outcome.loss.sum()))
    return Replayed(
        tier=tier,
        window_days=plan.window_days,
        origins=plan.origins,
        known_count=known_count,
        cases=cases,
        policies=[lent(*each) for each in zip(within, promises, strict=True)],
        rules=rules,
        oracle=by_rule("true level", level_oracle(cases)),
    )
