"""What every command prints, where, and to whom: a person, a pipe or a machine."""

import json
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result
from nights import SAMPLE

from jobs.__main__ import cli
from jobs.night import Night

SOURCE = f"sample:sellers={SAMPLE.sellers},days={SAMPLE.days},seed={SAMPLE.seed}"
COMMANDS = {
    "decide": {"evaluated_count", "eligible_count"},
    "price": {"priced_count", "offer_count"},
    "publish": set(),
    "check": {"advance_count", "gated_count", "reasons"},
    "book": {"advance_count", "line_count"},
    "warn": {"advance_count", "warnings"},
    "watch": {"checked_count", "amber", "unchecked"},
    "audit rates --law california": {"law", "first_date", "rows"},
    "recheck s0000001": {"seller_id", "answers"},
    "forecast challenge": {"series_count", "audited_count"},
    "forecast fit": {"count"},
    "forecast predict": {"count"},
    "replay": {"row_count", "differences"},
    "explain s0000001": {"seller_id", "accounts"},
}


def run(night: Night, words: str, **environment: str) -> Result:
    """Run a command over the night in this process."""
    own = {"ADVANCES_HOME": str(night.settings.home), "ADVANCES_SOURCE": SOURCE}
    return CliRunner().invoke(
        cli, words.split(), env=own | environment, catch_exceptions=False
    )


def leaves(command: click.Command) -> Iterator[click.Command]:
    """Yield the commands that do something, without the groups they are in."""
    if not isinstance(command, click.Group):
        yield command
        return
    for each in command.commands.values():
        yield from leaves(each)


def test_every_command_takes_the_three_options() -> None:
    """Wherever in the line they stand."""
    asked = {"--json", "--quiet", "--verbose"}

    assert [
        command.name
        for command in (cli, *leaves(cli))
        if not asked <= {name for each in command.params for name in each.opts}
    ] == []


def test_each_result_is_one_json_document(night: Night) -> None:
    """Standard output has it and nothing else; what is said on the way is logged."""
    for words, names in COMMANDS.items():
        done = run(night, f"--json {words}")
        told = json.loads(done.stdout)

        assert names | {"as_of_date", "policy_version"} <= set(told), words
        assert [json.loads(line)["level"] for line in done.stderr.splitlines()], words


def test_json_stands_after_the_command_too(night: Night) -> None:
    """The same document; files that it wrote are named in it."""
    path = night.settings.home / "journal.csv"
    told = json.loads(run(night, f"journal --out {path} --json").stdout)

    assert told["path"] == str(path)
    assert {"EUR", "JPY"} <= set(told["debit_minor"])


def test_quiet_is_the_result_alone(night: Night) -> None:
    """No note, no record; a person and a pipe get the same line."""
    loud, quiet = run(night, "decide"), run(night, "decide --quiet")

    assert len(loud.stdout.splitlines()) == 2
    assert quiet.stdout.splitlines() == loud.stdout.splitlines()[1:]
    assert quiet.stderr == ""


def test_records_carry_the_run_and_metrics_reach_the_daemon(night: Night) -> None:
    """The scheduler's name of the run, the night and the policy; and the counts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(5)
        done = run(
            night,
            "decide",
            ADVANCES_RUN_ID="scheduled__2026-10-31",
            ADVANCES_STATSD=f"127.0.0.1:{daemon.getsockname()[1]}",
        )
        metrics = daemon.recv(2048).decode()
    last = json.loads(done.stderr.splitlines()[-1])

    assert last["run_id"] == "scheduled__2026-10-31"
    assert (last["command"], last["step"]) == ("decide", "decide")
    assert last["as_of_date"] == "2026-10-31"
    tags = f"command:decide,step:decide,policy_version:{last['policy_version']}"
    line = f"advances.evaluated_count:{last['evaluated_count']}|g|#{tags},outcome:done"
    assert line in metrics.splitlines()


def on_terminal(night: Night, words: str, **environment: str) -> tuple[int, bytes]:
    """Run a command on a terminal of its own; return its code and every byte."""
    ours, theirs = pty.openpty()
    own = {"ADVANCES_HOME": str(night.settings.home), "ADVANCES_SOURCE": SOURCE}
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs", *words.split()],
        env=os.environ | own | {"TERM": "xterm-256color"} | environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # Linux says so that the other end is closed.
        pass
    os.close(ours)
    return process.wait(), written


def test_a_terminal_has_bars_and_colours_unless_it_wants_none(
    finished_night: Night,
) -> None:
    """Not one escape byte with NO_COLOR; the three lines of a failure either way."""
    code, drawn = on_terminal(finished_night, "replay --as-of 2026-10-01")
    plain_code, plain = on_terminal(
        finished_night, "replay --as-of 2026-10-01", NO_COLOR="1"
    )

    assert (code, plain_code) == (3, 3)
    assert b"\x1b[1;31mdata" in drawn
    assert b"\x1b[2K" in drawn
    assert plain.decode().splitlines() == [
        "data: nothing was decided on 2026-10-01",
        "  where: advances replay, night 2026-10-01",
        "  fix: give a night that ran, or run `advances decide`",
    ]


def test_a_pipe_gets_no_escape_byte(finished_night: Night) -> None:
    """Neither of the result nor of the log, whatever terminal is said to be there."""
    home = {"ADVANCES_HOME": str(finished_night.settings.home)}
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "replay", "--source", SOURCE],
        env=os.environ | home | {"TERM": "xterm-256color"},
        capture_output=True,
        check=True,
    )

    assert b"rows replayed, 0 values differ" in done.stdout
    assert b"\x1b" not in done.stdout + done.stderr


def test_the_shell_completes() -> None:
    """An option of a command in a group, from its first letters."""
    line = "advances forecast predict --bu"
    asked = {
        "_ADVANCES_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "jobs"],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "plain,--bucket\n"


#: What takes long to import.
SLOW = {"altair", "duckdb", "fsspec", "numba", "numpy", "pandas", "psycopg", "pyarrow"}
SLOW |= {"dbt", "google.cloud", "holidays", "pydantic", "statsmodels"}


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("--help", set()),
        ("backtest policy --help", set()),
        (
            "apr --advance 9 --on 2026-01-01 --payment 2026-02-01:9",
            {"numpy", "pydantic"},
        ),
        ("publish", {"duckdb", "numpy", "pandas", "pyarrow", "pydantic"}),
    ],
)
def test_a_command_imports_what_it_needs(
    finished_night: Night, words: str, needed: set[str]
) -> None:
    """Help needs nothing; publishing nowhere needs no driver of the product."""
    own = {"ADVANCES_HOME": str(finished_night.settings.home)}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "jobs", *words.split()],
        env=os.environ | own | {"ADVANCES_SOURCE": SOURCE},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stderr.splitlines()
    modules = {each.rpartition("|")[2].strip() for each in lines if "|" in each}

    assert "click" in modules
    assert modules & SLOW == needed
