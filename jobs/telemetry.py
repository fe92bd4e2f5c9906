"""What machines hear of a run: log records and metrics of every step.

Records go to standard error: JSON, one object a line, unless a person reads along.
Metrics go to a statsd daemon over UDP if one is named. Neither ever stops a night.
"""

import json
import logging
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

log = logging.getLogger("advances")

#: What every record carries: run_id, command, as_of_date, policy_version and step.
run: dict[str, str] = {}


@dataclass
class Step:
    """A piece of work: what it counted, and how long it took once it has ended."""

    name: str
    counts: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


_open: list[Step] = []


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        fields = getattr(record, "fields", {})
        # A person may read it too, so what the record is about comes before the run.
        told = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **fields,
            **{name: text for name, text in run.items() if name not in fields},
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {}).items()
        told = "".join(f" {name}={value}" for name, value in fields)
        step = run.get("step", record.name)
        return f"{record.levelname.lower()}: {step}: {record.getMessage()}{told}"


class _Handler(logging.Handler):
    """Writes to whatever standard error is at the time, above a bar on a terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


class Statsd:
    """A daemon that takes metrics as DogStatsD lines; it may be away."""

    def __init__(self, host: str, port: int) -> None:
        """Look the address up once, so that a slow name service costs one wait."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, _, _, self._address = found[0]
        self._socket = socket.socket(family, kind)
        self._socket.setblocking(False)

    def send(self, metrics: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Send values with their types, such as ``12|ms``, all under the same tags."""
        tagged = ",".join(f"{name}:{text}" for name, text in tags.items())
        lines = [f"advances.{name}:{text}|#{tagged}" for name, text in metrics.items()]
        with suppress(OSError):
            self._socket.sendto("\n".join(lines).encode(), self._address)


_statsd: list[Statsd] = []


def configure(*, is_text: bool, level: int, statsd: tuple[str, int] | None) -> None:
    """Say where records go and which; replace what was said before."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(handler)
    handler = _Handler()
    handler.setFormatter(_Text() if is_text else _Json())
    if is_text:
        # A person is told of a failure in three lines, and not twice.
        handler.addFilter(lambda record: record.levelno < logging.ERROR)
    root.addHandler(handler)
    log.setLevel(level)
    _statsd.clear()
    if statsd:
        try:
            _statsd.append(Statsd(*statsd))
        except OSError as error:
            log.warning("no metrics are sent to %s:%s: %s", *statsd, error)


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Log and measure a step; one that fails stays the step of the run.

    Whoever reports the failure then says in which step it was.
    """
    outer, run["step"] = run.get("step"), name
    mine, started, outcome = Step(name), time.perf_counter(), "failed"
    _open.append(mine)
    log.info("started")
    try:
        yield mine
        outcome = "done"
    finally:
        mine.seconds = time.perf_counter() - started
        _open.remove(mine)
        _tell(mine, outcome)
        if outcome == "done" and outer is not None:
            run["step"] = outer


def count(counts: Mapping[str, float]) -> None:
    """Add numbers to the innermost step that is going on."""
    if _open:
        _open[-1].counts.update(counts)


def _tell(ended: Step, outcome: str) -> None:
    timed = {"step": ended.name, "seconds": round(ended.seconds, 3)}
    log.info(outcome, extra={"fields": {**timed, **ended.counts}})
    told = {**run, "step": ended.name}
    names = ("command", "step", "policy_version")
    tags = {name: told[name].replace(" ", "_") for name in names if name in told}
    for statsd in _statsd:
        gauges = {name: f"{value}|g" for name, value in ended.counts.items()}
        duration = f"{1000 * ended.seconds:.0f}|ms"
        ends = {"step.duration": duration, "step.ended": "1|c"}
        statsd.send({**ends, **gauges}, {**tags, "outcome": outcome})
