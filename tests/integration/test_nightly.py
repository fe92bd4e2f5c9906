"""The nightly command, run as its users run it."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from marketplace import marketplace, write_parquet
from nights import night_of, rows_of, value_of

from jobs import forecast
from jobs.decide import decide
from jobs.forecast import Share, forecast_fit, forecast_predict
from jobs.forecasting import storage
from jobs.night import Night
from jobs.nightly import nightly, summarise
from jobs.price import price
from jobs.replay import replay
from jobs.sources.catalogue import SampleSource
from jobs.sources.protocol import DataError
from jobs.sources.sample import Sample

ADVANCES = Path(sys.executable).parent / "advances"
AS_OF = ["--as-of", "2026-10-31"]
SMALL = "sample:sellers=60,days=400,seed=3"


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the console script with its results under ``home``."""
    return subprocess.run(
        [ADVANCES, *arguments],
        env={"ADVANCES_HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_second_run_prints_the_same_offers(tmp_path: Path) -> None:
    """The same night twice succeeds twice and ends with one hash."""
    first, second = (
        run(tmp_path, "nightly", "--source", SMALL, "--timings") for _ in range(2)
    )

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    hashes = [
        line
        for done in (first, second)
        for line in done.stdout.splitlines()
        if line.startswith("Offers hash: ")
    ]
    assert len(hashes) == 2
    assert len(set(hashes)) == 1
    for said in ("evaluated", "Quarantined rows: 0", "Watch: ", "build cash_flow"):
        assert said in first.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["nightly", "--source", "shop"],
            2,
            "configuration: no source 'shop'\n",
        ),
        (
            ["nightly", "--source", "files"],
            2,
            "configuration: source files needs --source-path",
        ),
        (
            ["nightly", "--source", "files", "--source-path", "."],
            2,
            "configuration: --as-of is missing",
        ),
        (["nightly", "--as-of", "31/10/2026"], 2, "'31/10/2026' is not a date"),
        (
            ["decide", "--source", SMALL],
            3,
            "data: the marts are not built\n",
        ),
        (
            [
                "ingest",
                "--source",
                "files",
                "--source-path",
                "/nowhere",
                "--as-of",
                "2026-10-31",
            ],
            3,
            "data: no such folder\n  where: /nowhere, advances ingest",
        ),
        (
            ["explain", "s0000001", "--source", SMALL],
            3,
            "data: no night is stored\n",
        ),
        (
            ["forecast", "predict", "--source", SMALL, "--bucket", "1/3"],
            2,
            "configuration: bucket '1/3': expected i/n with n one of 1, 2, 4 ... 64",
        ),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    """A mistake exits with its code; the log ends with what, where and what to do."""
    done = run(tmp_path, *arguments)
    told = json.loads(done.stderr.splitlines()[-1])

    assert code == done.returncode
    assert message in f"{told['message']}\n  where: {told['where']}"
    assert told["fix"]
    assert "Traceback" not in done.stderr


def test_broken_rows_are_listed_and_too_many_leave_results_alone(
    tmp_path: Path,
) -> None:
    """A few broken rows are said at once, with reasons; too many stop the next night.

    It ends with 3, and the marts stay as they were.
    """
    tables = marketplace(days=60)
    for row in tables["order_items"][:6]:
        row["gross_minor"] = -1
    history = write_parquet(tmp_path / "history", tables)
    files = ["--source", "files", "--source-path", str(history)]
    first = run(tmp_path, "nightly", *files, "--as-of", "2026-02-10")
    night = night_of(tmp_path, history, date(2026, 2, 10))
    marts = "select * from cash_flow.fct_seller_cash_flows_daily order by all"
    before = rows_of(night, marts)
    for row in tables["balance_transactions"][-60:]:
        row["kind"] = "gift"
    write_parquet(history, tables)

    second = run(tmp_path, "nightly", *files, "--as-of", "2026-03-01")

    assert (first.returncode, second.returncode) == (0, 3), first.stderr
    assert "Quarantined rows: 6" in first.stdout
    listed = "order_items, order_items.parquet row 1: gross_minor -1 is below 0"
    assert listed in first.stdout
    assert "and more in raw.quarantine" in first.stdout
    assert "kind gift is not one of sale, commission" in second.stderr
    assert before
    assert before == rows_of(night, marts)


def test_every_seller_gets_a_decision_and_a_reason_or_an_offer(
    finished_night: Night,
) -> None:
    """Nobody is left out: each seller is decided, and no offer means a reason."""
    key = "seller_id || ' ' || currency_code as account"
    sold = rows_of(finished_night, f"select distinct {key} from cash_flow.fct_sales")
    decided = rows_of(
        finished_night,
        f"select {key}, outcome, reason_codes, is_offered"
        " from offers.fct_eligibility_decisions",
    )

    assert {row["account"] for row in sold} <= {row["account"] for row in decided}
    assert {"eligible", "declined"} <= {row["outcome"] for row in decided}
    assert [
        row for row in decided if not row["is_offered"] and not row["reason_codes"]
    ] == []


def test_offers_keep_to_the_policy(finished_night: Night) -> None:
    """Every offer is within its caps, adds up, and is made to an eligible seller."""
    offers = rows_of(
        finished_night,
        "select offers.*, decisions.outcome from offers.fct_advance_offers as offers"
        " left join offers.fct_eligibility_decisions as decisions"
        " using (seller_id, currency_code, as_of_date, policy_version)",
    )

    assert {"EUR", "JPY"} <= {offer["currency_code"] for offer in offers}
    for offer in offers:
        policy = finished_night.policy
        amounts = policy.currencies[offer["currency_code"]]
        assert offer["outcome"] == "eligible"
        assert offer["owed_minor"] == offer["advance_minor"] + offer["fee_minor"]
        assert (
            amounts.minimum_advance_minor
            <= offer["advance_minor"]
            <= amounts.maximum_advance_minor
        )


def test_buckets_make_no_difference(finished_night: Night) -> None:
    """Predicting in four shares stores the same quantiles as in one."""
    query = "select * from underwriting.forecast_quantiles order by all"
    whole = rows_of(finished_night, query)

    for index in range(4):
        forecast_predict(finished_night, Share(index, 4))

    assert len(whole) > 1000
    assert whole == rows_of(finished_night, query)


def test_a_decision_keeps_what_it_saw(finished_night: Night) -> None:
    """The stored inputs of every decision are the seller's whole health row."""
    decide(finished_night)

    decisions = rows_of(
        finished_night, "select inputs from underwriting.eligibility_decisions"
    )
    saw = [json.loads(row["inputs"]) for row in decisions]
    health = rows_of(
        finished_night,
        "select * from cash_flow.fct_seller_health_daily"
        f" where as_of_date = '{finished_night.as_of_date}'",
    )
    assert len(saw) == len(health) > 200
    by_key = {(row["seller_id"], row["currency_code"]): row for row in saw}
    for row in health:
        kept = by_key[row["seller_id"], row["currency_code"]]
        assert set(row) == set(kept)
        for name, value in row.items():
            if isinstance(value, float):
                assert value == pytest.approx(kept[name])
            elif not isinstance(value, date):
                assert value == kept[name], name


def test_a_step_refuses_marts_of_another_night(finished_night: Night) -> None:
    """No forecast, decision or price is made on marts that know a later night."""
    earlier = replace(
        finished_night, as_of_date=finished_night.as_of_date - timedelta(days=1)
    )

    for step in (forecast_fit, decide, price):
        with pytest.raises(DataError, match="the marts are of 2026-10-31; run"):
            step(earlier)


def test_two_nights_in_a_row_and_the_first_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going back to a night gives its offers again; going forward too."""
    sample = Sample(sellers=60, days=400, seed=3)
    source = SampleSource(sample, tmp_path)
    nights = [
        night_of(tmp_path, source, sample.end_date - timedelta(days=days))
        for days in (1, 0)
    ]

    hashes = []
    for night in (*nights, *nights):
        if len(hashes) == len(nights):
            # The tests of the marts have passed on both.
            monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")
        nightly(night, lambda _step: None)
        hashes.append(summarise(night).offers_hash)

    assert hashes[:2] == hashes[2:]
    kept = value_of(nights[1], "select count(*) from underwriting.open_offers")
    assert kept > 0
    for night in nights:
        replayed = replay(night)
        assert replayed.row_count > 60
        assert replayed.differences == ()


def test_the_model_knows_the_calendar_of_every_country(
    finished_night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of those whose sellers are in none of the buckets it was fitted on."""
    monkeypatch.setattr(forecast, "FIT_SERIES", 1)
    with finished_night.warehouse() as warehouse:
        history = forecast.read_fit_history(finished_night, warehouse)
        model = storage.from_json(forecast.fit(finished_night, warehouse, history))
    countries = {
        row["country_code"]
        for row in rows_of(
            finished_night,
            "select country_code from cash_flow.fct_seller_health_daily"
            f" where as_of_date = '{finished_night.as_of_date}'",
        )
    }

    assert set(history.panel.country_codes) < countries
    assert {"", *countries} == set(model.calendars)
