"""Both DAGs run through Airflow itself and leave what the command line leaves."""

import re
import subprocess
from pathlib import Path

import duckdb
import pyarrow as pa
from airflow_command import BIN, Airflow

from jobs.sources.sample import Sample

SOURCE = "sample:sellers=120,days=400,seed=3"
NIGHT = Sample().end_date.isoformat()


def test_airflow_leaves_the_offers_of_the_command_line(
    airflow: Airflow, tmp_path: Path
) -> None:
    """One night by each way gives the same offers, and there are some.

    The first DAG is told its night by the param, against another logical date; the
    second by its logical date.
    """
    asked = f'{{"as_of_date": "{NIGHT}"}}'
    scheduled = {"ADVANCES_HOME": str(tmp_path / "dags"), "ADVANCES_SOURCE": SOURCE}
    scheduled["ADVANCES_DEADLINE_HOURS"] = "0"
    by_hand = scheduled | {"ADVANCES_HOME": str(tmp_path / "command")}

    for arguments in (
        ("nightly_cash_flows", "2026-01-01", "--conf", asked),
        ("nightly_offers", NIGHT),
    ):
        run = airflow("dags", "test", *arguments, **scheduled)
        assert run.returncode == 0, run.stdout
    run = subprocess.run(
        [BIN / "advances", "nightly", "--as-of", NIGHT],
        env=airflow.environment | by_hand,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr

    expected = offers(tmp_path / "command")
    assert expected.num_rows > 0
    assert offers(tmp_path / "dags").equals(expected)


def offers(home: Path) -> pa.Table:
    """Return every offer of the one warehouse in ``home``, whatever code made it."""
    (path,) = home.glob("*/warehouse.duckdb")
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(
            "select * exclude (code_version) from underwriting.advance_offers"
            " order by offer_id"
        ).to_arrow_table()


def test_bad_data_fails_at_once_and_says_how_to_repeat(
    airflow: Airflow, tmp_path: Path
) -> None:
    """A fault that a retry cannot mend: one try, one clear line, nothing after it."""
    command = tmp_path / "advances"
    command.write_text("#!/bin/sh\necho called with $1\nexit 3\n", "utf-8")
    command.chmod(0o755)

    run = airflow(
        "dags", "test", "nightly_offers", NIGHT, ADVANCES_COMMAND=str(command)
    )

    assert run.returncode == 1
    assert re.findall(r"called with \w+", run.stdout) == ["called with forecast"]
    (line,) = re.findall(r"FAILED .*? \|", run.stdout)
    assert line == (
        f"FAILED nightly_offers.forecast_fit as of {NIGHT}, try 1. Repeat by hand: "
        f"${{ADVANCES_COMMAND:-advances}} forecast fit --as-of {NIGHT} |"
    )
