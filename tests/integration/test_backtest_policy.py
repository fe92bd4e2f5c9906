"""The policy backtest, from a panel or a finished night to figures and a plot."""

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.__main__ import main
from jobs.backtest_origins import panel_of_night
from jobs.backtest_policy import Request, backtest_policy
from jobs.backtest_policy_origin import decide_at
from jobs.night import Night, read_health, read_policy
from jobs.panel_file import read_panel
from jobs.settings import Settings
from jobs.underwriting.as_of_health import health_of_sales

FIRST_DAY = date(2025, 1, 1)
DAYS = 400
SELLERS = 60
ORIGINS = "2025-09-01,2025-09-29"

Run = Callable[..., int]


def sales_table() -> pa.Table:
    """Return sellers who sell most days, every second in JPY; one in six stops."""
    random = np.random.default_rng(17)
    rows = []
    for seller in range(SELLERS):
        last = random.integers(250, 330) if seller % 6 == 0 else DAYS
        typical = float(np.exp(random.normal(8, 0.8))) * (20 if seller % 2 else 10)
        for day in np.flatnonzero(random.random(int(last)) < 0.6):
            when = FIRST_DAY + timedelta(days=int(day))
            value = int(random.gamma(2.0, typical)) + 1
            codes = (("DE", "EUR"), ("JP", "JPY"))[seller % 2]
            rows.append((f"s{seller:02}", when, value, *codes))
    names = ("series_id", "date", "value", "country_code", "currency_code")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@pytest.fixture(scope="module")
def panel_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the panel's file."""
    path = tmp_path_factory.mktemp("panel") / "panel.parquet"
    pq.write_table(sales_table(), path)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs the command and gives its exit code."""

    def run_it(*words: object) -> int:
        arguments = ["advances", "backtest", "policy", *map(str, words)]
        monkeypatch.setattr(sys, "argv", arguments)
        try:
            main()
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    return run_it


def read_term(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the one term of a report."""
    (term,) = json.loads(path.read_text(encoding="utf-8"))["terms"]
    return term


def test_figures_add_up(
    tmp_path: Path, panel_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rules lend the policy's volume; origins, groups and swaps part everybody."""
    path = tmp_path / "policy.json"
    words = ("--panel", panel_path, "--origins", ORIGINS, "--term", "90")
    code = run(*words, "--json", path)

    printed = capsys.readouterr().out
    assert code == 0
    assert "Unfunded sellers cannot divert sales" in printed
    assert "90 days at 95 %, window 126 days, 2 origins in 1 blocks" in printed
    term = read_term(path)
    assert set(term["volume_minor"]) == {"EUR", "JPY"}
    ours, *others = term["policies"]
    assert len(others) == 4
    for other in others:
        assert other["volume_units"] == pytest.approx(ours["volume_units"], abs=1e-4)
    parts = {"origins": term["origins"]}
    for kind in ("country", "currency", "size", "age"):
        parts[kind] = [row for row in term["groups"] if row["by"] == kind]
    for rows in parts.values():
        assert ours["funded_count"] == sum(row["funded_count"] for row in rows)
        assert term["passed_count"] == sum(row["passed_count"] for row in rows)
        assert sum(row["volume_share"] for row in rows) == pytest.approx(1, abs=1e-4)
        lost = sum(row["volume_share"] * (row["loss_rate"] or 0) for row in rows)
        assert lost == pytest.approx(ours["loss_money_rate"], abs=1e-4)
    both, alone, _ = (row["funded_count"] for row in term["swap_set"])
    assert ours["funded_count"] == both + alone
    best = others[0]["loss_money_rate"]
    assert best == min(row["loss_money_rate"] for row in others[:3])
    compared = term["compared"][0]
    assert compared["figure"] == pytest.approx(ours["loss_money_rate"] / best, rel=1e-3)
    assert compared["low"] <= compared["figure"] <= compared["high"]
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_nothing_later_than_the_origin_is_known(panel_path: Path) -> None:
    """Other sales afterwards change what is collected and no decision."""
    policy = read_policy(Settings())
    one_tier = policy.model_copy(update={"tiers": policy.tiers[:1]})
    panel = read_panel(panel_path).panel
    day = date(2025, 9, 1)
    found = decide_at(panel, [one_tier], (0, day), 126)
    panel.sales[:, (day - panel.start_date).days + 1 :] = 0
    again = decide_at(panel, [one_tier], (0, day), 126)

    assert found is not None
    assert again is not None
    assert found.cases.sold.any()
    assert not again.cases.sold.any()
    assert found.lendings[0].advance.any()
    for name in ("advance", "owed"):
        decided = [getattr(each.lendings[0], name).tolist() for each in (found, again)]
        assert decided[0] == decided[1]


def test_two_policies_on_the_nights_own_panel(
    tmp_path: Path, finished_night: Night
) -> None:
    """The older policy's forecaster decides on the same cases; both keep their sums."""
    path = tmp_path / "policy.json"
    request = Request(None, "2027-01", "2026-11", 2, (90,), 130, path)
    (result,) = backtest_policy(request, lambda: finished_night, lambda _line: None)

    term = read_term(path)
    names = [row["policy"] for row in term["policies"]]
    assert names[:2] == ["2027-01", "2026-11"]
    assert term["window_days"] == 130
    assert {row["policy"] for row in term["promises"]} == {"2027-01", "2026-11"}
    assert {row["against"] for row in term["swap_set"]} == {"2026-11"}
    assert len(set(term["volume_minor"])) > 1
    ours, theirs = (each.outcome for each in result.policies)
    assert not np.array_equal(ours.lending.advance, theirs.lending.advance)
    for outcome in (ours, theirs):
        advance = outcome.lending.advance
        assert (outcome.loss <= advance).all()
        assert (outcome.collected + outcome.shortfall).tolist() == pytest.approx(
            outcome.lending.owed.tolist()
        )


def test_health_of_a_panel_is_that_of_the_marts(finished_night: Night) -> None:
    """What a panel can tell of a seller equals the night's health row."""
    panel = panel_of_night(finished_night).panel
    names = pd.DataFrame(
        {
            "seller_id": panel.seller_ids,
            "currency_code": panel.currency_codes,
            "country_code": panel.country_codes,
        }
    )
    age_days = panel.days - panel.birth_index
    sales = panel.sales.astype(np.float64)
    found = health_of_sales(names, sales, age_days, finished_night.as_of_date)
    with finished_night.warehouse() as warehouse:
        health = read_health(finished_night, warehouse)

    for name in ("repayable_91_days_minor", "repayable_364_days_minor", "tenure_days"):
        assert found[name].tolist() == health[name].tolist()
    for name in ("growth_rate", "weekly_variation_rate"):
        ours, theirs = (each[name].to_numpy(dtype=float) for each in (found, health))
        assert np.allclose(ours, theirs, atol=1e-6, equal_nan=True)
    # A day that was refunded whole is a sale day to the marts alone.
    ours, theirs = (each["active_91_days"].to_numpy() for each in (found, health))
    assert np.abs(theirs - ours).mean() < 1
    ours, theirs = (
        each["days_since_last_sale"].to_numpy(dtype=float) for each in (found, health)
    )
    known = ~np.isnan(ours)
    assert np.mean(ours[known] == theirs[known]) > 0.9


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--policy-b", "2030-01"), (2, "no policy '2030-01'; there are 2026-11")),
        (("--policy-b", "2027-01"), (2, "--policy-b 2027-01 is policy A too")),
        (("--term", "100"), (2, "has no tier of 100 days; --term takes 90, 180, 270")),
        (("--window", "100"), (2, "expected 126 days (1.4 x the term) to 365")),
        (("--term", "270"), (2, "expected 378 days (1.4 x the term) to 365")),
        (("--term", "180", "--window", "252"), (3, "are too few: expected 432")),
        (("--origins", "2025-12-01"), (3, "expected origins up to 2025-10-01")),
        (("--origins", "2025-02-01"), (3, "lends nothing at these origins")),
        (("--json", "nowhere/x.json"), (2, "no such folder nowhere")),
    ],
)
def test_a_question_without_an_answer_is_refused(
    panel_path: Path,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    refusal: tuple[int, str],
) -> None:
    """The message says what was expected, and nothing is written."""
    term = () if "--term" in words else ("--term", "90")

    assert refusal[0] == run("--panel", panel_path, *term, *words)
    captured = capsys.readouterr()
    assert refusal[1] in captured.out + captured.err


def test_money_of_no_currency_is_refused(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """A panel without currencies cannot be judged by a policy."""
    path = tmp_path / "panel.parquet"
    pq.write_table(sales_table().drop_columns(["currency_code"]), path)

    assert run("--panel", path, "--term", "90") == 3
    captured = capsys.readouterr()
    assert "knows no currency of XXX" in captured.out + captured.err
