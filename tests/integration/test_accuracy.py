"""The marts of accuracy, and the nightly correction, say what the jobs' scores say."""

import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from guide import guide_queries
from nights import rows_of, value_of
from report_page import ReportPage

from jobs.build import build
from jobs.challenge import AUDIT_VERSION
from jobs.forecast import fit, model_write, read_fit_history
from jobs.forecasting import conformal, scoring, storage
from jobs.forecasting.grid import HORIZONS_DAYS, PROBABILITIES
from jobs.night import Night
from jobs.report import report
from jobs.sales_history import read_matured
from jobs.sources.protocol import DataError
from jobs.underwriting.distribution import (
    QuantileGrid,
    probability_at_least,
    quantile_line,
)
from jobs.warehouse.tables import QUANTILE_COLUMNS

OUTCOMES = "select * from accuracy.fct_forecast_outcomes"
REPORT = "select * from accuracy.rpt_forecast_accuracy"
SHARES = {0.6: "60", 0.8: "80", 0.95: "95", 1.1: "110"}


@pytest.fixture(scope="module")
def night(finished_night: Night, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Return a finished night whose forecasts were made long ago, and have matured.

    Half of them ended on the night, half on the night before. What was known of the
    sellers when they were made is what is known now.
    """
    home = tmp_path_factory.mktemp("accuracy")
    settings = replace(finished_night.settings, home=home)
    copy = replace(finished_night, settings=settings)
    copy.workspace.mkdir(parents=True)
    shutil.copy(finished_night.warehouse_address, copy.warehouse_address)
    moved = "date '{}' - cast(horizon_days + {} as integer)"
    with duckdb.connect(copy.warehouse_address) as connection:
        for schema, name in (
            ("underwriting", "forecast_quantiles"),
            ("underwriting", "eligibility_decisions"),
            ("cash_flow", "fct_seller_health_daily"),
        ):
            horizons = f"(select unnest({list(HORIZONS_DAYS)}) as horizon_days)"
            join = "" if name == "forecast_quantiles" else f" cross join {horizons}"
            for back in (0, 1):
                day = moved.format(copy.as_of_date, back)
                connection.execute(
                    f"insert into {schema}.{name} by name"
                    f" select made.* replace ({day} as as_of_date)"
                    f" from {schema}.{name} as made{join}"
                    f" where as_of_date = date '{copy.as_of_date}'"
                )
    build(copy, "accuracy")
    return copy


def test_each_matured_forecast_has_its_outcome(night: Night) -> None:
    """Loss, coverage and probabilities are those of the jobs' own scores."""
    found = {_key(row): row for row in rows_of(night, OUTCOMES)}
    forecasts = _forecasts(night)

    assert set(found) == set(forecasts)
    assert len(found) > 2000
    assert {"EUR", "JPY"} <= {row["currency_code"] for row in found.values()}
    assert {7, 365} <= {row["horizon_days"] for row in found.values()}
    for key, forecast in forecasts.items():
        expected = _scores(forecast)
        row = found[key]
        assert row["sold_minor"] == forecast["sold_minor"]
        assert row["country_code"] == forecast["country_code"]
        assert row["quantile_loss_minor"] == pytest.approx(expected["loss"], abs=0.501)
        assert row["is_inside_80"] == expected["is_inside_80"]
        assert row["is_inside_95"] == expected["is_inside_95"]
        for share, name in SHARES.items():
            probability = row[f"reach_{name}_probability_rate"]
            if not forecast["rate"]:
                assert probability is None
                assert row[f"has_reached_{name}"] is None
                continue
            # What is promised is rounded down to a minor unit first.
            level = share * row["promised_minor"]
            assert level == pytest.approx(
                share * forecast["rate"] * row["horizon_days"], abs=2
            )
            assert probability == pytest.approx(_probability(forecast, level), abs=1e-6)
            reached = forecast["sold_minor"] >= level - 1e-6
            assert row[f"has_reached_{name}"] == reached


def test_the_guide_says_how_forecasts_held(night: Night) -> None:
    """Its answer is the share of this year's outcomes that lay inside the band."""
    champion = night.versions["model_version"]
    outcomes = [
        row
        for row in rows_of(night, OUTCOMES)
        if row["as_of_date"] >= date(2026, 1, 1) and row["model_version"] == champion
    ]
    found = rows_of(night, guide_queries()[9])

    assert {7, 90} <= {row["horizon_days"] for row in found}
    for row in found:
        days = row["horizon_days"]
        ended = [each for each in outcomes if each["horizon_days"] == days]
        inside = sum(each["is_inside_80"] for each in ended) / len(ended)
        assert int(row["forecast_count"]) == len(ended)
        assert row["inside_80_rate"] == pytest.approx(inside, abs=5.1e-4)


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("seller_id", "currency_code", "as_of_date", "horizon_days")
    return (*(row[name] for name in names), row["model_version"])


def _sold_by_day(night: Night) -> dict[tuple[str, str], list[tuple[Any, int]]]:
    sold: dict[tuple[str, str], list[tuple[Any, int]]] = defaultdict(list)
    for row in rows_of(
        night,
        "select seller_id, currency_code, flow_date, repayable_minor"
        " from cash_flow.fct_seller_cash_flows_daily where repayable_minor > 0",
    ):
        flow = (row["flow_date"], row["repayable_minor"])
        sold[row["seller_id"], row["currency_code"]].append(flow)
    return sold


def _forecasts(night: Night) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return every forecast of an active seller that has matured, with its sales."""
    sold = _sold_by_day(night)
    health = {
        (row["seller_id"], row["currency_code"]): row
        for row in rows_of(
            night,
            "select * from cash_flow.fct_seller_health_daily"
            f" where as_of_date = '{night.as_of_date}' and days_since_last_sale < 120",
        )
    }
    forecasts = {}
    for row in rows_of(night, "select * from underwriting.forecast_quantiles"):
        account = (row["seller_id"], row["currency_code"])
        last = row["as_of_date"] + timedelta(days=row["horizon_days"])
        if last > night.as_of_date or account not in health:
            continue
        known = health[account]
        forecasts[_key(row)] = row | {
            "country_code": known["country_code"],
            "rate": known["repayable_91_days_minor"] / min(known["tenure_days"], 91),
            "sold_minor": sum(
                amount
                for day, amount in sold[account]
                if row["as_of_date"] < day <= last
            ),
        }
    return forecasts


def _scores(forecast: dict[str, Any]) -> dict[str, Any]:
    quantiles = np.array([[forecast[name] for name in QUANTILE_COLUMNS]], dtype=float)
    actual = np.array([forecast["sold_minor"]], dtype=float)
    return {
        "loss": scoring.quantile_losses(actual, quantiles)[0],
        "is_inside_80": scoring.coverage(actual, quantiles, scoring.BAND_80).inside,
        "is_inside_95": scoring.coverage(actual, quantiles, scoring.BAND_95).inside,
    }


def _probability(forecast: dict[str, Any], level: float) -> float:
    values = np.array([[[forecast[name] for name in QUANTILE_COLUMNS]]], dtype=float)
    grid = QuantileGrid(values, np.array([1]), np.array(PROBABILITIES))
    found = probability_at_least(quantile_line(grid), np.array([[level]]))
    return float(found[0, 0])


def test_the_report_adds_up_the_outcomes(night: Night) -> None:
    """Nothing is lost or doubled between the outcomes and their cohorts."""
    sums = {
        "series_count": "count(*)",
        "sold_minor": "sum(sold_minor)",
        "quantile_loss_minor": "sum(quantile_loss_minor)",
        "inside_80_count": "count_if(is_inside_80)",
        "inside_95_count": "count_if(is_inside_95)",
        "event_count": "count_if(promised_minor > 0)",
        "reached_95_count": "count_if(has_reached_95)",
        # In millionths, as the mart adds them: whole numbers have no order of adding.
        "expected_95_count": "sum(round(reach_95_probability_rate * 1e6)::int64) / 1e6",
    }
    by = "model_version, currency_code, matured_date"
    selected = ", ".join(f"{sql} as {name}" for name, sql in sums.items())
    added = ", ".join(f"round(sum({name}), 6) as {name}" for name in sums)
    expected = rows_of(
        night,
        f"select {by}, {selected} from accuracy.fct_forecast_outcomes"
        " group by all order by all",
    )
    found = rows_of(
        night,
        f"select {by}, {added} from accuracy.rpt_forecast_accuracy"
        " group by all order by all",
    )

    assert len(expected) > 6
    assert found == expected


def test_the_nightly_report_shows_what_matured(night: Night) -> None:
    """Its share of outcomes inside the band is that of the mart, by horizon."""
    page = ReportPage(Path(report(night)).read_text(encoding="utf-8"))

    expected = {
        f"calibration.{row['horizon_days']}.inside_80_rate": repr(row["rate"])
        for row in rows_of(
            night,
            "select horizon_days, sum(inside_80_count) / sum(series_count) as rate"
            " from accuracy.rpt_forecast_accuracy where is_champion group by all",
        )
    }
    assert len(expected) == len(HORIZONS_DAYS)
    assert expected == {name: page.figures.get(name) for name in expected}


def test_forecasters_are_compared_on_the_same_sellers(night: Night) -> None:
    """Rows of one count have the same series for each forecaster; one is champion."""
    rows = rows_of(
        night,
        "select as_of_date, horizon_days, forecaster_count, model_version,"
        " is_champion, sum(series_count) as series_count"
        " from accuracy.rpt_forecast_accuracy group by all",
    )
    champion = night.versions["model_version"]
    counts: dict[tuple[Any, ...], dict[str, int]] = defaultdict(dict)
    for row in rows:
        assert row["is_champion"] == (row["model_version"] == champion)
        cohort = (row["as_of_date"], row["horizon_days"], row["forecaster_count"])
        counts[cohort][row["model_version"]] = row["series_count"]

    assert {1, 2, 3} >= {count for _, _, count in counts}
    audited = [each for (*_, count), each in counts.items() if count == 3]
    assert len(audited) == 2 * len(HORIZONS_DAYS)
    for each in audited:
        assert set(each) >= {champion, AUDIT_VERSION}
    for (*_, count), each in counts.items():
        assert len(each) == count
        assert len(set(each.values())) == 1


def test_a_night_adds_its_own_and_leaves_the_others(night: Night) -> None:
    """Built again it replaces the newest day, and does not touch the one before."""
    expected = [rows_of(night, f"{sql} order by all") for sql in (OUTCOMES, REPORT)]
    before = night.as_of_date - timedelta(days=1)
    with duckdb.connect(night.warehouse_address) as connection:
        for name in ("fct_forecast_outcomes", "rpt_forecast_accuracy"):
            connection.execute(
                f"update accuracy.{name} set sold_minor = -matured_date.day()"
            )
    build(night, "accuracy")

    for sql, rows in zip((OUTCOMES, REPORT), expected, strict=True):
        found = rows_of(night, f"{sql} order by all")
        newest = [row for row in rows if row["matured_date"] == night.as_of_date]
        assert {-before.day} == {
            row["sold_minor"] for row in found if row["matured_date"] == before
        }
        assert newest
        assert newest == [
            row for row in found if row["matured_date"] == night.as_of_date
        ]
    with duckdb.connect(night.warehouse_address) as connection:
        for name in ("fct_forecast_outcomes", "rpt_forecast_accuracy"):
            connection.execute(f"delete from accuracy.{name}")
    build(night, "accuracy")
    for sql, rows in zip((OUTCOMES, REPORT), expected, strict=True):
        assert rows_of(night, f"{sql} order by all") == rows


def test_accuracy_is_not_judged_by_another_night(night: Night) -> None:
    """Where the marts know another night, its sales are not the outcome."""
    later = replace(night, as_of_date=night.as_of_date + timedelta(days=1))

    with pytest.raises(DataError, match="the marts are of 2026-10-31; run"):
        build(later, "accuracy")


def test_sales_events_are_loaded_as_the_forecast_reads_them(night: Night) -> None:
    """Analysts find the same events; those held everywhere have an empty country."""
    path = night.settings.dbt_project / "seeds" / "sales_events.csv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    loaded = "select count(*) from cash_flow.sales_events"

    everywhere = [line for line in lines if line.startswith(",")]
    assert 0 < len(everywhere) < len(lines)
    assert value_of(night, loaded) == len(lines)
    assert value_of(night, f"{loaded} where country_code = ''") == len(everywhere)


def test_the_nightly_correction_counts_what_matured(night: Night) -> None:
    """Each count is that of a plain loop over stored quantiles and daily sales."""
    sold = _sold_by_day(night)
    series_counts = np.zeros(len(HORIZONS_DAYS), dtype=np.int64)
    below = np.zeros((len(HORIZONS_DAYS), len(PROBABILITIES)), dtype=np.int64)
    at_most = below.copy()
    for row in rows_of(night, "select * from underwriting.forecast_quantiles"):
        matured_date = row["as_of_date"] + timedelta(days=row["horizon_days"])
        is_champion = row["model_version"] == night.versions["model_version"]
        if matured_date != night.as_of_date or not is_champion:
            continue
        quantiles = [row[name] for name in QUANTILE_COLUMNS]
        if quantiles[-1] == 0:
            continue
        amount = sum(
            amount
            for day, amount in sold[row["seller_id"], row["currency_code"]]
            if row["as_of_date"] < day <= matured_date
        )
        place = HORIZONS_DAYS.index(row["horizon_days"])
        series_counts[place] += 1
        below[place] += [amount < quantile for quantile in quantiles]
        at_most[place] += [amount <= quantile for quantile in quantiles]

    with night.warehouse() as warehouse:
        found = read_matured(night, warehouse)

    assert series_counts.min() > 20
    assert series_counts.tolist() == found.series_counts.tolist()
    assert below.tolist() == found.below.tolist()
    assert at_most.tolist() == found.at_most.tolist()
    assert (below < at_most).any()


def test_the_correction_goes_on_from_the_night_before(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What last night's model was shifted by is moved on, and a replay is exact."""
    monkeypatch.setattr(conformal, "LEAST_SERIES", 20)
    lengths, levels = np.array(HORIZONS_DAYS), np.array(PROBABILITIES)
    before = replace(night, as_of_date=night.as_of_date - timedelta(days=1))
    with night.warehouse() as warehouse:
        history = read_fit_history(night, warehouse)
        matured = read_matured(night, warehouse)
        first = fit(night, warehouse, history)
        warehouse.replace([model_write(before, first, history.data_as_of)])
        second, again = (fit(night, warehouse, history) for _ in range(2))
    nothing = conformal.no_shift(len(lengths), levels)
    once = conformal.shift_levels(nothing, matured, lengths, levels)
    shift = storage.from_json(first).shift
    twice = conformal.shift_levels(shift, matured, lengths, levels)

    assert once.any()
    assert pytest.approx(once) == shift
    assert pytest.approx(twice) == storage.from_json(second).shift
    assert not np.allclose(once, twice)
    assert second == again
