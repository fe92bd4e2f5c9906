"""Challengers predict beside the champion, and no offer depends on them."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from nights import change, rows_of, value_of

from jobs import peers
from jobs.__main__ import main
from jobs.challenge import (
    AUDIT_SERIES,
    AUDIT_VERSION,
    SAMPLE_SERIES,
    auditable_rows,
    challenge,
)
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict, read_fit_history
from jobs.forecasters import FORECASTERS
from jobs.forecasting.sampling import sample_rows
from jobs.night import Night
from jobs.nightly import STEPS, summarise
from jobs.price import price

CHALLENGERS = "model_version not in (select distinct model_version from"
CHALLENGERS += " underwriting.eligibility_decisions)"
QUANTILES = "select * exclude (code_version) from underwriting.forecast_quantiles"


def test_every_other_forecaster_and_the_audit_are_stored(night: Night) -> None:
    """A fixed sample of sellers in several currencies, each on the whole grid."""
    counts = rows_of(
        night,
        "select model_version, count(*) as n,"
        " count(distinct seller_id || currency_code) as series_count,"
        " count(distinct currency_code) as currency_count"
        " from underwriting.forecast_quantiles group by all",
    )
    found = {row["model_version"]: row for row in counts}
    champion = night.versions["model_version"]

    assert set(found) == {*FORECASTERS, AUDIT_VERSION}
    sampled = value_of(
        night,
        "select count(*) from cash_flow.fct_seller_health_daily"
        " where first_sale_date is not null",
    )
    for version, row in found.items():
        assert row["n"] == 9 * row["series_count"]
        assert row["currency_count"] >= 2
        if version == AUDIT_VERSION:
            assert row["series_count"] == AUDIT_SERIES
        elif version != champion:
            assert row["series_count"] == min(sampled, SAMPLE_SERIES)


def test_the_audit_takes_sold_and_old_series_of_the_sample(night: Night) -> None:
    """They are the first by hash that have 120 days of history and a recent sale."""
    with night.warehouse() as warehouse:
        panel = read_fit_history(night, warehouse).panel
    sample = panel.take(sample_rows(panel, SAMPLE_SERIES))
    rows = auditable_rows(sample)

    expected = []
    for row in range(len(sample.seller_ids)):
        age = sample.days - sample.birth_index[row]
        if age >= 120 and sample.sales[row, -28:].any():
            expected.append(row)
    assert len(expected) > AUDIT_SERIES
    assert rows.tolist() == expected[:AUDIT_SERIES]
    assert {"EUR", "JPY"} <= set(sample.currency_codes[rows])


def test_a_second_run_replaces_the_first(night: Night) -> None:
    """The same rows again, and the champion's as they were."""
    before = rows_of(night, f"{QUANTILES} order by all")
    done = challenge(night)

    assert before == rows_of(night, f"{QUANTILES} order by all")
    assert done.audited_count == AUDIT_SERIES
    assert done.failed_count == 0


def test_offers_are_the_same_with_and_without_challengers(night: Night) -> None:
    """Neither their absence nor absurd ones, of every night, move an offer."""
    expected = summarise(night).offers_hash
    later_steps = (
        forecast_fit,
        lambda it: forecast_predict(it, Share()),
        decide,
        price,
    )
    day = "as_of_date - cast(horizon_days as integer) as as_of_date"
    absurd = f"select * replace ({day}, 1 as quantile_99_minor)"
    absurd += " from underwriting.forecast_quantiles where " + CHALLENGERS
    changes = {
        "absurd": [
            f"update underwriting.forecast_quantiles set {column} = 1000000000"
            f" where {CHALLENGERS}"
            for column in ("quantile_50_minor", "quantile_90_minor")
        ],
        "absurd and matured": [f"insert into underwriting.forecast_quantiles {absurd}"],
        "absent": [
            f"delete from underwriting.forecast_{name} where {CHALLENGERS}"
            for name in ("models", "quantiles")
        ],
    }

    found = {}
    for name, statements in changes.items():
        change(night, *statements)
        for step in later_steps:
            step(night)
        found[name] = summarise(night).offers_hash
    assert value_of(night, "select count(*) from underwriting.advance_offers") > 0
    assert found == dict.fromkeys(changes, expected)


def test_challengers_come_after_the_offers_are_published() -> None:
    """Nothing but the report comes after them."""
    assert list(STEPS)[-3:] == ["watch", "forecast challenge", "report"]


def test_a_series_on_which_ets_fails_is_left_out(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted and said; the other series are stored, the night goes on."""
    ets = peers._PATHS_OF["statsmodels ETS"]  # noqa: SLF001 - the one to break
    calls: list[int] = []

    def broken(history: peers.History, horizon: int) -> np.ndarray:
        calls.append(horizon)
        if len(calls) in {2, 5}:
            message = "no convergence"
            raise ValueError(message)
        return ets(history, horizon)

    monkeypatch.setitem(peers._PATHS_OF, "statsmodels ETS", broken)  # noqa: SLF001
    said: list[str] = []
    done = challenge(replace(night, say=said.append))

    assert (done.audited_count, done.failed_count) == (AUDIT_SERIES - 2, 2)
    (line,) = said
    assert line == (
        f"statsmodels ETS failed on 2 of {AUDIT_SERIES} series, which are left out;"
        " the first said: ValueError: no convergence"
    )
    stored = "select count(*) from underwriting.forecast_quantiles where"
    assert value_of(night, f"{stored} model_version = '{AUDIT_VERSION}'") == 9 * (
        AUDIT_SERIES - 2
    )


def test_the_champion_of_another_policy_is_left_alone(night: Night) -> None:
    """Where two policies decide on one night, neither loses its forecasts."""
    champion = night.versions["model_version"]
    other = next(version for version in FORECASTERS if version != champion)
    challenger = night.forecast_by(other)
    before = rows_of(night, f"{QUANTILES} where model_version = '{champion}'")
    done = challenge(challenger)

    assert done.model_versions == ()
    assert len(before) > 1000
    found = rows_of(night, f"{QUANTILES} where model_version = '{champion}'")
    assert sorted(map(str, found)) == sorted(map(str, before))


def test_sellers_too_quiet_for_an_audit_leave_none(night: Night) -> None:
    """Where nobody sold of late there is nothing to audit, and it is no error."""
    change(
        night,
        "update cash_flow.fct_seller_cash_flows_daily set repayable_minor = 0"
        f" where flow_date > date '{night.as_of_date}' - 40",
    )
    done = challenge(night)

    assert (done.audited_count, done.failed_count) == (0, 0)


def test_the_command_says_what_it_did(
    night: Night, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line tells how many series were predicted, by whom, and the audit."""
    monkeypatch.setenv("ADVANCES_HOME", str(night.settings.home))
    words = ["advances", "forecast", "challenge", "--source", "sample:sellers=240"]
    words[-1] += ",days=500,seed=5"
    monkeypatch.setattr(sys, "argv", words)
    main()

    printed = capsys.readouterr().out
    assert "series predicted by empirical-1; 24 audited, 0 failed" in printed
