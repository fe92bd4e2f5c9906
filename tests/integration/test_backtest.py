"""The backtest command, from a Parquet file to scores, a plot and quantiles."""

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from nights import value_of

from jobs.__main__ import main
from jobs.forecasting.grid import PROBABILITIES
from jobs.night import Night

FIRST_DAY = date(2025, 1, 1)
DAYS = 400
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
#: Sellers of the made panel who are old and active at its end; two more are not.
ACTIVE = 30
#: Where outcomes may lie beside a band.
SHARES = ("coverage", "below", "above")

Run = Callable[..., int]


def sales_table(factor_after: date = LAST_DAY, factor: int = 1) -> pa.Table:
    """Return sellers who sell on some days, every second in JPY.

    Values after ``factor_after`` are ``factor`` times as large. The last but one
    seller is 30 days old at the end, the last one stopped 150 days before it.
    """
    random = np.random.default_rng(11)
    rows = []
    for seller in range(ACTIVE + 2):
        first = DAYS - 30 if seller == ACTIVE else 5 * seller
        last = DAYS - 150 if seller == ACTIVE + 1 else DAYS
        typical = float(np.exp(random.normal(6, 1)))
        days = np.flatnonzero(random.random(DAYS) < 0.7)
        days = np.union1d(days[(days >= first) & (days < last)], [first, last - 1])
        for day in days:
            when = FIRST_DAY + timedelta(days=int(day))
            value = int(random.gamma(2.0, typical)) + 1
            value *= factor if when > factor_after else 1
            rows.append((1000 + seller, when, value, ("EUR", "JPY")[seller % 2]))
    names = ("series_id", "date", "value", "currency_code")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@pytest.fixture
def panel_path(tmp_path: Path) -> Path:
    """Return the panel's file."""
    path = tmp_path / "panel.parquet"
    pq.write_table(sales_table(), path)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs the command and gives its exit code."""

    def run_it(*words: object) -> int:
        arguments = ["advances", "backtest", "forecasts", *map(str, words)]
        monkeypatch.setattr(sys, "argv", arguments)
        try:
            main()
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    return run_it


def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def test_scores_and_a_plot_are_written(
    tmp_path: Path, panel_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each horizon has its scores, pooled and by origin, decile and probability."""
    scores = tmp_path / "scores.json"
    code = run(
        *("--panel", panel_path, "--origins", 3, "--horizons", "30,45"),
        *("--json", scores),
    )

    printed = capsys.readouterr().out
    assert code == 0
    assert "32 series, 2025-01-01 to 2026-02-04 (400 days)" in printed
    assert "origins 2025-09-22, 2025-11-06, 2025-12-21: no targets overlap" in printed
    report = read_json(scores)
    assert [each["horizon_days"] for each in report["horizons"]] == [30, 45]
    for each in report["horizons"]:
        names = ("n", "weighted_quantile_loss", "ratio_to_seasonal_naive")
        bands = [f"{name}_{band}" for band in (80, 95) for name in SHARES]
        names += (*bands, "brier", "calibration_error")
        assert all(each[name] is not None for name in names)
        for band in (80, 95):
            shares = [each[f"{name}_{band}"] for name in SHARES]
            assert pytest.approx(1, abs=2e-6) == sum(shares)
        assert [each["n"]] == [sum(part["n"] for part in each["origins"])]
        assert len(each["origins"]) == 3
        for deciles in ("by_age_decile", "by_zero_share_decile"):
            assert each["n"] == sum(decile["n"] for decile in each[deciles])
        # Whoever sold nothing for 91 days promises nothing, so has no event to reach.
        assert (each["n"] - 1) * 4 == sum(part["n"] for part in each["reliability"])
    assert report["parameters"]["origins"] == ["2025-09-22", "2025-11-06", "2025-12-21"]
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")


def test_quantiles_are_of_every_eligible_series(
    tmp_path: Path, panel_path: Path, run: Run
) -> None:
    """At the last day the young and the stopped seller are left out; ids stay."""
    path = tmp_path / "quantiles.parquet"
    code = run(
        *("--panel", panel_path, "--origins", f"2025-12-21,{LAST_DAY}"),
        *("--horizons", "90,30", "--quantiles", path),
    )

    assert code == 0
    found = pq.read_table(path)
    levels = [f"q{probability}" for probability in PROBABILITIES]
    assert found.column_names == ["series_id", "origin_date", "horizon_days", *levels]
    assert found.schema.field("series_id").type == pa.int64()
    assert found.schema.field("origin_date").type == pa.date32()
    last = found.filter(pc.equal(found["origin_date"], LAST_DAY))
    expected = [1000 + seller for seller in range(ACTIVE) for _ in range(2)]
    assert last["series_id"].to_pylist() == expected
    assert last["horizon_days"].to_pylist() == [30, 90] * ACTIVE
    values = np.column_stack([last[level].to_numpy() for level in levels])
    assert (np.diff(values, axis=1) >= 0).all()
    assert (values[1::2] >= values[::2]).all()
    assert values.max() > 0


def test_a_target_that_has_not_ended_is_not_scored(
    tmp_path: Path, panel_path: Path, run: Run
) -> None:
    """An origin on the panel's last day has quantiles and no scores."""
    scores = tmp_path / "scores.json"
    code = run("--panel", panel_path, "--origins", LAST_DAY, "--json", scores)

    assert code == 0
    for each in read_json(scores)["horizons"]:
        assert each["n"] == 0
        assert each["weighted_quantile_loss"] is None


def test_peers_of_no_target_have_no_scores(
    tmp_path: Path, panel_path: Path, run: Run
) -> None:
    """Where no target has ended the peers forecast nothing, and it is no error."""
    scores = tmp_path / "scores.json"
    code = run(
        *("--panel", panel_path, "--origins", LAST_DAY, "--horizons", "30"),
        *("--json", scores, "--peers", "statsmodels"),
    )

    assert code == 0
    same_series = read_json(scores)["same_series"]
    assert [each["horizons"][0]["n"] for each in same_series.values()] == [0, 0, 0]


def test_a_horizon_may_lie_between_two_of_the_grid(
    tmp_path: Path, panel_path: Path, run: Run
) -> None:
    """What sells in 45 days is more than in 30 and less than in 60."""
    path = tmp_path / "quantiles.parquet"
    code = run(
        *("--panel", panel_path, "--origins", LAST_DAY, "--horizons", "30,45,60"),
        *("--quantiles", path),
    )

    assert code == 0
    median = pq.read_table(path)["q0.5"].to_numpy().reshape(-1, 3)
    assert (np.diff(median, axis=1) >= 0).all()
    assert (median[:, 1] > median[:, 0]).any()


def test_the_same_panel_gives_the_same_bytes(
    tmp_path: Path, panel_path: Path, run: Run
) -> None:
    """Scores, plot and quantiles of a second run equal those of the first."""
    contents = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        scores, quantiles = tmp_path / name / "s.json", tmp_path / name / "q.parquet"
        code = run(
            *("--panel", panel_path, "--origins", 2, "--horizons", "30"),
            *("--json", scores, "--quantiles", quantiles),
        )
        assert code == 0
        paths = sorted((tmp_path / name).iterdir())
        contents.append([(path.name, path.read_bytes()) for path in paths])

    assert [name for name, _ in contents[0]] == ["q.parquet", "s.json", "s.png"]
    assert contents[0] == contents[1]


def test_nothing_after_the_origin_is_read(tmp_path: Path, run: Run) -> None:
    """Sales a hundred times as large from the next day on change no quantile."""
    origin = date(2025, 12, 21)
    tables = []
    for factor in (1, 100):
        panel, path = tmp_path / f"{factor}.parquet", tmp_path / f"q{factor}.parquet"
        pq.write_table(sales_table(factor_after=origin, factor=factor), panel)
        code = run("--panel", panel, "--origins", origin, "--quantiles", path)
        assert code == 0
        tables.append(pq.read_table(path))

    assert tables[0].num_rows > 0
    assert tables[0].equals(tables[1])


def test_closed_days_are_told_from_days_without_sales(
    tmp_path: Path, panel_path: Path, run: Run
) -> None:
    """With --absent closed no day is without a sale, and the report says closed."""
    scores = tmp_path / "scores.json"
    code = run(
        *("--panel", panel_path, "--absent", "closed", "--origins", 1),
        *("--horizons", "30", "--json", scores),
    )

    assert code == 0
    report = read_json(scores)
    assert report["parameters"]["absent"] == "closed"
    (deciles,) = report["horizons"][0]["by_zero_share_decile"]
    assert (deciles["from"], deciles["to"]) == (0, 0)


def test_a_horizon_that_could_not_be_learned_is_marked(
    tmp_path: Path, panel_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """After 170 days no six origins have lived for 90 days; after 310 they have."""
    scores = tmp_path / "scores.json"
    origins = "2025-06-20,2025-11-06"
    code = run(
        *("--panel", panel_path, "--origins", origins),
        *("--horizons", "7,90", "--json", scores),
    )

    assert code == 0
    marks = {
        each["horizon_days"]: [part["is_extrapolated"] for part in each["origins"]]
        for each in read_json(scores)["horizons"]
    }
    assert marks == {7: [False, False], 90: [True, False]}
    said = "origin 2025-06-20: too few past origins from 90 days on"
    assert said in capsys.readouterr().out


def test_negative_days_are_counted_aloud(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line says how many values below 0 count as 0."""
    table = sales_table()
    values = table["value"].to_numpy().copy()
    values[[3, 5]] = -7
    path = tmp_path / "panel.parquet"
    pq.write_table(table.set_column(2, "value", pa.array(values)), path)
    code = run("--panel", path, "--origins", 1, "--horizons", "30")

    assert code == 0
    assert "2 values below 0 count as 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--origins", "2024-12-31"], 2, "origin 2024-12-31 lies outside the panel"),
        (["--origins", "2026-02-05"], 2, "expected a day from 2025-01-01 to 2026-02"),
        (["--origins", "soon"], 2, "--origins 'soon': expected a number of origins"),
        (["--origins", "0"], 2, "--origins '0': expected a number of origins"),
        (["--horizons", "30,400"], 2, "expected whole days from 1 to 365"),
        (["--horizons", "0"], 2, "expected whole days from 1 to 365"),
        (["--peers", "prophet"], 2, "no peer 'prophet'"),
        (["--json", "nowhere/scores.json"], 2, "no such folder nowhere"),
        (["--origins", "2025-02-01"], 3, "no series has 60 days since its first row"),
        (["--horizons", "365"], 3, "the panel's 400 days are too few for a horizon"),
        (["--origins", "500"], 3, "no room for 500 origins"),
    ],
)
def test_a_wrong_request_is_refused(  # noqa: PLR0913 - a case has three parts
    panel_path: Path,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    *,
    words: list[str],
    code: int,
    text: str,
) -> None:
    """A setting that cannot be is exit code 2, data that will not do is 3."""
    assert run("--panel", panel_path, *words) == code
    assert text in capsys.readouterr().err


def test_a_broken_file_is_refused_and_leaves_nothing(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, the row in the message, and no output of any kind."""
    path, out = tmp_path / "panel.parquet", tmp_path / "out"
    out.mkdir()
    table = sales_table().slice(0, 2)
    pq.write_table(pa.concat_tables([table, table]), path)
    code = run("--panel", path, "--json", out / "s.json", "--quantiles", out / "q")

    assert code == 3
    assert (
        "row 3: series 1000 has a second row on 2025-01-01" in capsys.readouterr().err
    )
    assert list(out.iterdir()) == []


def test_an_output_that_fails_leaves_none(
    tmp_path: Path, panel_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the quantiles cannot be written there are no scores either."""
    out = tmp_path / "out"
    out.mkdir()

    def full(*_arguments: object) -> None:
        message = "no space left on device"
        raise OSError(message)

    monkeypatch.setattr("jobs.backtest_report.pq.write_table", full)
    words = ("--panel", panel_path, "--origins", 1, "--horizons", "30")

    code = run(*words, "--json", out / "s.json", "--quantiles", out / "q.parquet")

    assert code == 1
    assert list(out.iterdir()) == []


@pytest.mark.skipif(
    find_spec("flaircast") is None,
    reason="peers are not installed: pip install --editable '.[peers]'",
)
def test_peers_are_scored_on_the_same_series(
    tmp_path: Path, panel_path: Path, run: Run
) -> None:
    """All have a row for each sampled series and each origin whose target ended."""
    scores = tmp_path / "scores.json"
    code = run(
        *("--panel", panel_path, "--origins", f"2025-11-06,2025-12-21,{LAST_DAY}"),
        *("--horizons", "30", "--json", scores),
        *("--peers", "flaircast", "--peer-series", 4),
    )

    assert code == 0
    report = read_json(scores)
    expected = [report["model_version"], "SeasonalNaive", "flaircast"]
    assert list(report["same_series"]) == expected
    for forecaster in report["same_series"].values():
        assert [each["n"] for each in forecaster["horizons"]] == [8]
        assert forecaster["failed_series"] == 0
    naive = report["same_series"]["SeasonalNaive"]["horizons"][0]
    assert naive["ratio_to_seasonal_naive"] == 1


def test_the_nights_own_panel_is_scored_beside_its_warehouse(
    finished_night: Night,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a panel the marts' sales are taken, from the first one on."""
    monkeypatch.setenv("ADVANCES_HOME", str(finished_night.settings.home))
    source = "sample:sellers=240,days=500,seed=5"
    code = run(
        *("--source", source, "--as-of", "2026-10-31"),
        *("--origins", 2, "--horizons", "30,90"),
    )

    printed = capsys.readouterr().out
    assert code == 0
    counts = value_of(
        finished_night,
        "select count(*) from cash_flow.fct_seller_health_daily"
        " where as_of_date = '2026-10-31'",
    )
    first = value_of(
        finished_night,
        "select min(flow_date) from cash_flow.fct_seller_cash_flows_daily"
        " where repayable_minor > 0",
    )
    assert f"{counts} series, {first} to 2026-10-31" in printed
    scores = finished_night.workspace / "backtests" / "2026-10-31.json"
    assert f"written to {scores}" in printed
    assert [each["horizon_days"] for each in read_json(scores)["horizons"]] == [30, 90]
    assert scores.with_suffix(".png").exists()


def test_a_night_whose_marts_are_of_another_is_not_scored(
    finished_night: Night,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The panel would lack the days in between; the message says what to build."""
    monkeypatch.setenv("ADVANCES_HOME", str(finished_night.settings.home))
    source = "sample:sellers=240,days=500,seed=5"
    code = run("--source", source, "--as-of", "2026-11-07")

    assert code == 3
    said = capsys.readouterr().err
    assert "the marts are of 2026-10-31" in said
    assert "run `advances build --as-of 2026-11-07`" in said
