"""What a log collector and a statsd daemon hear of a step."""

import json
import logging
import socket
from collections.abc import Iterator

import pytest

from jobs import telemetry


@pytest.fixture(autouse=True)
def _run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be a run of a command; leave the log as it was."""
    monkeypatch.setattr(telemetry, "run", {"run_id": "r1", "command": "nightly"})
    yield
    telemetry.configure(is_text=False, level=logging.WARNING, statsd=None)


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    """Return the socket of a daemon that takes metrics."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        yield listening


def test_a_step_is_logged_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Its start and end, with seconds and counts, under the names of the run."""
    telemetry.configure(is_text=False, level=logging.INFO, statsd=None)

    with telemetry.step("decide"):
        telemetry.count({"evaluated_count": 7})
    started, done = map(json.loads, capsys.readouterr().err.splitlines())

    assert (started["message"], done["message"]) == ("started", "done")
    assert done["time"].endswith("+00:00")
    assert done["seconds"] >= 0
    kept = ("level", "run_id", "command", "step", "evaluated_count")
    assert [done[name] for name in kept] == ["info", "r1", "nightly", "decide", 7]


def test_a_step_that_fails_stays_the_step_of_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who reports the failure can say where; a step that is done gives it back."""
    telemetry.configure(is_text=False, level=logging.INFO, statsd=None)

    def night() -> None:
        with telemetry.step("nightly"):
            with telemetry.step("decide"):
                pass
            with telemetry.step("price"):
                raise KeyError

    with pytest.raises(KeyError):
        night()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert telemetry.run["step"] == "price"
    assert [(line["step"], line["message"]) for line in lines if "seconds" in line] == [
        ("decide", "done"),
        ("price", "failed"),
        ("nightly", "failed"),
    ]


def test_a_person_reads_lines_and_no_failure_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On a terminal records are text, and a failure is left to its three lines."""
    telemetry.configure(is_text=True, level=logging.DEBUG, statsd=None)
    telemetry.run["step"] = "price"

    telemetry.log.debug("read", extra={"fields": {"row_count": 2}})
    telemetry.log.error("broken")

    assert capsys.readouterr().err == "debug: price: read row_count=2\n"


def test_metrics_reach_a_daemon(daemon: socket.socket) -> None:
    """Seconds, an end and every count, tagged by command, step and outcome."""
    telemetry.configure(
        is_text=False, level=logging.WARNING, statsd=daemon.getsockname()
    )

    with telemetry.step("forecast fit"):
        telemetry.count({"count": 12})
    duration, ended, count = daemon.recv(2048).decode().splitlines()

    tags = "|#command:nightly,step:forecast_fit,outcome:done"
    assert duration.startswith("advances.step.duration:")
    assert duration.endswith(f"|ms{tags}")
    assert [ended, count] == [
        f"advances.step.ended:1|c{tags}",
        f"advances.count:12|g{tags}",
    ]


def test_a_daemon_that_is_away_stops_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name nobody knows is a warning, a port nobody listens to is silence."""
    telemetry.configure(is_text=False, level=logging.INFO, statsd=("no.invalid", 1))
    assert "no metrics are sent to no.invalid:1" in capsys.readouterr().err

    telemetry.configure(is_text=False, level=logging.INFO, statsd=("127.0.0.1", 9))
    for _ in range(3):
        with telemetry.step("decide"):
            telemetry.count({"evaluated_count": 1})
